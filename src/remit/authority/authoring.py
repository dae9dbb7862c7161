"""The friendly form: a policy as YAML that a compliance officer can read, and its way to a grant.

    policy: order-fulfilment
    issuer: https://policy.acme.example
    revision: 7
    valid: {from: 2026-01-01, to: 2027-01-01}
    for: {tenant: acme, processes: [order-fulfilment], versions: {from: 3}}
    holders: [broker-eu-1]
    delegations: 3
    allow:
      - id: A1
        actions: [job.activate, job.complete]
        when:
          jobType: [payment, shipping]          # one of these
          var.amount: {at most: 10000}
        why: Payments and shipping are what this process is for.

In `when`, a single value means `is`, a list `one of`; a mapping names the operators. Numbers are
whole. The text is read without YAML's traps (`plain_yaml`): Norway's `no` is text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field

from remit.authority import canon, limits, policy
from remit.authority.duties import DUTIES
from remit.authority.errors import BadForm, Malformed, PolicyError
from remit.authority.plain_yaml import line_of, load_yaml, plain
from remit.authority.policy import (
    Clause,
    Denial,
    Duty,
    Grant,
    Holder,
    Operand,
    Reanchor,
    SlopeRules,
    Subject,
)
from remit.authority.rules import CompiledRules, compile_rules, former_facts
from remit.authority.slope import HopKind
from remit.authority.vocabulary import closest

OPERATORS = {
    "is": "eq",
    "one of": "in",
    "none of": "nin",
    "at least": "min",
    "at most": "max",
    "starts with": "prefix",
    "only": "sub",
    "all of": "sup",
    "any of": "any",
}
"""What the form calls an operator, and what a grant calls it."""

Name = Annotated[str, Meta(min_length=1, max_length=limits.STRING_LENGTH)]
Whole = Annotated[int, Meta(ge=0, le=limits.INTEGER)]
Trust = Annotated[int, Meta(ge=0, le=limits.TRUST)]
Value = str | int | bool
Condition = Value | list[Value] | dict[str, Value | list[Value]]


class _Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the form; unknown words are refused."""


class ClauseForm(_Form, frozen=True, kw_only=True):
    id: str
    actions: list[str]
    when: dict[str, Condition] = {}
    why: str = ""


class DutyForm(ClauseForm, frozen=True, kw_only=True):
    needs: list[Literal["receipt", "actor!=initiator", "actor=activator", "four-eyes"]]


class Versions(_Form, frozen=True, kw_only=True):
    low: Whole | None = field(name="from", default=None)
    high: Whole | None = field(name="to", default=None)


class SubjectForm(_Form, frozen=True, kw_only=True):
    tenant: Name
    processes: Annotated[list[Name], Meta(min_length=1)] | Literal["any"]
    versions: Versions = Versions()


class Validity(_Form, frozen=True, kw_only=True):
    """ISO 8601 dates (midnight UTC) or times."""

    start: str = field(name="from")
    end: str = field(name="to")


class ReanchorForm(_Form, frozen=True, kw_only=True):
    by: Annotated[list[Name], Meta(min_length=1)]
    to: Trust


class TrustForm(_Form, frozen=True, kw_only=True):
    """The trust slope; see docs/authority for what the words mean."""

    floor: Trust = 0
    floors: dict[str, Trust] = {}
    max_depth: Annotated[int, Meta(ge=1, le=limits.INTEGER)] | None = field(
        name="longest delegation", default=None
    )
    max_step_drop: Trust | None = field(name="largest drop", default=None)
    max_xdom: Whole | None = field(name="domains crossed", default=None)
    decay: dict[str, Trust] = {}
    levels: dict[str, Trust] = {}
    caps: dict[str, Trust] = {}
    reanchor: ReanchorForm | None = None


class AuditForm(_Form, frozen=True, kw_only=True):
    record: list[str] = []
    personal: list[str] = []


