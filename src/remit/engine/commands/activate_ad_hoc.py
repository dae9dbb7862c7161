"""ACTIVATE elements of an ad-hoc sub-process, each in an inner instance of its own (rule 74)."""

from __future__ import annotations

from remit.base.errors import InvalidArgument, NotFound
from remit.engine import ad_hoc
from remit.engine.governance import admit_command, without_policy
from remit.engine.run import Handler, Run
from remit.model.bpmn.elements.ad_hoc_sub_process import AdHocSubProcess
from remit.protocol.commands import ActivateAdHoc
from remit.protocol.replies import Done


def activate_ad_hoc(run: Run, command: ActivateAdHoc) -> None:
    scope = run.state.find_element(command.key)
    if scope is not None and not run.sees(scope.tenant):
        scope = None
    if scope is not None:
        run.touch(scope.root, scope.instance)
    plan = None if scope is None else run.plan(scope)
    if scope is None or plan is None or plan.is_body or not isinstance(plan.node, AdHocSubProcess):
        raise NotFound(
            f"Expected to activate activities for ad-hoc sub-process but no ad-hoc sub-process "
            f"instance found with key '{command.key}'"
        )
    if not command.activate:
        raise InvalidArgument(
            f"Expected to activate activities for ad-hoc sub-process with key '{command.key}', but no "
            f"elements were given"
        )
    ad_hoc.check_elements(plan.node, scope.key, [each.element for each in command.activate])
    ad_hoc.check_open(scope)
    for each in command.activate:
        without_policy(run, scope, each.variables)
        admit_command(run, scope, "instance.modify", {"target": each.element})
    if command.cancel_remaining:
        admit_command(run, scope, "instance.modify", {})
    ad_hoc.carry_out(run, scope.key, ad_hoc.Orders(command.activate, command.cancel_remaining))
    run.reply = Done(command.key)


HANDLES = {ActivateAdHoc: Handler("ACTIVATE", activate_ad_hoc)}
