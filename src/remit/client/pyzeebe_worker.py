"""The gate as a decorator for pyzeebe, which stays as it is.

    worker = ZeebeWorker(channel, exception_handler=refusing)

    @worker.task(task_type="payment")
    @governed(gate)
    async def pay(amount: int) -> dict: ...

pyzeebe fetches the variables that the handler names, and no others. A handler must give a dictionary or
nothing; `single_value` would leave the receipt no room.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from pyzeebe import Job, JobController
from pyzeebe.errors import BusinessError
from pyzeebe.task.exception_handler import default_exception_handler

from remit.client.gate import Gate, PolicyDenied
from remit.client.work import of_pyzeebe
from remit.protocol.values import POLICY

Handler = Callable[..., Any]


class DeniedWork(PolicyDenied, BusinessError):
    """For pyzeebe a business error: with its own handling of errors it is thrown, too."""

    def __init__(self, denied: PolicyDenied) -> None:
        PolicyDenied.__init__(self, str(denied), denied.reason, denied.variables)


async def refusing(fault: Exception, job: Job, controller: JobController) -> None:
    """An exception handler: what the policy denies is thrown as GOV_DENIED, with the receipt."""
    if isinstance(fault, PolicyDenied):
        await controller.set_error_status(str(fault), fault.error_code, fault.variables)
    else:
        await default_exception_handler(fault, job, controller)


def governed(gate: Gate) -> Callable[[Handler], Callable[..., Awaitable[dict[str, Any]]]]:
    """The handler runs only when the job's policy admits it, and answers with a receipt."""

    def decorate(handler: Handler) -> Callable[..., Awaitable[dict[str, Any]]]:
        signature = inspect.signature(handler)
        wanted = next((n for n, p in signature.parameters.items() if p.annotation == Job), "")
        name = wanted or "_remit_job"

        @functools.wraps(handler)
        async def admitted(**given: Any) -> dict[str, Any]:
            job = given[name] if wanted else given.pop(name)
            given.pop(POLICY, None)
            try:
                permit = gate.admit(of_pyzeebe(job))
                found = await _run(handler, given)
                if permit is None:
                    return found
                return permit.completing(found)
            except PolicyDenied as denied:
                raise DeniedWork(denied) from denied

        admitted.__signature__ = signature if wanted else _with(signature, name)  # type: ignore[attr-defined]
        return admitted

    return decorate


async def _run(handler: Handler, given: dict[str, Any]) -> dict[str, Any]:
    if inspect.iscoroutinefunction(handler):
        found = await handler(**given)
    else:
        found = await asyncio.to_thread(handler, **given)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise TypeError(
            f"a governed handler gives a dictionary of variables or nothing, not {found!r}"
        )
    return found


def _with(signature: inspect.Signature, name: str) -> inspect.Signature:
    """The signature with a parameter for the job, before a `**` one."""
    job = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Job)
    parameters = list(signature.parameters.values())
    at = len(parameters)
    if parameters and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD:
        at -= 1
    return signature.replace(parameters=[*parameters[:at], job, *parameters[at:]])