class PolicyForm(_Form, frozen=True, kw_only=True):
    """A whole policy in the friendly form."""

    policy: Name
    issuer: Name
    revision: Whole
    valid: Validity
    subject: SubjectForm = field(name="for")
    holders: Annotated[list[Name], Meta(min_length=1)]
    delegations: Annotated[int, Meta(ge=0, le=limits.CHAIN_BLOCKS)] = 0
    allow: list[ClauseForm]
    deny: list[ClauseForm] = []
    duties: list[DutyForm] = []
    trust: TrustForm | None = None
    on_denial: dict[str, Denial] = field(name="on denial", default={})
    audit: AuditForm = AuditForm()
    fresh: list[str] = []


def read_form(text: str) -> PolicyForm:
    """The form in a YAML text. Raises BadForm with what is wrong and where."""
    try:
        found = load_yaml(text)
        if not isinstance(found, dict):
            raise BadForm(
                "this is no policy: it begins with `policy: NAME` (see `remit policy new`)"
            )
        form = msgspec.convert(found, PolicyForm, strict=True)
    except (msgspec.ValidationError, ValueError) as fault:
        raise BadForm(helpful(str(fault), text, _FORMS)) from None
    versions = form.subject.versions
    if versions.low is not None and versions.high is not None and versions.low > versions.high:
        line = line_of(text, ["for", "versions"])
        raise BadForm(f"line {line}: no version is from {versions.low} to {versions.high}")
    return form


def helpful(message: str, text: str, forms: Mapping[tuple[str, ...], type[Struct]]) -> str:
    """A validation message with its line, and what there is instead of an unknown word.

    `forms` are the parts of what is read, by where they stand.
    """
    said, _, where = message.partition(" - at `$")
    path = [int(n) if n else name for n, name in re.findall(r"\[(\d+)\]|\.?([^.\[\]`]+)", where)]
    hint = ""
    if "unknown field" in said:
        word = said.split("`")[1]
        known = list(forms[_kind(path)].__struct_encode_fields__)
        hint = closest(word, known) or f"; there are {', '.join(known)}"
        path.append(word)
    elif "Invalid enum" in said:
        kind = _kind(path)
        hint = next(
            (each for at, each in _CHOICES.items() if at in (kind[: len(at)], kind[-len(at) :])), ""
        )
    named = "" if "unknown field" in said else next(reversed(_kind(path)), "this")
    return f"line {line_of(text, path)}: {_in_words(said, named)}{hint}"


def _in_words(said: str, named: str) -> str:
    """What the reader says of a value, in the words of whoever wrote it.

    >>> _in_words("Expected `int`, got `str`", "revision")
    'revision takes a whole number, not text'
    """
    types = re.fullmatch(r"Expected `([^`]+)`, got `(\w+)`", said)
    if types:
        taken = " or ".join(_TYPES.get(each, each) for each in types[1].split(" | "))
        return f"{named} takes {taken}, not {_TYPES.get(types[2], types[2])}"
    if said.endswith("of length >= 1"):
        return f"{named} is empty"
    if "of length <= " in said:
        return f"{named} is longer than {said.rpartition(' ')[2]}"
    bound = re.fullmatch(r"Expected `\w+` ([<>]=) (\d+)", said)
    if bound:
        return f"{named} is {bound[2]} or {'more' if bound[1] == '>=' else 'less'}"
    if said.startswith("Object missing required field"):
        return f"{said.split('`')[1]} is missing"
    return said.replace("Invalid enum value", f"{named} can't be") if named else said


_TYPES = {
    "int": "a whole number", "float": "a number with a fraction", "str": "text", "array": "a list",
    "object": "a mapping", "bool": "true or false", "null": "nothing",
}  # fmt: skip


