"""Readers of the log: they see every record once it is durable, in order, at least once."""
