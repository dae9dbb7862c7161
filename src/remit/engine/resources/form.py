"""Form files of form-js: JSON with an `id`, perhaps a `versionTag`; a version per id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from remit.base.errors import InvalidArgument
from remit.engine import forms
from remit.engine.resources.draft import Draft
from remit.engine.run import Run
from remit.protocol.events.form import FormCreated
from remit.protocol.replies import DeployedResource
from remit.protocol.values import FormDefinition

TAG = b"f"

_decode = msgspec.msgpack.Decoder(FormDefinition).decode
_encode = msgspec.msgpack.Encoder().encode


def drafts(run: Run, name: str, content: bytes, tenant: str, deployment: int) -> Iterator[Draft]:
    """One draft per file; raises `InvalidArgument` for what is no form."""
    try:
        document = msgspec.json.decode(content)
    except msgspec.DecodeError as fault:
        raise InvalidArgument(f"'{name}': a form is JSON, but {fault}") from fault
    form_id = document.get("id") if isinstance(document, dict) else None
    if not isinstance(form_id, str) or not form_id.strip():
        raise InvalidArgument(f"'{name}': a form has an id. Fix: give it an 'id' that is text.")
    row = FormDefinition(
        0, form_id, 0, name, hashlib.sha256(content).digest(), content, deployment,
        str(document.get("versionTag") or ""), tenant,
    )  # fmt: skip
    return iter([Draft("form", form_id, name, lambda: [_deploy(run, row)])])


def encode_row(run: Run, key: int) -> bytes:
    return TAG + _encode(run.state.forms[key])


def receive(run: Run, row: bytes) -> None:
    form = _decode(row)
    if form.key not in run.state.forms:
        run.emit(FormCreated(form.key, form))


def _deploy(run: Run, row: FormDefinition) -> DeployedResource:
    before = forms.latest(run, row.tenant, row.form_id)
    is_same = before is not None and (before.checksum, before.resource_name) == (
        row.checksum, row.resource_name,
    )  # fmt: skip
    if before is not None and is_same:
        return _tell(before, is_duplicate=True)
    version = 1 if before is None else before.version + 1
    row = msgspec.structs.replace(row, key=run.new_key(), version=version)
    run.emit(FormCreated(row.key, row))
    return _tell(row, is_duplicate=False)


def _tell(row: FormDefinition, *, is_duplicate: bool) -> DeployedResource:
    return DeployedResource(
        "form", row.key, row.form_id, row.version, row.resource_name, tenant=row.tenant,
        is_duplicate=is_duplicate,
    )  # fmt: skip
