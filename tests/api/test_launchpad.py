"""The launchpad: exactly the registered applications of which the visitor holds a scope now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scopewright.core.model import ClientType, PrincipalKind
from scopewright.core.scopes import Requested
from scopewright.ids import new_id
from scopewright.store import principals
from tests.api.browsers import signed_in
from tests.inprocess import Running, Tenant

ANN = "ann@example.com"


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    here = Tenant(inside)
    for name in ("pumps", "viewer"):
        here.application(name)
    here.application("draft", registered=False)
    return here


def tiles(running: Running, **headers: str) -> list[dict[str, Any]]:
    answer = running.http.request("GET", "/api/launchpad", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_page"] is None
    return list(answer.json()["data"])


def shown(tenant: Tenant, credential: str) -> list[str]:
    found = tiles(tenant.running, authorization=f"Bearer {credential}")
    return [tile["name"] for tile in found]


def test_before_an_assignment_it_is_not_there_and_after_the_last_it_is_gone(
    tenant: Tenant,
) -> None:
    ann, ben = tenant.person(ANN), tenant.person("ben@example.com")
    key, other = tenant.key(ann), tenant.key(ben)
    assert shown(tenant, key) == []
    path = f"/principals/{ann.id}/roles/viewer.user"
    assert tenant.call("PUT", path).status_code == 201
    assert tiles(tenant.running, authorization=f"Bearer {key}") == [
        {
            "name": "viewer",
            "title": "Viewer",
            "launch_url": "https://viewer.example/",
            "workspace": tenant.id,
        }
    ]
    assert shown(tenant, other) == []
    assert tenant.call("DELETE", path).status_code == 204
    assert shown(tenant, key) == []


def test_whatever_gives_a_scope_of_it_counts_and_nothing_else(tenant: Tenant) -> None:
    ann = tenant.person(ANN)
    key = tenant.key(ann)
    tenant.grant(ann, "draft.all", "iotman:applications:read")
    assert shown(tenant, key) == []
    tenant.grant(ann, "pumps.all")
    assert shown(tenant, key) == ["pumps"]
    tenant.call("POST", "/roles", {"name": "team", "includes": ["viewer.user"]})
    group = tenant.call("POST", "/groups", {"name": "Team"}).json()["id"]
    tenant.assign(group, "team")
    assert tenant.call("PUT", f"/groups/{group}/members/{ann.id}").status_code == 201
    assert shown(tenant, key) == ["pumps", "viewer"]


def test_it_goes_by_what_is_held_now_not_by_what_the_credential_carries(tenant: Tenant) -> None:
    ann = tenant.person(ANN)
    tenant.grant(ann, "pumps.all")
    assert shown(tenant, tenant.key(ann, Requested(frozenset({"other"})))) == ["pumps"]
    machine = tenant.client(ClientType.CLIENT_CREDENTIALS, "viewer.all", "pumps.all")
    token = tenant.access_token(*machine, scope="viewer.all")
    assert shown(tenant, token) == ["pumps", "viewer"]
    tenant.revoke(machine[0], "viewer.all")
    assert shown(tenant, token) == ["pumps"]


def test_a_browser_sees_those_of_all_its_records_in_all_workspaces(
    tenant: Tenant, inside: Running
) -> None:
    address = f"{new_id('ann')}@example.com"
    other, third = Tenant(inside), Tenant(inside)
    other.application("viewer")
    third.application("viewer")
    tenant.grant(tenant.person(address), "viewer.all")
    tenant.grant(tenant.person(address, kind=PrincipalKind.MEMBER), "pumps.all", "viewer.all")
    tenant.grant(other.person(address), "viewer.all")
    gone = third.person(address)
    third.grant(gone, "viewer.all")
    with inside.database.write() as tx:
        principals.remove(tx, gone.id)
        principals.add(tx, replace(gone, disabled_at=inside.clock()))
    third.grant(gone, "viewer.all")
    browser = signed_in(inside, address)
    found = [(tile["workspace"], tile["name"]) for tile in tiles(inside, **browser)]
    assert found == sorted([(tenant.id, "pumps"), (tenant.id, "viewer"), (other.id, "viewer")])
    assert tiles(inside, **signed_in(inside, f"{new_id('eve')}@example.com")) == []


def test_it_goes_over_pages(tenant: Tenant, inside: Running) -> None:
    address = f"{new_id('ann')}@example.com"
    other = Tenant(inside)
    for name in ("x", "y"):
        other.application(name)
    for there, granted in ((tenant, ("pumps.all", "viewer.all")), (other, ("x.all", "y.all"))):
        there.grant(there.person(address), *granted)
    browser, url, seen = signed_in(inside, address), "/api/launchpad?limit=3", []
    while url:
        page = inside.http.request("GET", url, headers=browser).json()
        seen.append([tile["name"] for tile in page["data"]])
        url = page["next_page"]
    assert sorted(len(names) for names in seen) == [1, 3]
    assert sorted(name for names in seen for name in names) == ["pumps", "viewer", "x", "y"]


def test_nobody_in_particular_sees_nothing(inside: Running) -> None:
    assert inside.http.request("GET", "/api/launchpad").status_code == 401
