"""Applications over HTTP: made, composed, registered, changed while they run, and deleted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
import pytest

from scopewright.core.caller import Caller
from scopewright.core.errors import Conflict
from scopewright.core.gateway import GatewayRoute
from scopewright.core.model import ChangeKind, Principal, PrincipalKind
from scopewright.core.proposals import Limits, RoleContents
from scopewright.ids import new_id
from scopewright.store import applications, gateway_routes, revisions, vocabulary, workspaces
from scopewright.store.pages import Window
from tests.inprocess import Running, Tenant

VIEWER, APPS = "/applications/viewer", "/applications"
READER, TIMES = "mdsp:core:assetmanagement.reporter", "mdsp:core:iot.timUser"
SEVEN = ["asm.f.r", "asm.r", "atm.apt.r", "atm.r", "iot.bts.r", "iot.tim.r", "viewer.all"]


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    """A workspace in which applications' roles are spelled as the catalogue has it."""
    return Tenant(inside, catalogues=("internal", "mindsphere"))


def slug(tenant: Tenant) -> str:
    return f"w-{tenant.id[-12:]}"


def full(tenant: Tenant, role: str, application: str = "viewer") -> str:
    return f"mdsp:{slug(tenant)}:{application}.{role}"


def create(tenant: Tenant, name: str = "viewer", **more: Any) -> dict[str, Any]:
    answer = tenant.call("POST", APPS, {"name": name, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def compose(tenant: Tenant, role: str, application: str = "viewer", **lists: Any) -> httpx.Response:
    return tenant.call("PATCH", f"{APPS}/{application}/roles/{role}", lists)


def running_application(tenant: Tenant, name: str = "viewer") -> None:
    """One that is registered: its scope `all` is in its role `user`."""
    create(tenant, name)
    tenant.call("POST", f"{APPS}/{name}/scopes", {"name": f"{name}.all"})
    assert compose(tenant, "user", name, scopes=[f"{name}.all"]).status_code == 200
    assert tenant.call("POST", f"{APPS}/{name}/register").status_code == 200


def assign(tenant: Tenant, person: Principal, role: str) -> int:
    return tenant.call("PUT", f"/principals/{person.id}/roles/{role}").status_code


def effective(answer: httpx.Response) -> list[str]:
    return [one["scope"] for one in answer.json()["effective"]]


def conflict(answer: httpx.Response, *words: str) -> None:
    assert answer.status_code == 409, answer.text
    assert all(word in answer.json()["detail"] for word in words), answer.text


# --- made and shown -----------------------------------------------------------------------------


def test_an_application_is_born_with_the_roles_that_the_catalogue_names(tenant: Tenant) -> None:
    made = create(tenant)
    assert made == {
        "name": "viewer",
        "title": "viewer",
        "launch_url": None,
        "resource": None,
        "created_at": made["created_at"],
        "registered_at": None,
        "scopes": [],
        "roles": [
            {"name": "admin", "role": full(tenant, "admin"), "title": "ADMIN"},
            {"name": "user", "role": full(tenant, "user"), "title": "USER"},
        ],
    }
    assert tenant.call("GET", VIEWER).json() == made
    assert tenant.call("GET", APPS).json() == {"data": [made], "next_page": None}
    assert tenant.call("GET", f"{VIEWER}/roles/admin").json() == {
        "name": full(tenant, "admin"),
        "description": "",
        "owner": "viewer",
        "application": "viewer",
        "resource": None,
        "scopes": [],
        "includes": [],
        "requires": [],
        "effective": [],
        "missing": [],
    }


def test_without_such_a_catalogue_its_roles_are_called_as_its_scopes_are(inside: Running) -> None:
    plain = Tenant(inside)
    assert [role["role"] for role in create(plain)["roles"]] == ["viewer.admin", "viewer.user"]
    conflict(plain.call("POST", f"{VIEWER}/scopes", {"name": "viewer.user"}), "taken")


def test_what_people_see_of_it_changes_and_goes_and_its_name_stays(tenant: Tenant) -> None:
    create(tenant, title="Viewer", launch_url="https://a.example/")
    changed = tenant.call("PATCH", VIEWER, {"launch_url": None, "title": None}).json()
    assert (changed["title"], changed["launch_url"]) == ("Viewer", None)
    changed = tenant.call("PATCH", VIEWER, {"title": "The Viewer"}).json()
    assert changed["title"] == "The Viewer"
    assert tenant.call("GET", VIEWER).json() == changed
    assert tenant.call("PATCH", VIEWER, {"name": "other"}).status_code == 422


def test_a_list_of_them_goes_over_pages(tenant: Tenant) -> None:
    for name in ("c", "a", "b"):
        create(tenant, name)
    first = tenant.call("GET", f"{APPS}?limit=2").json()
    assert [one["name"] for one in first["data"]] == ["a", "b"]
    rest = tenant.call("GET", f"{APPS}?limit=2&cursor=b").json()
    assert ([one["name"] for one in rest["data"]], rest["next_page"]) == (["c"], None)
    roles = tenant.call("GET", f"{APPS}/a/roles?limit=1").json()
    assert [one["name"] for one in roles["data"]] == [full(tenant, "admin", "a")]
    assert roles["next_page"]


def test_a_name_outside_the_grammar_taken_or_owned_makes_no_application(tenant: Tenant) -> None:
    create(tenant)
    for name in ("", "a" * 21, "Viewer", "9a", "a-b", "a_b", "a.b", "ä", "viewer ", "a\n"):
        answer = tenant.call("POST", APPS, {"name": name})
        assert (answer.status_code, answer.json()["field"]) == (422, "name")
    for name in ("viewer", "asm", "iot", "mindsphere", "internal", "workspace"):
        assert tenant.call("POST", APPS, {"name": name}).status_code == 409
    assert [one["name"] for one in tenant.call("GET", APPS).json()["data"]] == ["viewer"]


def test_what_the_workspace_has_named_is_not_taken_over_nor_the_other_way_round(
    tenant: Tenant,
) -> None:
    tenant.define("pumps.read")
    conflict(tenant.call("POST", APPS, {"name": "pumps"}), "pumps.read")
    create(tenant)
    for name in ("viewer.own", "VIEWER.own", full(tenant, "own")):
        assert tenant.call("POST", "/scopes", {"name": name}).status_code == 409


REFUSED = [
    ("launch_url", "http://viewer.example/"),
    ("launch_url", "https://ann:pw@viewer.example/"),
    ("launch_url", "https://viewer.example/#top"),
    ("launch_url", "javascript:alert(1)"),
    ("resource", "viewer"),
    ("resource", "https://viewer.example/#x"),
    ("title", "two\nlines"),
    ("title", " "),
]


def test_a_setting_that_is_refused_is_named_and_nothing_is_written(tenant: Tenant) -> None:
    before = create(tenant)
    for field, value in REFUSED:
        for method, path, body in (("POST", APPS, {"name": "new"}), ("PATCH", VIEWER, {})):
            refused = tenant.call(method, path, {**body, field: value})
            assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert tenant.call("GET", APPS).json()["data"] == [before]


def test_what_is_not_there_is_not_found(tenant: Tenant) -> None:
    create(tenant, "other")
    for path in ("", "/scopes", "/roles", "/roles/user"):
        assert tenant.call("GET", f"{VIEWER}{path}").status_code == 404
    assert tenant.call("POST", f"{VIEWER}/register").status_code == 404
    for path in ("viewer/scopes/viewer.all", "other/scopes/other.x", "other/roles/x"):
        assert tenant.call("DELETE", f"{APPS}/{path}").status_code == 404


# --- scopes and roles ---------------------------------------------------------------------------


def test_a_scope_of_its_own_begins_with_its_name(tenant: Tenant) -> None:
    create(tenant)
    create(tenant, "other")
    for good in ("viewer.all", "viewer.amp.oee.r"):
        answer = tenant.call("POST", f"{VIEWER}/scopes", {"name": good, "description": "All of it"})
        assert (answer.status_code, answer.json()["description"]) == (201, "All of it")
    for bad in ("all", "other.all", "asm.d", "viewer.", ".all", "Viewer.all", "viewer..all"):
        answer = tenant.call("POST", f"{VIEWER}/scopes", {"name": bad})
        assert (answer.status_code, answer.json()["field"]) == (422, "name")
        assert "begins with viewer." in answer.json()["detail"]
    for taken in ("viewer.all", "viewer.ALL"):
        assert tenant.call("POST", f"{VIEWER}/scopes", {"name": taken}).status_code == 409
    own = [scope["name"] for scope in tenant.call("GET", f"{VIEWER}/scopes").json()["data"]]
    assert own == tenant.call("GET", VIEWER).json()["scopes"] == ["viewer.all", "viewer.amp.oee.r"]


def test_roles_are_any_number_and_the_first_ones_can_go_and_come_again(tenant: Tenant) -> None:
    create(tenant)
    for name in ("analytics.adb.user", "Auditor", "9"):
        answer = tenant.call("POST", f"{VIEWER}/roles", {"name": name, "description": "More"})
        assert answer.status_code == 201
        assert answer.json()["name"] == full(tenant, name)
        assert tenant.call("GET", f"{VIEWER}/roles/{name}").json() == answer.json()
    assert tenant.call("DELETE", f"{VIEWER}/roles/admin").status_code == 204
    names = [role["name"] for role in tenant.call("GET", VIEWER).json()["roles"]]
    assert names == ["9", "Auditor", "analytics.adb.user", "user"]
    assert tenant.call("POST", f"{VIEWER}/roles", {"name": "admin"}).status_code == 201
    for taken in ("admin", "ADMIN"):
        assert tenant.call("POST", f"{VIEWER}/roles", {"name": taken}).status_code == 409
    for bad in ("", "a b", ".a", "a:b", "ä", "a" * 120):
        answer = tenant.call("POST", f"{VIEWER}/roles", {"name": bad})
        assert (answer.status_code, answer.json()["field"]) == (422, "name")


def test_core_roles_come_in_by_any_spelling_and_go_with_what_nothing_else_supplies(
    tenant: Tenant,
) -> None:
    create(tenant)
    tenant.call("POST", f"{VIEWER}/scopes", {"name": "viewer.all"})
    alias = "mdsp:core:assetmanagement:reporter"
    for role in ("admin", "user"):
        whole = compose(tenant, role, scopes=["viewer.all"], includes=[alias, TIMES])
        assert whole.json()["includes"] == [READER, TIMES]
        assert effective(whole) == SEVEN
    assert whole.json()["effective"][1]["paths"] == [[READER, full(tenant, "user")]]
    nested = compose(tenant, "admin", includes=[full(tenant, "user"), READER])
    assert effective(nested) == SEVEN
    assert effective(compose(tenant, "user", includes=[TIMES])) == [*SEVEN[-3:]]
    assert effective(tenant.call("GET", f"{VIEWER}/roles/admin")) == SEVEN
    assert effective(compose(tenant, "admin", includes=[])) == ["viewer.all"]
    again = compose(tenant, "admin", scopes=["viewer.all", "viewer.all"])
    assert again.json()["scopes"] == ["viewer.all"]


def test_a_role_says_what_is_named_and_keeps_the_rest(tenant: Tenant) -> None:
    create(tenant)
    compose(tenant, "user", includes=[TIMES], description="Reads")
    said = compose(tenant, "user", description="Looks").json()
    assert (said["description"], said["includes"]) == ("Looks", [TIMES])
    assert compose(tenant, "user", description="x" * 1001).json()["field"] == "description"


@pytest.mark.parametrize("foreign", ["other.all", "asm.r", "iotman:scopes:read", "own:scope"])
def test_scopes_of_others_come_only_with_a_role(tenant: Tenant, foreign: str) -> None:
    tenant.define("own:scope")
    create(tenant)
    running_application(tenant, "other")
    refused = compose(tenant, "user", scopes=[foreign])
    assert (refused.status_code, refused.json()["field"]) == (422, "scopes")
    assert tenant.call("GET", f"{VIEWER}/roles/user").json()["scopes"] == []
    attached = compose(tenant, "user", includes=[full(tenant, "user", "other")])
    assert effective(attached) == ["other.all"]


def test_what_does_not_exist_or_turns_in_a_circle_is_refused(tenant: Tenant) -> None:
    create(tenant)
    for field, unknown in (("scopes", "viewer.none"), ("includes", "mdsp:core:IOT.timUser")):
        refused = tenant.call("PATCH", f"{VIEWER}/roles/user", {field: [unknown]})
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    user, admin = full(tenant, "user"), full(tenant, "admin")
    conflict(compose(tenant, "user", includes=[user]), f"{user} → {user}")
    assert compose(tenant, "user", includes=[admin]).status_code == 200
    conflict(compose(tenant, "admin", includes=[user]), f"{admin} → {user} → {admin}")


def test_two_workspaces_have_two_roles_of_one_name(tenant: Tenant, inside: Running) -> None:
    other = Tenant(inside, catalogues=tenant.catalogues)
    running_application(tenant)
    running_application(other)
    ann = other.person("ann@example.com")
    assert assign(other, ann, full(tenant, "user")) == 404
    assert assign(other, ann, full(other, "user")) == 201


# --- the way in ---------------------------------------------------------------------------------


def test_registering_needs_a_scope_a_role_and_one_that_holds_the_other(tenant: Tenant) -> None:
    create(tenant)
    ann, register = tenant.person("ann@example.com"), f"{VIEWER}/register"
    conflict(tenant.call("POST", register), "no scope of its own")
    tenant.call("POST", f"{VIEWER}/scopes", {"name": "viewer.all"})
    compose(tenant, "user", includes=[TIMES])
    conflict(tenant.call("POST", register), "no role that holds any of its scopes")
    for role in ("admin", "user"):
        tenant.call("DELETE", f"{VIEWER}/roles/{role}")
    conflict(tenant.call("POST", register), "no role of its own")
    tenant.call("POST", f"{VIEWER}/roles", {"name": "user"})
    compose(tenant, "user", scopes=["viewer.all"])
    assert assign(tenant, ann, full(tenant, "user")) == 409
    registered = tenant.call("POST", register)
    assert registered.status_code == 200
    tenant.running.clock.advance(minutes=1)
    assert tenant.call("POST", register).json() == registered.json()
    assert assign(tenant, ann, full(tenant, "user")) == 201


def test_what_changes_in_a_registered_application_counts_at_once(tenant: Tenant) -> None:
    running_application(tenant)
    ann = tenant.person("ann@example.com")
    assign(tenant, ann, full(tenant, "user"))
    key = tenant.key(ann)
    tenant.call("POST", f"{VIEWER}/scopes", {"name": "viewer.more"})
    compose(tenant, "user", scopes=["viewer.all", "viewer.more"], includes=[TIMES])
    now = ["iot.bts.r", "iot.tim.r", "viewer.all", "viewer.more"]
    assert sorted(tenant.held_by(ann)) == now
    bearer = {"authorization": f"Bearer {key}"}
    assert tenant.running.http.request("GET", "/api/whoami", headers=bearer).json()["scopes"] == now
    compose(tenant, "user", scopes=["viewer.more"], includes=[])
    assert tenant.running.http.request("GET", "/api/whoami", headers=bearer).json()["scopes"] == [
        "viewer.more"
    ]


def test_a_registered_application_is_not_left_without_a_way_in(tenant: Tenant) -> None:
    running_application(tenant)
    tenant.call("POST", f"{VIEWER}/scopes", {"name": "viewer.more"})
    ann = tenant.person("ann@example.com")
    assign(tenant, ann, full(tenant, "user"))
    for method, path, body in (
        ("DELETE", f"{VIEWER}/scopes/viewer.all?force=true", None),
        ("DELETE", f"{VIEWER}/roles/user?force=true", None),
        ("PATCH", f"{VIEWER}/roles/user", {"scopes": []}),
    ):
        refused = tenant.call(method, path, body)
        conflict(refused, "registered", "no role that holds any of its scopes")
        assert refused.json()["conflict"] == "viewer"
    assert tenant.held_by(ann) == {"viewer.all"}
    assert tenant.call("DELETE", f"{VIEWER}/scopes/viewer.more").status_code == 204
    conflict(tenant.call("DELETE", f"{VIEWER}/scopes/viewer.all?force=true"), "no scope")
    compose(tenant, "admin", scopes=["viewer.all"])
    assert compose(tenant, "user", scopes=[]).status_code == 200
    assert tenant.call("DELETE", f"{VIEWER}/roles/user?force=true").status_code == 204
    conflict(tenant.call("DELETE", f"{VIEWER}/roles/admin"), "no role of its own")


# --- who may ------------------------------------------------------------------------------------


def test_nobody_puts_into_a_role_what_they_do_not_hold(tenant: Tenant) -> None:
    create(tenant)
    tenant.call("POST", f"{VIEWER}/scopes", {"name": "viewer.all"})
    narrow = tenant.key_with("iotman:applications:update", "iotman:scopes:read")
    path = f"{VIEWER}/roles/user"

    def put(*includes: str) -> httpx.Response:
        body = {"includes": list(includes), "scopes": ["viewer.all"]}
        return tenant.call("PATCH", path, body, bearer=narrow)

    refused = put("iotman:viewer")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "escalation")
    assert "iotman:audit:read" in refused.json()["missing"]
    assert "iotman:scopes:read" not in refused.json()["missing"]
    assert put(READER).status_code == 200
    assert compose(tenant, "admin", includes=["iotman:admin"]).status_code == 200
    assert put(READER, full(tenant, "admin")).status_code == 403
    assert compose(tenant, "user", includes=[READER, "iotman:viewer"]).status_code == 200
    assert put(READER, "iotman:viewer").status_code == 200  # it gives nothing more
    assert put(READER).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{VIEWER}/roles/admin", {"includes": []}),
        ("DELETE", f"{VIEWER}/roles/admin?force=true", None),
        ("DELETE", f"{VIEWER}?force=true", None),
    ],
)
def test_an_invitation_ends_with_what_its_sender_could_give(
    tenant: Tenant, method: str, path: str, body: dict[str, Any] | None
) -> None:
    running_application(tenant)
    compose(tenant, "admin", includes=["iotman:admin"])
    eve = tenant.person("eve@example.com", kind=PrincipalKind.MEMBER)
    tenant.assign(eve, "iotman:viewer")
    assign(tenant, eve, full(tenant, "admin"))
    invitation = {"email": "new@example.com", "role": "viewer"}
    sent = tenant.call("POST", "/members", invitation, bearer=tenant.key(eve))
    assert sent.status_code == 201
    compose(tenant, "admin", description="Everything")
    assert len(tenant.call("GET", "/invitations").json()["data"]) == 1
    assert tenant.call(method, path, body).is_success
    assert tenant.call("GET", "/invitations").json()["data"] == []


