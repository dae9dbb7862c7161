"""CREATE, UPDATE and DELETE a mapping rule: whose token says so is a member of what the rule is in."""

from __future__ import annotations

from remit.base.errors import AlreadyExists, InvalidArgument, NotFound
from remit.engine.identity import LONGEST_TEXT, check_id, check_texts, leave_all, tell
from remit.engine.run import Handler, Run
from remit.protocol.commands import CreateMappingRule, DeleteMappingRule, UpdateMappingRule
from remit.protocol.events.identity import (
    MappingRuleCreated,
    MappingRuleDeleted,
    MappingRuleUpdated,
)
from remit.protocol.replies import Done
from remit.protocol.values import MappingRule


def create_rule(run: Run, command: CreateMappingRule) -> None:
    check_id("MAPPING_RULE", command.id)
    if command.id in run.state.mapping_rules:
        raise AlreadyExists(
            f"Expected to create mapping rule with ID '{command.id}', but a mapping rule with this ID "
            f"already exists"
        )
    row = _checked(run, run.new_key(), command)
    tell(run, MappingRuleCreated(row.key, row))
    run.reply = Done(row.key)


def update_rule(run: Run, command: UpdateMappingRule) -> None:
    row = _checked(run, _rule(run, command.id, "update").key, command)
    tell(run, MappingRuleUpdated(row.key, row))
    run.reply = Done(row.key)


def delete_rule(run: Run, command: DeleteMappingRule) -> None:
    row = _rule(run, command.id, "delete")
    tell(run, *leave_all(run, "MAPPING_RULE", row.id), MappingRuleDeleted(row.key, row))
    run.reply = Done(row.key)


def _checked(run: Run, key: int, command: CreateMappingRule | UpdateMappingRule) -> MappingRule:
    if not command.claim_name or not command.claim_value:
        raise InvalidArgument(
            "Expected a mapping rule with the name of a claim and its value, but one of them is blank"
        )
    texts = {"claim_name": command.claim_name, "claim_value": command.claim_value}
    check_texts(LONGEST_TEXT, name=command.name, **texts)
    for each in run.state.mapping_rules.rows.values():
        same = (each.claim_name, each.claim_value) == (command.claim_name, command.claim_value)
        if same and each.id != command.id:
            raise AlreadyExists(
                f"Expected to save mapping rule for claim '{command.claim_name}' with value "
                f"'{command.claim_value}', but mapping rule '{each.id}' is for the same"
            )
    return MappingRule(key, command.id, command.claim_name, command.claim_value, command.name)


def _rule(run: Run, name: str, verb: str) -> MappingRule:
    row = run.state.mapping_rules.get(name)
    if row is None:
        raise NotFound(
            f"Expected to {verb} mapping rule with ID '{name}', but a mapping rule with this ID does "
            f"not exist"
        )
    return row


HANDLES = {
    CreateMappingRule: Handler("CREATE", create_rule),
    UpdateMappingRule: Handler("UPDATE", update_rule),
    DeleteMappingRule: Handler("DELETE", delete_rule),
}
