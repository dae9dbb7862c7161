"""A plain worker over the REST API: takes jobs of one type, asks the gate, runs a handler, answers.

    worker = RestWorker("http://127.0.0.1:8080", "payment", pay, gate)
    while True:
        worker.run_once()

Synchronous and without dependencies: for a loop of one's own, or as an example for other languages.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from remit.client.gate import Gate, Permit, PolicyDenied
from remit.client.work import Work, of_rest
from remit.protocol.values import POLICY

Handler = Callable[[dict[str, Any]], Mapping[str, Any] | None]


class BpmnError(Exception):
    """Raised by a handler: a business error of the model, caught by its boundary events."""

    def __init__(self, code: str, message: str = "", **variables: Any) -> None:
        super().__init__(message or code)
        self.code = code
        self.variables = variables


class RestWorker:
    """`handler` gets the variables of a job and gives those to complete it with.

    `authorization` is the header's value, such as "Bearer …"; times are milliseconds.
    """

    def __init__(
        self,
        address: str,
        job_type: str,
        handler: Handler,
        gate: Gate,
        *,
        name: str = "remit-rest-worker",
        authorization: str = "",
        timeout: int = 60_000,
        poll: int = 10_000,
    ) -> None:
        self._address = address.rstrip("/")
        self._handler = handler
        self._gate = gate
        self._headers = {"Content-Type": "application/json"}
        if authorization:
            self._headers["Authorization"] = authorization
        self._request = {
            "type": job_type, "worker": name, "timeout": timeout, "maxJobsToActivate": 1,
            "requestTimeout": poll,
        }  # fmt: skip
        self._patience = poll / 1000 + 30

    def run_once(self) -> int:
        """Take what is there and work on it; returns how many jobs that were.

        Raises `urllib.error.HTTPError` for what the broker refuses.
        """
        found = self._post("/v2/jobs/activation", self._request)["jobs"]
        for job in found:
            self._work(of_rest(job))
        return len(found)

    def _work(self, work: Work) -> None:
        try:
            permit = self._gate.admit(work)
            self._answer(work, permit)
        except PolicyDenied as denied:
            self._tell(work, "error", errorCode=denied.error_code, errorMessage=str(denied),
                       variables=denied.variables)  # fmt: skip

    def _answer(self, work: Work, permit: Permit | None) -> None:
        seen = {name: value for name, value in work.variables.items() if name != POLICY}
        try:
            found = dict(self._handler(seen) or {})
        except BpmnError as fault:
            given = permit.throwing(fault.code, fault.variables) if permit else fault.variables
            self._tell(work, "error", errorCode=fault.code, errorMessage=str(fault),
                       variables=given)  # fmt: skip
            return
        except Exception as fault:
            given = permit.failing({}) if permit else {}
            self._tell(work, "failure", retries=work.retries - 1, errorMessage=str(fault),
                       variables=given)  # fmt: skip
            return
        self._tell(work, "completion", variables=permit.completing(found) if permit else found)

    def _tell(self, work: Work, what: str, **said: object) -> None:
        self._post(f"/v2/jobs/{work.key}/{what}", said)

    def _post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        request = urllib.request.Request(
            self._address + path, json.dumps(body).encode(), self._headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=self._patience) as answer:
            content = answer.read()
        found: dict[str, Any] = json.loads(content) if content else {}
        return found
