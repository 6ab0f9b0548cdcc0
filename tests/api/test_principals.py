"""Everybody who can hold scopes, over HTTP: listed together, and shown with what they hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from scopewright.core.model import ClientType, PrincipalKind
from scopewright.core.scopes import Requested
from tests.inprocess import Running, Tenant

REPORTER, USER = "mdsp:core:assetmanagement.reporter", "mdsp:mytenant:viewer.user"
BATCH, ANALYST = "mdsp:core:analytics.adb.user", "mdsp:core:analytics.user"
FULL, DANGLING = "mdsp:core:frmdpylmnt.fullaccess", "mdsp:core:dvcinv.readonly"

LISTED = {
    *("id", "kind", "name", "created_at", "disabled_at", "owner", "identities", "roles"),
    *("live_api_keys", "live_sessions", "latest_activity"),
}


def today(tenant: Tenant) -> str:
    """The day on which everything is given: tests before this one may have moved the clock."""
    return f"{tenant.running.clock():%Y-%m-%d}"


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


def shown(tenant: Tenant, name: str) -> dict[str, Any]:
    answer = tenant.call("GET", f"/principals/{name}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def paths(portrait: dict[str, Any], scope: str) -> list[dict[str, Any]]:
    [found] = [held for held in portrait["held"] if held["scope"] == scope]
    assert found["more"] is False
    return list(found["paths"])


# --- the list -----------------------------------------------------------------------------------


def test_principals_of_every_kind_are_listed_together_or_by_kind(tenant: Tenant) -> None:
    ids = {
        "member": tenant.admin.id,
        "end_user": tenant.person("ann@example.com").id,
        "client": tenant.client()[0],
        "group": tenant.group("Crew"),
    }
    Tenant(tenant.running).person("ann@example.com")
    listed = tenant.call("GET", "/principals").json()["data"]
    assert {one["kind"]: one["id"] for one in listed} == ids
    assert [set(one) for one in listed] == [LISTED] * len(ids)
    for kind, id in ids.items():
        [one] = tenant.call("GET", f"/principals?kind={kind}").json()["data"]
        assert (one["id"], one["kind"]) == (id, kind)
    assert tenant.call("GET", "/principals?kind=robot").json()["field"] == "kind"
    first = tenant.call("GET", "/principals?limit=3").json()
    assert len(first["data"]) == 3
    assert first["next_page"] is not None


def listed(tenant: Tenant, query: str = "", **more: Any) -> list[dict[str, Any]]:
    answer = tenant.call("GET", f"/principals{query}", **more)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def test_a_row_tells_what_is_live_and_when_it_was_used(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.assign(ann, REPORTER)
    tenant.key(ann)
    session = tenant.session(ann, tenant.client(ClientType.PKCE)[0])
    [row] = listed(tenant, "?q=ann")
    assert (row["roles"], row["live_api_keys"], row["live_sessions"]) == ([REPORTER], 1, 1)
    assert [one["subject"] for one in row["identities"]] == ["ann@example.com"]
    now = tenant.running.clock()
    assert datetime.fromisoformat(row["latest_activity"]) == now
    assert tenant.call("DELETE", f"/sessions/{session}").status_code == 204
    [row] = listed(tenant, "?q=ANN@")
    assert (row["live_sessions"], row["latest_activity"] is None) == (0, False)


def test_who_may_not_see_sessions_is_told_nothing_of_them(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.session(ann, tenant.client(ClientType.PKCE)[0])
    viewer = tenant.key_with("iotman:principals:read")
    [row] = listed(tenant, "?q=ann", bearer=viewer)
    assert (row["live_sessions"], row["latest_activity"]) == (None, None)
    portrait = tenant.call("GET", f"/principals/{ann.id}", bearer=viewer).json()
    assert (portrait["sessions"], portrait["latest_activity"]) == (None, None)
    assert portrait["api_keys"] == []


def test_a_list_has_who_was_asked_for(tenant: Tenant) -> None:
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    services = {
        owner: made(tenant, {"name": f"Pump {owner[:3]}", "owner": owner})["id"]
        for owner in (ann.id, "bob@example.com")
    }
    tenant.call("POST", f"/principals/{bob.id}/disable")
    for query, wanted in (
        (f"?owner={ann.id}", {services[ann.id]}),
        (f"?owner={ann.id.upper()}", {services[ann.id]}),
        ("?owner=bob@example.com", {services["bob@example.com"]}),
        ("?owner=nobody", set()),
        ("?disabled=true", {bob.id}),
        ("?disabled=false&kind=end_user", {ann.id}),
        ("?q=Pump&kind=client", set(services.values())),
        ("?q=pump", set()),
        ("?q=%25", set()),
    ):
        assert {one["id"] for one in listed(tenant, query)} == wanted, query
    assert tenant.call("GET", "/principals?owner=eve@example.com").status_code == 404
    for query, field in (("disabled=maybe", "disabled"), (f"q={'a' * 321}", "q")):
        refused = tenant.call("GET", f"/principals?{query}")
        assert (refused.status_code, refused.json()["field"]) == (422, field)


# --- service principals -------------------------------------------------------------------------


def made(tenant: Tenant, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = tenant.call("POST", "/principals", body, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_service_principal_is_a_client_without_a_secret(tenant: Tenant) -> None:
    mia = tenant.person("mia@example.com", kind=PrincipalKind.MEMBER)
    service = made(tenant, {"name": "Pump", "roles": [REPORTER], "owner": "mia@example.com"})
    assert set(service) == LISTED
    assert (service["kind"], service["name"], service["identities"]) == ("client", "Pump", [])
    assert service["owner"] == {"id": mia.id, "name": "mia@example.com"}
    assert service["roles"] == [REPORTER]
    client = tenant.call("GET", f"/clients/{service['id']}").json()
    assert (client["type"], client["secrets"]) == ("client_credentials", [])
    assert tenant.token(service["id"], "").status_code == 401
    assert tenant.token(service["id"], "sws_x").status_code == 401
    rotated = tenant.call("POST", f"/clients/{service['id']}/rotate-secret").json()
    assert tenant.token(service["id"], rotated["client_secret"]).status_code == 200
    tenant.call("DELETE", f"/principals/{mia.id}")
    assert shown(tenant, service["id"])["owner"] == {"id": mia.id, "name": None}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "x", "roles": ["gone"]}, 404, "role"),
        ({"name": ""}, 422, "name"),
        ({"name": "a\nb"}, 422, "name"),
        ({}, 422, "name"),
        ({"name": "x", "owner": "eve@example.com"}, 422, "owner"),
        ({"name": "x", "owner": ""}, 422, "owner"),
        ({"name": "x", "roles": "admin"}, 422, "roles"),
        ({"name": "x", "secret": "s"}, 422, "secret"),
    ],
)
def test_a_bad_service_principal_is_refused_by_its_field_and_not_made(
    tenant: Tenant, body: dict[str, Any], status: int, field: str
) -> None:
    before = len(listed(tenant))
    refused = tenant.call("POST", "/principals", body)
    assert (refused.status_code, refused.json()["field"]) == (status, field)
    assert len(listed(tenant)) == before


def test_an_owner_is_a_person_of_the_workspace(tenant: Tenant) -> None:
    stranger = Tenant(tenant.running).person("eve@example.com")
    for owner in (tenant.client()[0], tenant.group("Crew"), stranger.id):
        refused = tenant.call("POST", "/principals", {"name": "x", "owner": owner})
        assert (refused.status_code, refused.json()["field"]) == (422, "owner")


def test_whoever_makes_a_service_gives_no_role_beyond_what_they_hold(tenant: Tenant) -> None:
    creator = ("iotman:principals:create",)
    key = tenant.key(tenant.client(ClientType.CLIENT_CREDENTIALS, *creator)[0])
    body = {"name": "Pump", "roles": ["iotman:viewer"]}
    refused = tenant.call("POST", "/principals", body, bearer=key)
    assert refused.status_code == 403
    assert "iotman:audit:read" in refused.json()["missing"]
    assert made(tenant, {"name": "Pump"}, bearer=key)["roles"] == []


def test_a_service_principal_gets_another_name_and_owner_and_nobody_else_does(
    tenant: Tenant,
) -> None:
    ann = tenant.person("ann@example.com")
    path = f"/principals/{made(tenant, {'name': 'Pump', 'owner': ann.id})['id']}"
    renamed = tenant.call("PATCH", path, {"name": "Valve"}).json()
    assert (renamed["name"], renamed["owner"]["id"]) == ("Valve", ann.id)
    assert tenant.call("GET", path.replace("principals", "clients")).json()["name"] == "Valve"
    assert tenant.call("PATCH", path, {"owner": None}).json()["owner"] is None
    assert tenant.call("PATCH", path, {"owner": "ann@example.com"}).json()["owner"]["id"] == ann.id
    assert tenant.call("PATCH", path, {"owner": "eve@example.com"}).status_code == 422
    app = tenant.client(ClientType.PKCE)[0]
    for id in (ann.id, tenant.admin.id, tenant.group("Crew"), app):
        refused = tenant.call("PATCH", f"/principals/{id}", {"name": "x"})
        assert (refused.status_code, refused.json()["conflict"]) == (409, "kind")
    assert tenant.call("PATCH", "/principals/nobody", {"name": "x"}).status_code == 404


# --- one of them --------------------------------------------------------------------------------


def test_what_is_held_is_shown_with_all_that_gives_it(tenant: Tenant) -> None:
    tenant.role(USER, includes=(REPORTER,))
    ann = tenant.person("ann@example.com")
    crew = tenant.group("Crew", ann)
    guild = tenant.group("Guild", crew)
    tenant.assign(ann, USER)
    tenant.assign(guild, REPORTER)
    tenant.grant(crew, "pl.de.w")
    portrait, day = shown(tenant, "ann@example.com"), today(tenant)
    assert (portrait["id"], portrait["kind"]) == (ann.id, "end_user")
    assert {held["scope"] for held in portrait["held"]} == tenant.held_by(ann)
    by_itself, by_guild = sorted(paths(portrait, "asm.r"), key=lambda path: path["groups"])
    giver = {"id": tenant.admin.id, "name": "admin@example.com"}
    assert by_itself == {
        "names": [REPORTER, USER],
        "groups": [],
        "given": "assignment",
        "by": giver,
        "at": by_itself["at"],
        "text": f"asm.r, from {REPORTER}, from {USER}, assigned by admin@example.com on {day}",
    }
    assert (by_guild["names"], by_guild["groups"]) == ([REPORTER], ["Crew", "Guild"])
    assert by_guild["text"] == (
        f"asm.r, from {REPORTER}, through the group Crew in the group Guild,"
        f" assigned by admin@example.com on {day}"
    )
    [implied] = paths(portrait, "pl.de.r")
    assert (implied["names"], implied["given"]) == (["pl.de.w"], "grant")
    assert implied["text"] == (
        f"pl.de.r, from pl.de.w, through the group Crew, granted by admin@example.com on {day}"
    )


def test_roles_and_groups_say_whether_they_are_its_own(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    crew = tenant.group("Crew", ann)
    guild = tenant.group("Guild", crew)
    for id, role in ((ann.id, REPORTER), (crew, ANALYST), (guild, REPORTER)):
        tenant.assign(id, role)
    portrait = shown(tenant, ann.id)
    groups = {one["id"]: (one["name"], one["type"]) for one in portrait["groups"]}
    assert groups == {crew: ("Crew", "DIRECT"), guild: ("Guild", "INDIRECT")}
    roles = {(one["role"], one["group"]): one["type"] for one in portrait["roles"]}
    assert roles == {
        (REPORTER, None): "DIRECT",
        (ANALYST, crew): "INDIRECT",
        (REPORTER, guild): "INDIRECT",
    }
    assert {one["assigned_by"] for one in portrait["roles"]} == {tenant.admin.id}
    assert [one["role"] for one in shown(tenant, crew)["roles"]] == [ANALYST, REPORTER]


def test_what_lacks_something_is_told(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    for role in (BATCH, FULL, "gone"):
        tenant.assign(ann, role)
    portrait = shown(tenant, ann.id)
    assert portrait["incomplete"] == [{"role": BATCH, "requires": [ANALYST]}]
    assert portrait["missing"] == ["gone", DANGLING]
    assert portrait["warnings"] == []


def test_nobody_holds_anything_by_nothing(tenant: Tenant) -> None:
    portrait = shown(tenant, tenant.group("Empty"))
    lists = ("groups", "roles", "held", "incomplete", "missing", "warnings")
    for part in (*lists, "identities", "api_keys", "sessions"):
        assert portrait[part] == []


def test_the_size_of_a_token_is_warned_of_before_it_is_too_large(tenant: Tenant) -> None:
    id, secret = tenant.client()
    plenty = [f"warehouse-{number:03}:read" for number in range(150)]
    tenant.define(*plenty)
    tenant.grant(id, *plenty[:100])
    assert shown(tenant, id)["warnings"] == []
    assert len(tenant.access_token(id, secret)) < 4096
    tenant.grant(id, *plenty[100:])
    [warning] = shown(tenant, id)["warnings"]
    assert "naming the resource" in warning
    assert tenant.call("GET", "/principals/me", bearer=tenant.key(id)).json()["warnings"]
    told = int(warning.partition(" bytes")[0].rpartition(" ")[2])
    assert 0 <= told - len(tenant.access_token(id, secret)) < 400  # a person's has more claims


def test_an_address_names_the_end_user_before_the_member(tenant: Tenant) -> None:
    assert shown(tenant, "Admin@example.com")["kind"] == "member"
    tenant.person("admin@example.com")
    assert shown(tenant, "admin@example.com")["kind"] == "end_user"
    assert shown(tenant, tenant.admin.id.upper())["kind"] == "member"


def test_who_is_not_here_is_not_shown(tenant: Tenant) -> None:
    stranger = Tenant(tenant.running).person("eve@example.com")
    for name in (stranger.id, "eve@example.com", "nobody"):
        answer = tenant.call("GET", f"/principals/{name}")
        assert answer.status_code == 404
        assert tenant.call("GET", f"/principals/{name}/roles").status_code == 404


def test_keys_and_sessions_are_shown_without_any_secret(tenant: Tenant) -> None:
    ann, app = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)[0]
    tenant.assign(ann, REPORTER)
    secrets = [tenant.key(ann), tenant.key(ann, Requested(frozenset({"asm.r", "asm.c"})))]
    ended, open_one = tenant.session(ann, app), tenant.session(ann, app)
    tenant.call("DELETE", f"/sessions/{ended}")
    portrait = shown(tenant, ann.id)
    assert sorted(key["scopes"] for key in portrait["api_keys"]) == [["asm.r"], ["inherit"]]
    assert {tuple(key) for key in portrait["api_keys"]} == {
        ("id", "note", "scopes", "created_at", "expires_at", "last_used_at")
    }
    assert {one["id"]: one["ended"] for one in portrait["sessions"]} == {
        ended: True,
        open_one: False,
    }
    assert {one["client"] for one in portrait["sessions"]} == {"pkce"}
    assert not any(secret in str(portrait) for secret in secrets)


# --- oneself ------------------------------------------------------------------------------------


def test_everybody_may_ask_for_themselves(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.assign(tenant.group("Crew", ann), REPORTER)
    key = tenant.key(ann)
    mine = tenant.call("GET", "/principals/me", bearer=key)
    assert mine.status_code == 200
    assert mine.json() == shown(tenant, ann.id)
    assert tenant.call("GET", f"/principals/{ann.id}", bearer=key).status_code == 403


def test_a_narrow_credential_is_told_as_much_as_it_carries(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.assign(ann, REPORTER)
    key = tenant.key(ann, Requested(frozenset({"asm.r", "asm.c"})))
    mine = tenant.call("GET", "/principals/me", bearer=key).json()
    assert [held["scope"] for held in mine["held"]] == ["asm.r"]
    assert (mine["api_keys"], mine["sessions"]) == (None, [])


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/principals", "principals:read"),
        ("/principals/x", "principals:read"),
        ("/principals/x/identities", "principals:read"),
        ("/principals/x/roles", "assignments:read"),
        ("/why?principal=x&scope=y", "principals:read"),
        ("/who-can?scope=y", "principals:read"),
    ],
)
def test_each_call_needs_its_scope(tenant: Tenant, path: str, operation: str) -> None:
    client, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:scopes:read")
    refused = tenant.call("GET", path, bearer=tenant.access_token(client, secret))
    assert refused.status_code == 403
    assert refused.json()["missing"] == [f"iotman:{operation}"]


def test_a_kind_of_principal_is_told_by_the_words_of_the_nouns() -> None:
    assert {kind.value for kind in PrincipalKind} == {"member", "end_user", "client", "group"}
