"""The policy that an instance carries, at work: its compiled chain, kept in memory with whose it is.

What comes from the disk is verified again before it is asked.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec.structs import replace

from remit.authority import Authority, KeyRing, Slope, VerifiedChain, compile_chain, verify_chain
from remit.authority.revocation import Revocations, read_revocations
from remit.engine.governance.governor import governor_of, signed_blocks
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.engine.state.state import State
from remit.protocol.values import NONE_KEY, Document, ProcessDefinition

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Slope).decode
_slopes: dict[bytes, Slope] = {}

SLOPES = 8192
"""Slopes kept in memory: the same one is asked on many times."""


@lru_cache(maxsize=SLOPES)
def encode_slope(slope: Slope) -> bytes:
    """As rows and events have it."""
    content = _encode(slope)
    _remember_slope(content, slope)
    return content


def decode_slope(content: bytes) -> Slope:
    """What `encode_slope` was given."""
    found = _slopes.get(content)
    if found is None:
        found = _decode(content)
        _remember_slope(content, found)
    return found


def _remember_slope(content: bytes, slope: Slope) -> None:
    if len(_slopes) >= SLOPES:
        _slopes.clear()
    _slopes[content] = slope


def governed_row(run: Run, element: ElementInstance | None) -> Governed | None:
    """The policy that an element's instance carries; None when nothing governs it."""
    if element is None or element.is_ungoverned:
        return None
    return run.state.governed.rows.get(element.instance)


class Carried(msgspec.Struct, frozen=True):
    """A policy at work: its compiled chain, and the facts of the instance that it was found to be for.

    `instance` and `definition` are those of the element whose facts were looked up; `is_known`: the
    chain is for it.
    """

    authority: Authority
    instance: int = NONE_KEY
    definition: int = NONE_KEY
    subject: Document = {}
    is_known: bool = False


def authority_of(run: Run, row: Governed) -> Authority:
    """The compiled chain: verified again when it comes from disk."""
    return _carried(run, row).authority


def signed_chain(run: Run, row: Governed) -> VerifiedChain:
    """The same chain, as others may see it."""
    chain, blocks = authority_of(run, row).chain, signed_blocks(run, row)
    if chain.tokens == blocks:
        return chain
    return VerifiedChain((*chain.blocks[:-1], replace(chain.blocks[-1], token=blocks[-1])))


def remember_authority(
    run: Run, authority: Authority, element: ElementInstance, definition: ProcessDefinition
) -> None:
    """A chain that was made here for the instance `element`, and compiled under what is revoked now."""
    _remember(run, _in_person_of(authority, element, definition))


def _carried(run: Run, row: Governed) -> Carried:
    found: Carried | None = run.state.authority_cache.get(_name(run.state, row.policy))
    if found is None:
        chain = verify_chain(signed_blocks(run, row), governor_of(run).ring)
        found = _remember(run, Carried(compile_chain(chain, known_revocations(run))))
    return found


def _remember(run: Run, carried: Carried) -> Carried:
    cache = run.state.authority_cache
    if len(cache) >= AUTHORITIES:
        cache.clear()
    cache[_name(run.state, carried.authority.chain.hash)] = carried
    return carried


def at_hand(state: State, row: Governed, element: ElementInstance) -> Carried | None:
    """The policy of an instance, if it is in memory with the facts of that instance."""
    name = _name(state, row.policy) if state.revocations.rows else row.policy
    carried: Carried | None = state.authority_cache.get(name)
    if carried is None or carried.instance != element.instance:
        return None
    return carried if carried.definition == element.definition else None


def in_person(run: Run, row: Governed, element: ElementInstance) -> Carried:
    """The same, looked up where it is not in memory."""
    definition = run.definition(element.definition).row
    found = _in_person_of(_carried(run, row).authority, element, definition)
    return _remember(run, found) if found.is_known else found


def _in_person_of(
    authority: Authority, element: ElementInstance, definition: ProcessDefinition
) -> Carried:
    subject: Document = {
        "tenant": element.tenant,
        "process": definition.process_id,
        "version": definition.version,
        "instance": str(element.instance),
    }
    if not authority.is_subject(subject):
        return Carried(authority, subject=subject)
    return Carried(authority, element.instance, element.definition, subject, True)


def _name(state: State, policy: str) -> object:
    """Lists of revocations are compiled in: with others it is another authority."""
    lists = state.revocations.rows
    return (policy, *(each.token for each in lists.values())) if lists else policy


@lru_cache(maxsize=64)
def revocations(ring: KeyRing, lists: tuple[str, ...]) -> tuple[Revocations, ...]:
    """Signed lists that were checked when they came."""
    return tuple(read_revocations(token, ring) for token in lists)


def known_revocations(run: Run) -> tuple[Revocations, ...]:
    """What is revoked now, by all issuers."""
    rows = run.state.revocations.rows
    if not rows:
        return ()
    return revocations(governor_of(run).ring, tuple(each.token for each in rows.values()))


AUTHORITIES = 20_000
"""Compiled chains kept in memory."""