# --- deleting -----------------------------------------------------------------------------------


def add_route(tenant: Tenant) -> None:
    now = tenant.running.clock()
    with tenant.running.database.write() as tx:
        workspaces.touch(tx, tenant.id, ChangeKind.VOCABULARY, "viewer", at=now)
        (viewer, *_) = [
            one for one in applications.of_workspace(tx, tenant.id) if one.name == "viewer"
        ]
        route = GatewayRoute(
            new_id("gwr"), viewer.id, "viewer.example", "/**", frozenset(),
            frozenset({"viewer.all"}), frozenset({"browser"}), False, now,
        )  # fmt: skip
        gateway_routes.add(tx, tenant.id, route=route)


def test_deleting_names_who_is_affected_and_takes_everything_when_that_is_meant(
    tenant: Tenant,
) -> None:
    running_application(tenant)
    running_application(tenant, "other")
    assert tenant.call("DELETE", f"{APPS}/other").status_code == 204  # nobody has anything of it
    running_application(tenant, "other")
    user = full(tenant, "user")
    compose(tenant, "admin", includes=[user])
    compose(tenant, "user", "other", includes=[user])
    ann, ben = tenant.person("ann@example.com"), tenant.person("ben@example.com")
    assign(tenant, ann, user)
    tenant.call("POST", "/end-users/ben@example.com/scopes", {"scope": "viewer.all"})
    add_route(tenant)
    refused = tenant.call("DELETE", VIEWER)
    assert refused.status_code == 409
    assert set(refused.json()["conflict"]) == {
        "end-user ann@example.com",
        "end-user ben@example.com",
        f"role {full(tenant, 'user', 'other')}",
        "route viewer: viewer.example/**",
    }
    assert tenant.held_by(ann) == tenant.held_by(ben) == {"viewer.all"}

    assert tenant.call("DELETE", f"{VIEWER}?force=true").status_code == 204
    assert tenant.call("GET", VIEWER).status_code == 404
    assert tenant.held_by(ann) == tenant.held_by(ben) == frozenset()
    assert tenant.call("GET", f"{APPS}/other/roles/user").json()["includes"] == []
    with tenant.running.database.read() as tx:
        assert gateway_routes.of_workspace(tx, tenant.id) == []
    create(tenant)  # the name is free again, and nobody has anything of the new one
    tenant.call("POST", f"{VIEWER}/scopes", {"name": "viewer.all"})
    compose(tenant, "user", scopes=["viewer.all"])
    assert tenant.held_by(ann) == tenant.held_by(ben) == frozenset()


