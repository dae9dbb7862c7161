"""Audit: what a log proves about the authority under which each step was taken.

    files ──▶ reading ──▶ story: turns → what the auditor is fed ──▶ verifying: findings
                │            └ effects: which step needs which admission
                ├──▶ explaining: one instance, step by step
                ├──▶ proving: one turn is in the signed log
                └──▶ sealing, following: signed checkpoints, written beside a running broker

Reads files only: the data folder of a broker, or what was exported of it. Nothing is asked of a
broker, and nobody's word is taken but that of the public keys.
"""
