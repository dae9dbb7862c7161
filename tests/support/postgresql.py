"""A PostgreSQL server for tests: found on the machine, or installed with apt-get where that may be done.

It runs on a free port of 127.0.0.1 in a folder of its own, and ends with the tests.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

INSTALL_SECONDS = 120


class NoPostgresql(Exception):
    """A sentence: why there is none."""


def programs() -> Path:
    """The folder with `initdb` and `postgres`; raises `NoPostgresql`."""
    found = _installed()
    if found is None and os.environ.get("REMIT_INSTALL_POSTGRESQL") and os.geteuid() == 0:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                ["apt-get", "install", "-y", "-q", "postgresql"],
                check=True, capture_output=True, timeout=INSTALL_SECONDS,
            )  # fmt: skip
        found = _installed()
    if found is None:
        raise NoPostgresql(
            "PostgreSQL is not installed: apt-get install postgresql, or set "
            "REMIT_INSTALL_POSTGRESQL=1 and let the tests do it"
        )
    return found


def _installed() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    known = shutil.which("initdb")
    if known is not None:
        folders.append(Path(known).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database; raises `NoPostgresql`."""
    where = programs()
    with tempfile.TemporaryDirectory(prefix="remit-postgresql-") as folder:
        data = Path(folder) / "data"
        become = _somebody_else(folder)
        initdb = ["-D", str(data), "-U", "remit", "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(
            [*become, str(where / "initdb"), *initdb],
            capture_output=True, text=True, cwd=folder, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NoPostgresql(f"initdb failed: {done.stderr.strip()}")
        port = _free_port()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        control = [*become, str(where / "pg_ctl"), "-D", str(data), "-w"]
        log = Path(folder) / "log"
        started = subprocess.run(
            [*control, "-l", str(log), "-o", options, "start"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, check=False,
        )  # fmt: skip
        if started.returncode:
            raise NoPostgresql(f"PostgreSQL did not start: {log.read_text()[-500:]}")
        try:
            yield f"postgresql+psycopg://remit@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], capture_output=True, cwd=folder, check=False
            )


def _somebody_else(folder: str) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as the user `postgres`."""
    if os.geteuid() != 0:
        return []
    try:
        shutil.chown(folder, "postgres", "postgres")
    except LookupError as fault:
        raise NoPostgresql("there is no user 'postgres' to run it, and root may not") from fault
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
