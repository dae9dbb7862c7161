"""History: the log as tables that can be searched, beside the data or in PostgreSQL.

    log of every partition ─▶ projection (a process of its own) ─▶ tables ◀─ search (the gateway)

Rows and the position up to which they tell the log are written in one transaction: after a crash nothing
is missing and nothing is told twice. Times are epoch milliseconds, documents JSON text.
"""
