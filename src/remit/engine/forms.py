"""Forms: finding the one that an element means."""

from __future__ import annotations

from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised, extract_value_error
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import Binding, FormLink
from remit.protocol.values import NONE_KEY, FormDefinition


def latest(run: Run, tenant: str, form_id: str) -> FormDefinition | None:
    found = list(run.state.forms.values_of((tenant, form_id)))
    return max(found, key=lambda row: row.version) if found else None


def key_of(run: Run, link: FormLink | None, element: ElementInstance) -> int:
    """The key of the linked form, -1 without one; a form that is not deployed is an incident."""
    if link is None or link.form_id is None:
        return NONE_KEY
    form_id = evaluate(run, link.form_id, element.key)
    if not isinstance(form_id, str):
        raise extract_value_error(
            f"Expected the form id '{link.form_id.text}' of '{element.element}' to be a string, but "
            f"it is {form_id!r}"
        )
    row = _bound(run, link, element, form_id)
    if row is None:
        raise IncidentRaised(
            "FORM_NOT_FOUND",
            f"Expected to find a form with id '{form_id}' for '{element.element}', but no form with "
            f"this id is deployed (binding {link.binding.value})",
        )
    return row.key


def _bound(
    run: Run, link: FormLink, element: ElementInstance, form_id: str
) -> FormDefinition | None:
    if link.binding is Binding.LATEST:
        return latest(run, element.tenant, form_id)
    versions = list(run.state.forms.values_of((element.tenant, form_id)))
    if link.binding is Binding.DEPLOYMENT:
        deployment = run.definition(element.definition).row.deployment
        return next((row for row in versions if row.deployment == deployment), None)
    tagged = [row for row in versions if row.version_tag == link.version_tag]
    return max(tagged, key=lambda row: row.version) if tagged else None