def test_another_application_is_not_left_without_a_way_in_either(tenant: Tenant) -> None:
    running_application(tenant)
    running_application(tenant, "other")
    tenant.call("POST", "/roles", {"name": "team", "scopes": ["other.all"]})
    compose(tenant, "user", includes=["team"])
    compose(tenant, "user", "other", includes=[full(tenant, "user")])
    assert compose(tenant, "user", "other", scopes=[]).status_code == 200
    conflict(tenant.call("DELETE", f"{VIEWER}?force=true"), "application other is registered")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("roles/user", "end-user ann@example.com"),
        ("roles/user", "role"),
        ("scopes/viewer.all", "endpoint Field"),
        ("scopes/viewer.all", "role"),
    ],
)
def test_a_part_that_is_in_use_goes_only_when_that_is_meant(
    tenant: Tenant, path: str, named: str
) -> None:
    create(tenant)
    tenant.call("POST", f"{VIEWER}/scopes", {"name": "viewer.all"})
    compose(tenant, "user", scopes=["viewer.all"])
    compose(tenant, "admin", includes=[full(tenant, "user")])
    ann = tenant.person("ann@example.com")
    tenant.assign(ann, full(tenant, "user"))
    tenant.call("POST", "/endpoints", {"name": "Field", "write_scope": "viewer.all"})
    refused = tenant.call("DELETE", f"{VIEWER}/{path}")
    assert refused.status_code == 409
    assert any(name.startswith(named) for name in refused.json()["conflict"])
    assert tenant.held_by(ann) == {"viewer.all"}
    assert tenant.call("DELETE", f"{VIEWER}/{path}?force=true").status_code == 204
    assert tenant.held_by(ann) == frozenset()
    assert tenant.call("GET", f"{VIEWER}/roles/admin").json()["effective"] == []