_CHOICES: dict[tuple[str, ...], str] = {
    ("for", "processes"): ": write a list of process ids, or any",
    ("on denial",): f"; there are {', '.join(get_args(Denial))}",
    ("duties", "needs"): f"; there are {', '.join(DUTIES)}",
    ("expect",): "; there are admit, deny",
    ("hop", "kind"): f"; there are {', '.join(get_args(HopKind))}",
    ("slope", "kind"): f"; there are {', '.join(get_args(HopKind))}",
}
"""By where it stands: what there is instead of a word that there is not."""


def _kind(path: Sequence[str | int]) -> tuple[str, ...]:
    """Where in the form a path leads, whichever item of a list it is."""
    return tuple(step for step in path if isinstance(step, str))


_FORMS: dict[tuple[str, ...], type[Struct]] = {
    (): PolicyForm,
    ("allow",): ClauseForm,
    ("deny",): ClauseForm,
    ("duties",): DutyForm,
    ("for",): SubjectForm,
    ("for", "versions"): Versions,
    ("valid",): Validity,
    ("trust",): TrustForm,
    ("trust", "reanchor"): ReanchorForm,
    ("audit",): AuditForm,
}
"""By where it stands: the part of the form."""


def to_grant(form: PolicyForm, *, now: int) -> Grant:
    """The grant that the form means, issued at second `now`.

    Raises BadForm for an unknown operator and PolicyError for words that the vocabulary lacks.
    """
    versions = form.subject.versions
    grant = Grant(
        v=1,
        typ="grant",
        jti=form.policy,
        iss=form.issuer,
        rev=form.revision,
        iat=now,
        nbf=seconds(form.valid.start),
        exp=seconds(form.valid.end),
        sub=Subject(
            tenant=form.subject.tenant,
            process=None if form.subject.processes == "any" else tuple(form.subject.processes),
            ver=(versions.low, versions.high),
        ),
        cnf=Holder(kids=tuple(form.holders)),
        allow=tuple(_clause(each) for each in form.allow),
        deny=tuple(_clause(each) for each in form.deny),
        duty=tuple(_duty(each) for each in form.duties),
        slope=_slope(form.trust),
        on_deny=form.on_denial,
        audit=policy.Audit(ctx=tuple(form.audit.record), pii=tuple(form.audit.personal)),
        fresh=tuple(form.fresh),
        del_max_depth=form.delegations,
    )
    check_grant(grant)
    return grant


def check_grant(grant: Grant) -> CompiledRules:
    """Raises BadForm for what no reader of the grant would accept, PolicyError for its clauses."""
    if not grant.nbf < grant.exp:
        raise BadForm("valid: to must be after from")
    try:
        policy.check_clauses(grant)
        result = compile_rules(grant)
        for clause, why in former_facts(grant):
            raise PolicyError(clause.id, why)
    except Malformed as fault:
        raise BadForm(str(fault)) from None
    except PolicyError as fault:
        said = str(fault).removeprefix(f"clause {fault.clause}: ")
        raise PolicyError(fault.clause, _OPERATOR.sub(_as_written, said)) from None
    _check_size(grant)
    return result


def _check_size(grant: Grant) -> None:
    """Raises BadForm for a grant that is too large for any reader."""
    content = canon.encode(grant)
    if len(content) > limits.BLOCK_BYTES * 3 // 4 - _AROUND:
        raise BadForm(
            f"the signed policy would have more than {limits.BLOCK_BYTES} bytes: split it into several, "
            f"which count together"
        )
    try:
        canon.parse(content)
    except Malformed as fault:
        raise BadForm(f"no broker would take this policy: {fault}") from None


_AROUND = 256
"""Bytes of a token beside its claims: the header and the signature."""

_OPERATOR = re.compile(rf"\b({'|'.join(OPERATORS.values())})\b(?= takes| is for| mixes| only)")
_WRITTEN = {operator: word for word, operator in OPERATORS.items()}


def _as_written(found: re.Match[str]) -> str:
    """The operator as the form calls it."""
    return f"'{_WRITTEN[found[0]]}'"


