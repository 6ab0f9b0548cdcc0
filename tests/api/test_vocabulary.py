"""The vocabulary over HTTP: every word by catalogue and resource."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.catalogue import RoleDefinition
from scopewright.core.model import ChangeKind
from scopewright.store import roles, workspaces
from tests.inprocess import Running, Tenant

CORE = "mdsp:core:"
FIRMWARE = f"{CORE}frmdpylmnt.fullaccess"


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


def shown(tenant: Tenant, name: str) -> dict[str, Any]:
    answer = tenant.call("GET", "/vocabulary")
    assert answer.status_code == 200
    return next(dict(one) for one in answer.json()["catalogues"] if one["name"] == name)


def test_services_are_resources_with_every_scope_that_their_roles_list(tenant: Tenant) -> None:
    resources = {one["name"]: one for one in shown(tenant, "mindsphere")["resources"]}
    assert len(resources) == 24
    assert all(one["description"] for one in resources.values())
    scopes = {name: {s["name"] for s in one["scopes"]} for name, one in resources.items()}
    assert len(set().union(*scopes.values())) == 169
    assert {name for name, listed in scopes.items() if "dinv.r" in listed} == {
        "Deployment Workflow Service",
        "Device Management",
        "Firmware Deployment",
    }


def test_roles_tell_what_they_include_what_is_missing_and_what_they_come_to(tenant: Tenant) -> None:
    catalogue = shown(tenant, "mindsphere")
    roles = {role["name"]: role for role in catalogue["roles"]}
    firmware, batches = roles[FIRMWARE], roles[f"{CORE}analytics.adb.user"]
    assert firmware["includes"] == firmware["missing"] == [f"{CORE}dvcinv.readonly"]
    assert (len(firmware["scopes"]), firmware["resource"]) == (18, "Firmware Deployment")
    assert batches["requires"] == [f"{CORE}analytics.user"]
    assert roles[f"{CORE}dataexch.user"]["scopes"] == ["pl.de.r", "pl.de.w"]
    assert catalogue["aliases"] == {
        f"{CORE}assetmanagement:reporter": f"{CORE}assetmanagement.reporter"
    }


def test_findings_stand_with_the_catalogue_that_they_are_about(tenant: Tenant) -> None:
    assert shown(tenant, "internal")["findings"] == []
    found = shown(tenant, "mindsphere")["findings"]
    assert found[0] == {
        "rule": "unresolved-include",
        "subject": FIRMWARE,
        "detail": f"includes {CORE}dvcinv.readonly, which nobody defines",
    }


def test_the_workspaces_own_words_stand_under_its_own_name(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    role = RoleDefinition(
        "readers", "Read.", scopes=frozenset({"sensor:read"}), includes=frozenset({FIRMWARE})
    )
    now = tenant.running.clock()
    with tenant.running.database.write() as tx:
        workspaces.touch(tx, tenant.id, ChangeKind.VOCABULARY, role.name, at=now)
        roles.add(tx, tenant.id, role=role, at=now)
    own = shown(tenant, "workspace")
    assert own["resources"] == [
        {
            "name": None,
            "description": "",
            "scopes": [{"name": "sensor:read", "description": "", "internal": False}],
        }
    ]
    (readers,) = own["roles"]
    assert (readers["includes"], len(readers["scopes"])) == ([FIRMWARE], 19)
    assert readers["missing"] == [f"{CORE}dvcinv.readonly"]
    assert (own["aliases"], own["findings"], own["applications"]) == ({}, [], [])


def test_what_opens_operations_here_is_told_from_the_rest(tenant: Tenant) -> None:
    internal = shown(tenant, "internal")["resources"]
    assert all(scope["internal"] for one in internal for scope in one["scopes"])
    services = shown(tenant, "mindsphere")["resources"]
    told = {scope["name"]: scope["internal"] for one in services for scope in one["scopes"]}
    assert (told["im.g.r"], told["dinv.r"]) == (True, False)


def test_a_scope_tells_its_roles_and_what_it_is_about(tenant: Tenant) -> None:
    scope = tenant.call("GET", "/scopes/dinv.r").json()
    assert (len(scope["roles"]), scope["resource"]) == (6, "Device Management")
    assert len(scope["resources"]) == 3
    implied = tenant.call("GET", "/scopes/pl.de.r").json()
    assert implied["roles"] == [f"{CORE}dataexch.user"]
    groups = tenant.call("GET", "/scopes/im.g.r").json()
    assert "iotman:admin" in groups["roles"]  # it has everything that opens something here
