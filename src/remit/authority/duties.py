"""Duties: what has to be true beside the permission, such as a second pair of eyes.

    receipt             the worker's signed receipt was verified        (fact receipt)
    actor!=initiator    whoever acts did not start the instance         (actor, initiator)
    actor=activator     whoever completes is who took the job           (actorIsActivator)
    four-eyes           whoever acts has completed no other user task   (actor, priorActors)

A fact that is missing means that the duty is not fulfilled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Facts = Mapping[str, object]


def has_receipt(facts: Facts) -> bool:
    return facts.get("receipt") is True


def actor_is_not_initiator(facts: Facts) -> bool:
    actor, initiator = facts.get("actor"), facts.get("initiator")
    return _is_name(actor) and _is_name(initiator) and actor != initiator


def actor_is_activator(facts: Facts) -> bool:
    return facts.get("actorIsActivator") is True


def actor_is_another(facts: Facts) -> bool:
    actor, others = facts.get("actor"), facts.get("priorActors")
    known = isinstance(others, list | tuple | set | frozenset)
    return _is_name(actor) and known and actor not in others  # type: ignore[operator]


def count_actor(acted: dict[str, int], actor: str, task: int) -> None:
    """Somebody completes this user task: `acted` has the task of each who did, -1 for several."""
    acted[actor] = task if acted.get(actor, task) == task else _SEVERAL


def prior_actors(acted: Mapping[str, int], task: int) -> list[str]:
    """Who has completed other user tasks than this one, sorted: the fact of that name."""
    return sorted(actor for actor, other in acted.items() if other != task)


_SEVERAL = -1


def _is_name(value: object) -> bool:
    return value.__class__ is str and value != ""


DUTIES: dict[str, tuple[Callable[[Facts], bool], tuple[str, ...]]] = {
    "receipt": (has_receipt, ("receipt",)),
    "actor!=initiator": (actor_is_not_initiator, ("actor", "initiator")),
    "actor=activator": (actor_is_activator, ("actorIsActivator",)),
    "four-eyes": (actor_is_another, ("actor", "priorActors")),
}
"""By name: the test, and the facts it reads; an action must have them all."""
