"""The table of what governance promises and withstands, made of the names of the tests.

    def test_t6_r22_a_receipt_counts_once(): ...

proves requirement R22 and meets threat T6. `python -m tests.support.governance_table` writes
`docs/reference/governance-rules.md`; a test compares it with what is there. Names are read from the
source: nothing is imported or run.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "governance-rules.md"
WHERE = (
    "tests/authority/test_*.py", "tests/audit/test_*.py", "tests/client/test_*.py",
    "tests/engine/test_governance*.py", "tests/gateway/test_policies*.py", "tests/crash/test_kill.py",
)  # fmt: skip

REQUIREMENTS = {
    "R1": "Every governed instance carries a signed policy; checking it needs only public keys",
    "R2": "A policy speaks of actions, data, who acts, trust and time",
    "R3": "Policies of tenant, process and instance count together, and differ between instances",
    "R4": "The same decision wherever it is made: recorded inputs, no clock, no network",
    "R5": "A policy is never edited: its authority signs a successor, and the log tells of it",
    "R6": "Asked before each effect: jobs, gateways, flows, variables, calls, messages, events, tasks",
    "R7": "What no clause allows is denied, and a denial leaves no effect",
    "R8": "A decision names the deciding clause of each block, and what it has read",
    "R9": "The policy goes with the job: the worker asks before its handler runs",
    "R10": "Models and workers stay as they are; without a policy nothing changes",
    "R11": "What the worker decided reaches the log",
    "R12": "The broker asks in its own steps, too; an admission stands right before its effect",
    "R13": "Governance records come in the same log, order and exporters",
    "R14": "Sub-processes are under the same policy",
    "R15": "A called process carries what its caller's policy leaves, and can never do more",
    "R16": "A message is admitted by its sender's policy and by its receiver's",
    "R17": "A policy survives restart and migration",
    "R18": "The slope of trust is recorded on the instance",
    "R19": "It is asked again at each step",
    "R20": "A step beyond the policy's bounds of trust is rejected before it happens",
    "R21": "A rejection is a record of its own",
    "R22": "Nothing raises trust but a signed statement of somebody whom the policy names",
    "R23": "The log says for each step what was done and under which authority",
    "R24": "That no step lacks its admission can be proven",
    "R25": "Third parties notice when the log is changed",
    "R26": "Decisions are made again from the log alone",
    "R27": "A step costs the same however many instances there are; partitions share nothing",
    "R28": "A hostile policy costs no more than the limits say",
}
THREATS = {
    "T1": ("the policy is stripped or overwritten by variables", "prevented"),
    "T2": ("a worker echoes the reserved variable unchanged", "accepted, nothing is written"),
    "T3": ("an instance begins without a policy, or under another tenant's", "prevented"),
    "T4": ("trailing derivations are dropped", "prevented"),
    "T5": ("blocks are spliced or reordered", "prevented"),
    "T6": ("a chain, a receipt or a statement is replayed", "prevented"),
    "T7": ("a child widens its parent's policy", "prevented"),
    "T8": ("forged tokens and tricks of their encoding", "prevented"),
    "T9": ("a worker lies about its name or level", "prevented"),
    "T10": ("somebody else than the activator completes a job", "prevented where a duty says so"),
    "T11": ("a worker leaves its gate out", "prevented: the broker asks as well"),
    "T12": ("worker and broker decide differently", "deny wins, and is logged"),
    "T13": ("an operator goes around the policy, by command or on the disk", "command: prevented, also "
            "with the glass broken, where no clause asks about that; disk: detected"),
    "T14": ("a broker runs without its evaluator", "detected"),
    "T15": ("the log is changed, cut, reordered or written anew", "detected; a rewrite of everything "
            "with the broker's own keys only by a checkpoint kept elsewhere"),
    "T16": ("two stories of one log", "detected, with a proof"),
    "T17": ("clocks that differ or go back", "prevented"),
    "T18": ("a policy expires on the way", "an incident, renewed by a successor"),
    "T19": ("grants and keys that are revoked; old lists", "prevented"),
    "T20": ("keys rotate while instances run", "goes on"),
    "T21": ("a message of low trust starts something privileged", "prevented"),
    "T22": ("a message start with a forged or weak sender", "prevented"),
    "T23": ("a sender that is revoked before its message is taken", "prevented"),
    "T24": ("data of low trust are laundered", "prevented"),
    "T25": ("forks, joins and loops are used to raise trust", "prevented"),
    "T26": ("policies that are too large", "prevented"),
    "T27": ("a flood of rejections", "told once"),
    "T28": ("values of another type", "prevented"),
    "T29": ("more variables are read than permitted", "prevented"),
    "T30": ("a condition reads what may not be read", "prevented"),
    "T31": ("renewal and revocation race with steps", "prevented"),
    "T32": ("the log is replayed with other keys or code", "what was decided stays decided"),
}  # fmt: skip

HEAD = """# Rules of governance, each with its proof

What [governing instances](../authority.md) promises (R) and withstands (T), with the tests that show it.
Generated from the names of the tests by `python -m tests.support.governance_table`.
"""


def proofs() -> dict[str, list[tuple[str, str]]]:
    """By rule: (module, test), in order."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    paths = sorted(path for pattern in WHERE for path in ROOT.glob(pattern))
    for path in paths:
        module = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                rules = re.match(r"test((?:_[rt]\d+)+)_", node.name)
                for rule in rules.group(1).strip("_").split("_") if rules else ():
                    found[rule.upper()].append((module, node.name))
    return found


def table() -> str:
    """The page as it should be."""
    found = proofs()
    lines = [HEAD, "## What is promised\n", "| | requirement | proved by |", "| --- | --- | --- |"]
    lines += [f"| {rule} | {text} | {_links(found[rule])} |" for rule, text in REQUIREMENTS.items()]
    lines += ["", "## What is withstood\n", "| | attack | outcome | shown by |"]
    lines.append("| --- | --- | --- | --- |")
    for threat, (attack, outcome) in THREATS.items():
        lines.append(f"| {threat} | {attack} | {outcome} | {_links(found[threat])} |")
    return "\n".join(lines) + "\n"


def _links(tests: list[tuple[str, str]]) -> str:
    return ", ".join(
        f"[{re.sub(r'^test(_[rt][0-9]+)+_', '', test).replace('_', ' ')}](../../{module})"
        for module, test in tests
    )


if __name__ == "__main__":
    PAGE.write_text(table())
