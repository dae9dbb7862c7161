"""One task with and without a policy, in turn, on one and the same broker.

Instances get their policy as anybody's do: its grant comes in the reserved variable `_policy`, and the
broker binds it. Afterwards the log that this left is audited as it lies on the disk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import load
from benchmarks.brokers import Running, broker, deploy, tasks
from benchmarks.governed import RING, broker_key, order_policy
from remit.audit.verifying import verify
from remit.authority.keys import write_key_ring

ROUNDS = 4
"""Each of both is loaded so often, by turns, so that what else runs weighs on both alike."""

Measure = Callable[..., dict[str, Any]]


class Compared(NamedTuple):
    """The loads without and with a policy, all rounds of each; how many decisions an instance took, and
    how many of them `audit verify` asks again per second of CPU."""

    ungoverned: dict[str, Any]
    governed: dict[str, Any]
    admissions: float
    audited_per_second: float
    records_per_batch: float

    @property
    def more_us(self) -> float:
        """What a policy costs the server, per instance."""
        return float(self.governed["server_us"] - self.ungoverned["server_us"])

    @property
    def ratio(self) -> float:
        return float(self.governed["per_second"] / self.ungoverned["per_second"])


def compare(seconds: float, measure: Measure) -> Compared:
    """`seconds` of load on each, by turns; `measure` takes one round."""
    with TemporaryDirectory(prefix="remit-bench-keys-") as made:
        files = Path(made)
        with broker(*governing(files)) as running:
            deploy(running.grpc, running.data, tasks("one", 1))
            policy = {"policy": str(files / "policy.json")}
            for flags in ({}, policy):
                load.run(running.grpc, seconds=2, process="one", **flags)
            rounds: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
            for _ in range(ROUNDS):
                for found, flags in zip(rounds, ({}, policy), strict=True):
                    found.append(measure(running, seconds=seconds / ROUNDS, process="one", **flags))
            audited = _audit(running)
    return Compared(_together(rounds[0]), _together(rounds[1]), *audited)


def governing(files: Path) -> tuple[str, ...]:
    """The options of a broker that knows the policy's authority."""
    (files / "keys.json").write_bytes(write_key_ring(RING))
    (files / "holder.key").write_text(broker_key.hex())
    (files / "policy.json").write_text(json.dumps([order_policy("orderId", "amount", "done")]))
    return (
        "--policy-keys", str(files / "keys.json"), "--holder-key", f"broker={files / 'holder.key'}",
    )  # fmt: skip


def _together(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """All rounds as one: rates and costs weighed by the instances, the worst of the latencies."""
    completed = sum(each["completed"] for each in rounds)
    weighed = {
        name: sum(each[name] * each["completed"] for each in rounds) / max(1, completed)
        for name in ("server_us", "step_us", "encode_us", "store_us", "generator_share", "p50_ms")
    }
    return {
        **weighed,
        "per_second": completed / sum(each["seconds"] for each in rounds),
        "p99_ms": max(each["p99_ms"] for each in rounds),
        "memory_mib": max(each["memory_mib"] for each in rounds),
    }


def _audit(running: Running) -> tuple[float, float, float]:
    """(decisions per instance, decisions per second of CPU, records per batch) of the log so far."""
    began = time.process_time()
    (report,) = verify(running.data, RING).partitions
    seconds = time.process_time() - began
    assert not report.findings, report.findings[:3]
    per_batch = report.position / report.batches
    return report.decisions / report.instances, report.decisions / seconds, per_batch
