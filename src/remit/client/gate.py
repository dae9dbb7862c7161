"""The gate: asks the policy of a job before a handler runs, and again before its answer is sent.

    admit(work) ──▶ limits, signatures, links ──▶ bound to this very instance ──▶ job.activate admitted?
       │                                                                              │
    no policy: None                                                 Permit ◀──────────┴──▶ PolicyDenied
       completing / throwing / failing: job.complete, job.error, job.fail, each with a signed receipt

The decision is the broker's own code over the same facts, so both agree or somebody lies. Facts that the
policy does not let this worker read do not come with the job: where a clause asks about one, the gate
leaves the answer to the broker. The handler runs, the receipt says so, and the broker decides with all
facts before anything takes effect. Keys and revocations come from the worker's owner, not with the job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from remit.authority import (
    Authority,
    AuthorityFault,
    Decision,
    Hop,
    KeyRing,
    Revocations,
    Signer,
    Slope,
    compile_chain,
    verify_chain,
)
from remit.authority.partial import Left, admit_partly
from remit.authority.receipt import TOLERANCE_MS, write_receipt
from remit.authority.vocabulary import value_types
from remit.client.work import Step, Work
from remit.protocol.values import ASKED, POLICY, RECEIPT, STEP_HEADER

DENIED = "GOV_DENIED"
"""The BPMN error that a worker throws for work that the policy denies."""


class PolicyDenied(Exception):
    """The policy denies this work; the handler has not run, or its answer is not sent.

    `variables` is what to send along with the error: the signed receipt of the denial.
    """

    def __init__(self, message: str, reason: str, variables: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.error_code = DENIED
        self.reason = reason
        self.variables = dict(variables)


class Gate:
    """What a worker trusts (`ring`, `revocations`) and signs its receipts with (`signer`, if any).

    `insists`: a job without a policy is denied as well. `clock` gives epoch milliseconds.
    """

    def __init__(
        self,
        ring: KeyRing,
        signer: Signer | None = None,
        *,
        revocations: Sequence[Revocations] = (),
        insists: bool = False,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.ring = ring
        self.signer = signer
        self.revocations = tuple(revocations)
        self.insists = insists
        self.clock = clock

    def admit(self, work: Work) -> Permit | None:
        """A permit for the handler to run; None where there is no policy. Raises `PolicyDenied`."""
        try:
            tokens = work.tokens
            if not tokens:
                if self.insists:
                    raise PolicyDenied(f"job {work.key} comes without a policy", "$ungoverned", {})
                return None
            chain = verify_chain(tokens, self.ring)
            chain.check_runs(work.tenant, work.process, work.version, str(work.instance))
            authority = compile_chain(chain, self.revocations)
            step = msgspec.json.decode(work.headers.get(STEP_HEADER, ""), type=Step)
            slope = msgspec.convert(step.slope, Slope)
        except (AuthorityFault, msgspec.DecodeError, TypeError) as fault:
            raise PolicyDenied(
                f"the policy of job {work.key} is not to be trusted: {fault}", "$policy", {}
            ) from fault
        permit = Permit(self, work, authority, step, slope)
        permit.ask("job.activate", {}, **_HANDED)
        return permit


_HANDED: dict[str, object] = {"varNames": ()}
"""What the broker asks with when it hands out a job."""


class Permit:
    """The handler may run. Its answer is asked about as well, and goes with a receipt."""

    def __init__(
        self, gate: Gate, work: Work, authority: Authority, step: Step, slope: Slope
    ) -> None:
        self.work = work
        self._gate = gate
        self._authority = authority
        self._step = step
        self._slope = slope

    def completing(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What to complete the job with: the variables and the receipt. Raises `PolicyDenied`."""
        self._write(variables)
        return self.ask("job.complete", variables)

    def throwing(self, code: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What to throw the BPMN error `code` with. Raises `PolicyDenied`."""
        self._write(variables)
        return self.ask("job.error", variables, errorCode=code)

    def failing(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What to fail the job with. Raises `PolicyDenied`."""
        self._write(variables)
        return self.ask("job.fail", variables)

    def _write(self, variables: Mapping[str, Any]) -> None:
        """The answer's variables may be written; raises `PolicyDenied`."""
        given = {name: each for name, each in variables.items() if name not in (POLICY, RECEIPT)}
        if given:
            self.ask("var.write", given, valueTypes=value_types(given))

    def ask(self, action: str, variables: Mapping[str, Any], **more: object) -> dict[str, Any]:
        """The variables with the receipt for `action`. Raises `PolicyDenied`."""
        given = {name: each for name, each in variables.items() if name not in (POLICY, RECEIPT)}
        facts = self._facts(action, given, more)
        decision = self._decide(action, facts)
        sent = {**given, **self._receipt(action, facts, decision)}
        if isinstance(decision, Decision) and not decision.admitted:
            asked = {"varNames": sorted(given), **more}
            receipt = {RECEIPT: sent[RECEIPT], ASKED: asked} if RECEIPT in sent else {}
            clause = decision.clauses[-1] if decision.clauses else decision.reason
            raise PolicyDenied(
                f"{action} of job {self.work.key} at element '{self.work.element}' is denied by its "
                f"policy: clause '{clause}' ({decision.reason})",
                decision.reason,
                receipt,
            )
        return sent

    def _facts(
        self, action: str, variables: Mapping[str, Any], more: Mapping[str, object]
    ) -> dict[str, object]:
        """What the policy asks about: as the broker told, but for what the worker sees itself."""
        work = self.work
        seen = {f"var.{name}": value for name, value in work.variables.items()}
        facts = {
            **self._step.facts,
            **seen,
            "tenant": work.tenant,
            "process": work.process,
            "version": work.version,
            "instance": str(work.instance),
            "elementId": work.element,
            "jobType": work.type,
            "jobKey": str(work.key),
            "retries": work.retries,
            "varNames": tuple(variables),
            "scope": work.element,
            "source": "job",
            "receipt": self._gate.signer is not None,
            "actorIsActivator": True,
            "initiator": self._authority.chain.initiator.actor,
            **more,
        }
        asked = self._authority.referenced(action)
        withheld = self._step.withheld
        return {
            name: facts[name]
            for name in asked
            if name not in withheld and facts.get(name) is not None
        }

    def _decide(self, action: str, facts: Mapping[str, object]) -> Decision | Left:
        """At this time; clocks that differ a little from the broker's make no denial (T17)."""
        step, now = self._step, self._gate.clock()
        hop = Hop(step.actor, "worker", step.method, step.domain)
        for moment in (now, now - TOLERANCE_MS, now + TOLERANCE_MS):
            answer = admit_partly(
                self._authority, action, facts, step.withheld, self._slope, moment, hop
            )
            if isinstance(answer, Left) or answer.reason != "$validity":
                break
        return answer

    def _receipt(
        self, action: str, facts: Mapping[str, object], decision: Decision | Left
    ) -> dict[str, str]:
        signer = self._gate.signer
        if signer is None:
            return {}
        token = write_receipt(
            self._authority, action, facts, decision, signer, job=str(self.work.key),
            head=self._slope.head, nonce=self._slope.head, now_ms=self._gate.clock(),
        )  # fmt: skip
        return {RECEIPT: token}
