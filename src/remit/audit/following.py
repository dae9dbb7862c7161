"""Sealing at work: a process beside the broker that signs its logs.

python -m remit.audit.following DATA PARTITIONS AUDIT_KEY
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path

import apsw

from remit.audit.sealing import Forked, Sealer
from remit.base.errors import Unavailable
from remit.partition.keys import read_signer
from remit.partition.log import ChainBroken

PAUSE_SECONDS = 0.1

log = logging.getLogger("remit.audit")


def _follow(sealer: Sealer) -> bool:
    """False when there is nothing, or when the log can't be read just now."""
    try:
        return sealer.follow()
    except apsw.Error:
        return False


def main(data: str, partitions: str, audit_key: str) -> None:
    """Follow until SIGTERM, or until the process that started this one is gone; then sign the rest."""
    folder = Path(data)
    cluster = (folder / "cluster-id").read_text().strip()
    signer = read_signer(audit_key)
    sealers = [Sealer(folder, n, cluster, signer) for n in range(1, int(partitions) + 1)]
    parent = os.getppid()
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    while True:
        last_round = bool(stopping) or os.getppid() != parent
        try:
            told = [_follow(sealer) for sealer in sealers]
            moved = any(told)
        except (Forked, ChainBroken) as fault:
            log.error("the log is not signed any more", extra={"reason": str(fault)})
            sys.exit(1)
        if last_round and not moved:
            break
        if not moved:
            time.sleep(PAUSE_SECONDS)
    for sealer in sealers:
        sealer.sign()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, Unavailable) as fault:
        log.error("the log can't be signed", extra={"reason": str(fault)})
        sys.exit(1)
