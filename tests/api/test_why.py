"""Why somebody holds a scope, and who does, over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.inprocess import Running, Tenant

REPORTER, USER = "mdsp:core:assetmanagement.reporter", "mdsp:mytenant:viewer.user"


def today(tenant: Tenant) -> str:
    """The day on which everything is given: tests before this one may have moved the clock."""
    return f"{tenant.running.clock():%Y-%m-%d}"


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


def why(tenant: Tenant, principal: str, scope: str) -> dict[str, Any]:
    answer = tenant.call("GET", f"/why?principal={principal}&scope={scope}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def who_can(tenant: Tenant, scope: str, *, limit: int = 100) -> dict[str, list[str]]:
    """The texts of the paths by which everybody holds a scope, by name; walked in pages."""
    found: dict[str, list[str]] = {}
    query: str | None = f"scope={scope}&limit={limit}"
    while query is not None:
        page = tenant.call("GET", f"/who-can?{query}").json()
        for one in page["data"]:
            assert one["more"] is False
            found[one["principal"]["name"]] = [path["text"] for path in one["paths"]]
        query = page["next_page"] and urlsplit(page["next_page"]).query
    return found


def test_why_names_every_path_with_who_gave_what_and_when(tenant: Tenant) -> None:
    tenant.role(USER, includes=(REPORTER,))
    ann = tenant.person("ann@example.com")
    tenant.assign(ann, USER)
    answer = why(tenant, "ann@example.com", "asm.r")
    assert answer["principal"] == {"id": ann.id, "kind": "end_user", "name": "ann@example.com"}
    assert (answer["scope"], answer["held"], answer["more"]) == ("asm.r", True, False)
    [path] = answer["paths"]
    assert path["text"] == (
        f"asm.r, from {REPORTER}, from {USER}, assigned by admin@example.com on {today(tenant)}"
    )
    portrait = tenant.call("GET", f"/principals/{ann.id}").json()
    [same] = [held["paths"] for held in portrait["held"] if held["scope"] == "asm.r"]
    assert same == [path]


def test_why_not_names_the_roles_that_would_give_it(tenant: Tenant) -> None:
    tenant.role(USER, includes=("mdsp:core:assetmanagement:reporter",))
    ann = tenant.person("ann@example.com")
    answer = why(tenant, ann.id, "asm.r")
    assert (answer["held"], answer["paths"]) == (False, [])
    roles = [f"mdsp:core:assetmanagement.{role}" for role in ("admin", "reporter")]
    others = [f"mdsp:core:assetmanagement.{role}" for role in ("standarduser", "subtenantuser")]
    assert answer["roles_that_give_it"] == [*roles, *others, USER]


def test_a_scope_may_come_by_what_implies_it(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.grant(ann, "pl.de.w")
    answer = why(tenant, ann.id, "pl.de.r")
    assert [path["names"] for path in answer["paths"]] == [["pl.de.w"]]
    assert not why(tenant, tenant.group("Crew"), "pl.de.r")["held"]
    assert "ann@example.com" in who_can(tenant, "pl.de.r")


def test_of_very_many_paths_the_shortest_are_told_and_that_there_are_more(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    for number in range(12):
        tenant.role(f"role-{number}", "asm.r")
        tenant.assign(ann, f"role-{number}")
    answer = why(tenant, ann.id, "asm.r")
    assert (len(answer["paths"]), answer["more"]) == (10, True)


def test_who_can_has_everybody_by_whichever_way_page_by_page(tenant: Tenant) -> None:
    tenant.role(USER, includes=(REPORTER,))
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    tenant.person("eve@example.com")
    client, _ = tenant.client()
    crew = tenant.group("Crew", bob)
    tenant.group("Others", ann)
    tenant.assign(tenant.group("Guild", crew), USER)
    tenant.assign(ann, REPORTER)
    tenant.grant(client, "asm.r")
    by_admin = f"assigned by admin@example.com on {today(tenant)}"
    by_user = f"asm.r, from {REPORTER}, from {USER}"
    expected = {
        "ann@example.com": [f"asm.r, from {REPORTER}, {by_admin}"],
        "bob@example.com": [f"{by_user}, through the group Crew in the group Guild, {by_admin}"],
        "client_credentials": [f"asm.r, granted by admin@example.com on {today(tenant)}"],
        "Crew": [f"{by_user}, through the group Guild, {by_admin}"],
        "Guild": [f"{by_user}, {by_admin}"],
    }
    for limit in (1, 2, 100):
        assert who_can(tenant, "asm.r", limit=limit) == expected
    assert who_can(tenant, "asm.c") == {}


def test_who_can_equals_asking_each_principal(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.assign(tenant.group("Crew", ann), "iotman:editor")
    everybody = tenant.call("GET", "/principals").json()["data"]
    for scope in ("iotman:audit:read", "iotman:endpoints:create", "iotman:members:remove"):
        holding = {one["name"] for one in everybody if why(tenant, one["id"], scope)["held"]}
        assert who_can(tenant, scope).keys() == holding


@pytest.mark.parametrize("path", ["/why?principal=admin@example.com&scope=", "/who-can?scope="])
@pytest.mark.parametrize("scope", ["asm.gone", "ASM.R", REPORTER, ""])
def test_a_scope_that_is_not_there_is_said_to_be_none(
    tenant: Tenant, path: str, scope: str
) -> None:
    answer = tenant.call("GET", f"{path}{scope}")
    assert (answer.status_code, answer.json()["field"]) == (404, "scope")


def test_why_of_nobody_is_not_found(tenant: Tenant) -> None:
    stranger = Tenant(tenant.running).person("eve@example.com")
    for name in (stranger.id, stranger.name, "x"):
        assert tenant.call("GET", f"/why?principal={name}&scope=asm.r").status_code == 404
    for query, field in (("scope=asm.r", "principal"), ("principal=x", "scope")):
        answer = tenant.call("GET", f"/why?{query}")
        assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_scope_made_of_others_is_held_by_who_has_all_of_them(inside: Running) -> None:
    tiled = Tenant(inside, catalogues=("internal", "tiled"))
    half, both = tiled.person("half@example.com"), tiled.person("both@example.com")
    tiled.grant(half, "create:apikeys")
    tiled.grant(both, "create:apikeys", "revoke:apikeys")
    assert who_can(tiled, "apikeys").keys() == {"both@example.com", "admin@example.com"}
    for who, is_held in ((half, False), (both, True)):
        answer = why(tiled, who.id, "apikeys")
        assert answer["held"] is is_held
        assert answer["roles_that_give_it"] == ["admin", "iotman:admin", "user", "user-current"]
