"""Inputs that atheris grows by what code they reach: `python -m fuzz.by_coverage TARGET SECONDS`.

Needs atheris (Apache 2.0). A crash is printed with the input that made it, and kept in `.run/fuzz`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["remit"]):
    from fuzz.targets import DECISION, TARGETS

SEEDS = (
    b'a + b * 2 > 10 and status = "ok"',
    b'for i in [1..3] return {x: i, "y z": i ** 2}.x',
    b'some d in [@"2024-02-29", date("2024-03-31")] satisfies d + @"P1M" > d',
    b'if b instance of list<number> then sort(b, function(p, q) p < q)[1] else "n"',
    b'[1..10), (< 5), not(3, >= "a")',
    b'replace("abc", "(b)", "[$1]") in ("a[b]c", null)',
    DECISION.format(cell="[1..5]").encode(),
    b'{"v":1,"typ":"grant","jti":"x","allow":[{"id":"A","do":["job.complete"]}]}',
)


def main() -> None:
    target, seconds = sys.argv[1], sys.argv[2]
    folder = Path(".run/fuzz") / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (folder / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-max_len=600", "-timeout=20", "-rss_limit_mb=4096"]
    options += [f"-artifact_prefix={folder}-", "-verbosity=1", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(folder)], TARGETS[target])
    atheris.Fuzz()


main()