# --- its resource -------------------------------------------------------------------------------


def test_a_resource_belongs_to_one(tenant: Tenant) -> None:
    mine, theirs = "https://viewer.example/api", "https://pumps.example"
    tenant.call("PATCH", "", {"policy": {"resources": {theirs: []}}})
    issuer = tenant.call("GET", "").json()["issuer"]
    for foreign in (theirs, issuer, f"{issuer}/mcp", f"{issuer}/other", issuer.upper()):
        assert tenant.call("POST", APPS, {"name": "viewer", "resource": foreign}).status_code == 409
    create(tenant, resource=mine)
    assert tenant.call("POST", APPS, {"name": "other", "resource": mine}).status_code == 409
    create(tenant, "other")
    assert tenant.call("PATCH", f"{APPS}/other", {"resource": mine}).status_code == 409
    declared = tenant.call("PATCH", "", {"policy": {"resources": {mine: []}}})
    assert (declared.status_code, declared.json()["field"]) == (422, "resources")
    assert tenant.call("PATCH", VIEWER, {"resource": mine, "title": "V"}).status_code == 200
    assert tenant.call("PATCH", VIEWER, {"resource": None}).json()["resource"] is None
    assert tenant.call("PATCH", f"{APPS}/other", {"resource": mine}).json()["resource"] == mine


