"""camunda-orchestration-sdk from PyPI, unchanged, as an administrator: its models are strict."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.test_identity import started

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sdk = pytest.importorskip("camunda_orchestration_sdk")
    from camunda_orchestration_sdk.models.authorization_id_based_request import (
        AuthorizationIdBasedRequest,
    )
    from camunda_orchestration_sdk.models.group_create_request import GroupCreateRequest
    from camunda_orchestration_sdk.models.mapping_rule_create_request import (
        MappingRuleCreateRequest,
    )
    from camunda_orchestration_sdk.models.role_create_request import RoleCreateRequest
    from camunda_orchestration_sdk.models.tenant_create_request import TenantCreateRequest
    from camunda_orchestration_sdk.models.user_request import UserRequest


def test_the_python_sdk_administers(tmp_path: Path) -> None:
    with started(tmp_path, "--authorizations", "--multi-tenancy") as broker:
        settings = {
            "CAMUNDA_REST_ADDRESS": f"http://{broker.http}",
            "CAMUNDA_AUTH_STRATEGY": "BASIC",
            "CAMUNDA_BASIC_AUTH_USERNAME": "root",
            "CAMUNDA_BASIC_AUTH_PASSWORD": "root",
        }
        with sdk.CamundaClient(configuration=settings) as client:
            administer(client)


def administer(client: Any) -> None:
    assert client.get_authentication().username == "root"
    made = client.create_user(data=UserRequest(username="eve", password="eve", name="Eve"))
    assert (made.username, made.name, made.email) == ("eve", "Eve", None)
    assert [each.username for each in client.search_users().items] == ["eve"]
    client.create_group(data=GroupCreateRequest(group_id="g", name="G"))
    client.create_role(data=RoleCreateRequest(role_id="r", name="R"))
    client.create_tenant(data=TenantCreateRequest(tenant_id="t", name="T"))
    rule = MappingRuleCreateRequest(
        claim_name="team", claim_value="x", name="M", mapping_rule_id="m"
    )
    client.create_mapping_rule(data=rule)
    client.assign_user_to_group(group_id="g", username="eve")
    client.assign_role_to_group(role_id="r", group_id="g")
    client.assign_role_to_tenant(tenant_id="t", role_id="r")
    client.assign_mapping_rule_to_tenant(tenant_id="t", mapping_rule_id="m")
    assert [each.username for each in client.search_users_for_group(group_id="g").items] == ["eve"]
    assert [each.role_id for each in client.search_roles_for_group(group_id="g").items] == ["r"]
    assert [each.name for each in client.search_roles_for_tenant(tenant_id="t").items] == ["R"]
    (found,) = client.search_mapping_rules_for_tenant(tenant_id="t").items
    assert (found.claim_name, found.claim_value) == ("team", "x")
    key = client.create_authorization(data=AuthorizationIdBasedRequest.from_dict({
        "ownerId": "r", "ownerType": "ROLE", "resourceId": "*", "resourceType": "MESSAGE",
        "permissionTypes": ["CREATE"],
    })).authorization_key  # fmt: skip
    assert client.get_authorization(authorization_key=key).owner_id == "r"
    assert len(client.search_authorizations().items) == 1
    client.delete_tenant(tenant_id="t")
    assert [each.tenant_id for each in client.search_tenants().items] == ["<default>"]