def _clause(form: ClauseForm) -> Clause:
    return Clause(id=form.id, do=tuple(form.actions), on=_constraints(form), why=form.why)


def _duty(form: DutyForm) -> Duty:
    return Duty(
        id=form.id,
        do=tuple(form.actions),
        on=_constraints(form),
        why=form.why,
        need=tuple(form.needs),
    )


def _constraints(form: ClauseForm) -> policy.Constraints:
    return {name: _operators(form.id, name, given) for name, given in form.when.items()}


def _operators(clause: str, attribute: str, given: Condition) -> dict[str, Operand]:
    if isinstance(given, list):
        return {"in": given}
    if not isinstance(given, dict):
        return {"eq": given}
    result: dict[str, Operand] = {}
    for word, operand in given.items():
        if word not in OPERATORS:
            hint = closest(word, list(OPERATORS))
            raise BadForm(f"clause {clause}: there is no operator '{word}' for {attribute}{hint}")
        result[OPERATORS[word]] = operand
    return result


def _slope(form: TrustForm | None) -> SlopeRules | None:
    if form is None:
        return None
    anchor = form.reanchor
    return SlopeRules(
        max_depth=form.max_depth,
        floor=form.floor,
        floors=form.floors,
        max_step_drop=form.max_step_drop,
        max_xdom=form.max_xdom,
        decay=form.decay,
        levels=form.levels,
        caps=form.caps,
        reanchor=None if anchor is None else Reanchor(by=tuple(anchor.by), max=anchor.to),
    )


def seconds(moment: str) -> int:
    """Seconds since 1970 of an ISO 8601 date or time; UTC unless it says otherwise.

    >>> seconds("1970-01-02"), seconds("1970-01-01T01:00:00+01:00")
    (86400, 0)
    """
    try:
        found = datetime.datetime.fromisoformat(moment)
    except ValueError:
        raise BadForm(f"{moment} is no date (2026-01-31) or time (2026-01-31T12:00:00Z)") from None
    zoned = found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    result = int(zoned.timestamp())
    if result < 0:
        raise BadForm(f"{moment} is before 1970")
    return result


def form_schema() -> Mapping[str, Any]:
    """JSON Schema (2020-12) of the form, for editors."""
    schema = msgspec.json.schema(PolicyForm)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def new_form(name: str, process: str) -> str:
    """A commented form to start from, for a process of this id; valid for a year from today."""
    today = datetime.datetime.now(datetime.UTC).date()
    return TEMPLATE.format(
        name=plain(name),
        process=plain(process),
        start=today,
        end=today + datetime.timedelta(days=365),
    )


TEMPLATE = """\
# A Remit policy. `remit policy lint` checks it, `remit policy test` tries it, `remit policy mint`
# signs it. Whatever no allow clause permits is denied.
policy: {name}
issuer: https://policy.example.com
revision: 1                       # the next version of this policy has a higher number
valid: {{from: {start}, to: {end}}}
for: {{tenant: <default>, processes: [{process}]}}
holders: [broker-1]               # the keys that may bind this policy to an instance
delegations: 2                    # how often it may be passed on to called processes and workers

allow:
  - id: A1
    actions: [instance.create, element.enter, flow.take, gateway.decide]
    why: The process may run its course.
  - id: A2
    actions: [job.create, job.activate, job.complete, job.fail, job.timeout]
    when:
      jobType: [example]          # a list: one of these
    why: The work that this process is for.
  - id: A3
    actions: [var.read, var.write]
    when:
      varNames: {{only: [amount, status]}}

deny:
  - id: D1
    actions: [job.complete]
    when:
      var.amount: {{at least: 10001}}
    why: Larger amounts need another policy.

trust:                            # from 0 to 1000, by how callers show who they are
  floors: {{job.complete: 200}}     # callers have to be known: leave it out while nobody asks them
  longest delegation: 5
  decay: {{engine: 20, call: 50}}

on denial: {{default: incident}}
"""
"""What `remit policy new` starts with."""