# --- what is left behind ------------------------------------------------------------------------


def test_every_change_is_in_the_audit_log_and_among_the_revisions(tenant: Tenant) -> None:
    running_application(tenant)
    tenant.call("PATCH", VIEWER, {"title": "V"})
    tenant.call("DELETE", f"{VIEWER}/roles/admin")
    tenant.call("DELETE", f"{VIEWER}?force=true")
    events = tenant.call("GET", "/audit").json()["data"]
    told = [(one["operation"], one["target"]) for one in reversed(events)]
    user, admin = full(tenant, "user"), full(tenant, "admin")
    assert told == [
        ("applications:create", "viewer"),
        ("applications:update", "viewer.all"),
        ("applications:update", user),
        ("applications:update", "viewer"),
        ("applications:update", "viewer"),
        ("applications:update", admin),
        ("applications:delete", "viewer"),
    ]
    assert events[3]["details"]["before"]["registered"] is False
    assert events[3]["details"]["after"]["registered"] is True
    with tenant.running.database.read() as tx:
        kept = revisions.page(tx, tenant.id, Window()).items
    changes = [(one.name, one.before is None, one.after is None) for one in kept]
    assert Counter(changes) == Counter([
        (admin, True, False), (user, True, False), ("viewer.all", True, False),
        (user, False, False), (admin, False, True),
        (user, False, True), ("viewer.all", False, True),
    ])  # fmt: skip


def test_a_workspace_has_no_more_and_no_deeper_roles_than_its_limits(tenant: Tenant) -> None:
    create(tenant)
    services = tenant.running.application.services
    few = Limits(roles=2, depth=2)
    here, own = (
        replace(services.applications, limits=few),
        replace(services.application_roles, limits=few),
    )
    with tenant.running.database.read() as tx:
        words = vocabulary.here(tx, tenant.id, services.scopes.catalogues)
    caller = Caller(tenant.admin, tenant.held_by(tenant.admin), words, "api_key")
    with pytest.raises(Conflict, match="at most 2 roles"):
        here.create(caller, name="other", settings={})
    with pytest.raises(Conflict, match="at most 2 roles"):
        own.define(caller, application="viewer", name="third", description=None)
    own.change(caller, application="viewer", name="user", contents=RoleContents(includes=[TIMES]))
    deeper = RoleContents(includes=[full(tenant, "user")])
    with pytest.raises(Conflict, match="at most 2 deep"):
        own.change(caller, application="viewer", name="admin", contents=deeper)
    assert [one["name"] for one in tenant.call("GET", APPS).json()["data"]] == ["viewer"]
