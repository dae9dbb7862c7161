"""The only map from our faults to the status codes of the protocols (reference 2.3)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from remit.base.errors import Overloaded, RejectionType, Unavailable
from remit.protocol.replies import Rejected


class Code(IntEnum):
    """gRPC status codes."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class Problem(NamedTuple):
    """The REST twin of a gRPC status."""

    http: int
    title: str


class Status(Exception):
    """An answer that is no reply: a gRPC status, or a REST problem with the same sentence.

    `problem` where HTTP has a better one than the twin of `code`.
    """

    def __init__(self, code: Code, message: str, problem: Problem | None = None) -> None:
        super().__init__(message)
        self.code = code
        self._problem = problem

    @property
    def problem(self) -> Problem:
        return self._problem or PROBLEMS[self.code]


REJECTIONS = {
    RejectionType.INVALID_ARGUMENT: Code.INVALID_ARGUMENT,
    RejectionType.NOT_FOUND: Code.NOT_FOUND,
    RejectionType.ALREADY_EXISTS: Code.ALREADY_EXISTS,
    RejectionType.INVALID_STATE: Code.FAILED_PRECONDITION,
    RejectionType.PROCESSING_ERROR: Code.INTERNAL,
    RejectionType.UNAUTHORIZED: Code.PERMISSION_DENIED,
    RejectionType.FORBIDDEN: Code.PERMISSION_DENIED,
    RejectionType.EXCEEDED_BATCH_RECORD_SIZE: Code.UNKNOWN,
}

PROBLEMS = {
    Code.CANCELLED: Problem(499, "CANCELLED"),
    Code.INVALID_ARGUMENT: Problem(400, "INVALID_ARGUMENT"),
    Code.NOT_FOUND: Problem(404, "NOT_FOUND"),
    Code.ALREADY_EXISTS: Problem(409, "ALREADY_EXISTS"),
    Code.FAILED_PRECONDITION: Problem(409, "INVALID_STATE"),
    Code.PERMISSION_DENIED: Problem(403, "FORBIDDEN"),
    Code.UNAUTHENTICATED: Problem(401, "Unauthorized"),
    Code.RESOURCE_EXHAUSTED: Problem(503, "RESOURCE_EXHAUSTED"),
    Code.UNAVAILABLE: Problem(503, "UNAVAILABLE"),
    Code.DEADLINE_EXCEEDED: Problem(504, "DEADLINE_EXCEEDED"),
    Code.UNIMPLEMENTED: Problem(501, "UNIMPLEMENTED"),
    Code.INTERNAL: Problem(500, "INTERNAL"),
    Code.UNKNOWN: Problem(500, "UNKNOWN"),
}

assert set(REJECTIONS) == set(RejectionType), "a rejection type without a status code"


def of_rejection(reply: Rejected) -> Status:
    return Status(REJECTIONS[reply.type], reply.text)


def of_fault(fault: BaseException) -> Status:
    """The status of whatever went wrong; what nobody foresaw is INTERNAL, without its insides."""
    if isinstance(fault, Status):
        return fault
    if isinstance(fault, Overloaded):
        return Status(Code.RESOURCE_EXHAUSTED, str(fault))
    if isinstance(fault, Unavailable):
        return Status(Code.UNAVAILABLE, str(fault))
    return Status(
        Code.INTERNAL, "Unexpected error in the gateway; the broker's log has the particulars."
    )
