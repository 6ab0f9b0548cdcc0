"""Revisions over HTTP: every change is remembered, and undone once with all that it took."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from scopewright.core.model import ChangeKind
from scopewright.store import principals, workspaces
from tests.inprocess import Running, Tenant

MISSING = "mdsp:core:dvcinv.readonly"


def revisions(tenant: Tenant) -> list[Any]:
    """All changes, newest first."""
    answer = tenant.call("GET", "/revisions?limit=1000")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def undo(tenant: Tenant, revision: Any, status: int = 200, **more: Any) -> Any:
    answer = tenant.call("POST", f"/revisions/{revision['id']}/undo", **more)
    assert answer.status_code == status, answer.text
    return answer.json()


def define(tenant: Tenant, name: str, *scopes: str, includes: tuple[str, ...] = ()) -> None:
    body = {"name": name, "scopes": list(scopes), "includes": list(includes)}
    assert tenant.call("POST", "/roles", body).status_code == 201


def remove(tenant: Tenant, id: str) -> None:
    """Remove a principal beneath the API."""
    with tenant.running.database.write() as tx:
        workspaces.touch(tx, tenant.id, ChangeKind.PRINCIPAL, id, at=tenant.running.clock())
        principals.remove(tx, id)


@pytest.fixture
def mindsphere(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


def test_every_change_is_listed_newest_first_with_before_and_after(mindsphere: Tenant) -> None:
    tenant = mindsphere
    tenant.call("POST", "/scopes", {"name": "a:r", "description": "Read."})
    define(tenant, "mine", "a:r")
    tenant.call("PATCH", "/roles/mine", {"scopes": []})
    tenant.call("PATCH", "/roles/mine", {})  # changes nothing
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "mine"})
    tenant.call("DELETE", f"/role-mappings/{MISSING}")
    tenant.call("DELETE", "/roles/mine")
    tenant.call("PATCH", "/scopes/a:r", {"implies": ["asm.r"]})
    tenant.call("DELETE", "/scopes/a:r")
    role = {"description": "", "application": None, "scopes": [], "includes": []}
    scope = {"description": "Read.", "application": None, "implies": []}
    told = [(r["kind"], r["name"], r["before"], r["after"]) for r in revisions(tenant)]
    assert told == [
        ("scope", "a:r", scope | {"implies": ["asm.r"]}, None),
        ("scope", "a:r", scope, scope | {"implies": ["asm.r"]}),
        ("role", "mine", role, None),
        ("mapping", MISSING, {"role": "mine"}, None),
        ("mapping", MISSING, None, {"role": "mine"}),
        ("role", "mine", role | {"scopes": ["a:r"]}, role),
        ("role", "mine", None, role | {"scopes": ["a:r"]}),
        ("scope", "a:r", None, scope),
    ]
    assert {r["actor"] for r in revisions(tenant)} == {tenant.admin.id}
    assert {r["undone_at"] for r in revisions(tenant)} == {None}


def test_each_change_can_be_undone_back_to_the_beginning(mindsphere: Tenant) -> None:
    tenant = mindsphere
    before = tenant.call("GET", "/vocabulary").json()
    define(tenant, "inner", "asm.r")
    define(tenant, "mine", "asm.c", includes=("inner",))
    tenant.call("PATCH", "/roles/mine", {"includes": [], "description": "Other."})
    tenant.call("POST", "/scopes", {"name": "a:r", "implies": ["asm.r"]})
    tenant.call("PATCH", "/scopes/a:r", {"implies": []})
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "mine"})
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "inner"})
    tenant.call("DELETE", f"/role-mappings/{MISSING}")
    for revision in revisions(tenant):
        assert undo(tenant, revision)["undone_at"] is not None
    assert tenant.call("GET", "/vocabulary").json() == before


def test_a_change_is_undone_once_and_undoing_is_a_change_that_can_be_undone(
    tenant: Tenant,
) -> None:
    tenant.define("a:r", "b:r")
    define(tenant, "mine", "a:r")
    tenant.call("PATCH", "/roles/mine", {"scopes": ["b:r"]})
    change, undone = revisions(tenant)[0], undo(tenant, revisions(tenant)[0])
    undone_at = datetime.fromisoformat(undone["undone_at"])
    assert (undone["id"], undone_at) == (change["id"], tenant.running.clock())
    undo(tenant, change, 409)
    undoing, original, _ = revisions(tenant)
    assert (original["undone_at"], undoing["undone_at"]) == (undone["undone_at"], None)
    undo(tenant, undoing)
    assert tenant.call("GET", "/roles/mine").json()["scopes"] == ["b:r"]
    undo(tenant, change, 409)


def test_what_has_been_changed_since_is_not_undone(tenant: Tenant) -> None:
    tenant.define("a:r")
    define(tenant, "mine")
    tenant.call("PATCH", "/roles/mine", {"description": "One."})
    change = revisions(tenant)[0]
    tenant.call("PATCH", "/roles/mine", {"description": "Two."})
    assert undo(tenant, change, 409)["conflict"] == "mine"
    tenant.call("PATCH", "/roles/mine", {"description": "One."})
    undo(tenant, change)


def test_undoing_a_deletion_brings_the_role_back_to_all_who_had_it_and_are_still_there(
    tenant: Tenant,
) -> None:
    tenant.define("a:r")
    define(tenant, "inner", "a:r")
    define(tenant, "outer", includes=("inner",))
    define(tenant, "other", includes=("inner",))
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    eve, group = tenant.person("eve@example.com"), tenant.group("crew")
    for principal in (ann, bob, group):
        tenant.assign(principal, "inner")
    tenant.assign(eve, "outer")
    assert tenant.call("DELETE", "/roles/inner?force=true").status_code == 204
    deletion = revisions(tenant)[0]
    assert deletion["taken"] == {
        "assignments": 3, "grants": 0, "roles": ["other", "outer"], "scopes": [], "includes": [],
    }  # fmt: skip
    assert set(deletion["before"]) == {"description", "application", "scopes", "includes"}
    remove(tenant, bob.id)
    tenant.call("DELETE", "/roles/other")
    undo(tenant, deletion)
    assert [tenant.held_by(who) for who in (ann, group, eve)] == [{"a:r"}] * 3
    assert tenant.call("GET", "/roles/outer").json()["includes"] == ["inner"]
    assert tenant.call("GET", "/roles/other").status_code == 404
    roles = tenant.call("GET", f"/principals/{ann.id}/roles").json()["data"]
    assert [(r["role"], r["assigned_by"]) for r in roles] == [("inner", tenant.admin.id)]


def test_undoing_a_deletion_brings_the_scope_back_with_grants_roles_and_implications(
    tenant: Tenant,
) -> None:
    tenant.define("a:r")
    tenant.call("POST", "/scopes", {"name": "a:w", "implies": ["a:r"]})
    define(tenant, "reader", "a:r")
    ann, bob, eve = (tenant.person(f"{who}@example.com") for who in ("ann", "bob", "eve"))
    tenant.grant(ann, "a:r")
    tenant.assign(bob, "reader")
    tenant.grant(eve, "a:w")
    assert tenant.call("DELETE", "/scopes/a:r?force=true").status_code == 204
    deletion = revisions(tenant)[0]
    assert deletion["taken"] == {
        "assignments": 0, "grants": 1, "roles": ["reader"], "scopes": ["a:w"], "includes": [],
    }  # fmt: skip
    assert [tenant.held_by(who) for who in (ann, bob, eve)] == [set(), set(), {"a:w"}]
    undo(tenant, deletion)
    assert [tenant.held_by(who) for who in (ann, bob, eve)] == [{"a:r"}, {"a:r"}, {"a:r", "a:w"}]


def test_undoing_a_deletion_brings_back_what_the_role_stood_for(mindsphere: Tenant) -> None:
    define(mindsphere, "mine", "sinv.r")
    mindsphere.call("PUT", f"/role-mappings/{MISSING}", {"role": "mine"})
    mindsphere.call("DELETE", "/roles/mine?force=true")
    undo(mindsphere, revisions(mindsphere)[0])
    mappings = mindsphere.call("GET", "/role-mappings").json()["data"]
    assert mappings == [{"include": MISSING, "role": "mine"}]


def test_what_was_made_and_is_in_use_is_not_undone(tenant: Tenant) -> None:
    tenant.call("POST", "/scopes", {"name": "a:r"})
    define(tenant, "inner")
    define(tenant, "outer", includes=("inner",))
    ann = tenant.person("ann@example.com")
    made_outer, made_inner, made_scope = revisions(tenant)
    tenant.assign(ann, "outer")
    tenant.grant(ann, "a:r")
    assert undo(tenant, made_outer, 409)["conflict"] == ["end-user ann@example.com"]
    assert undo(tenant, made_inner, 409)["conflict"] == ["role outer"]
    assert undo(tenant, made_scope, 409)["conflict"] == ["end-user ann@example.com"]
    assert tenant.held_by(ann) == {"a:r"}


def test_undoing_never_closes_a_circle_nor_passes_a_name_that_is_taken(tenant: Tenant) -> None:
    define(tenant, "one")
    define(tenant, "two", includes=("one",))
    tenant.call("PATCH", "/roles/two", {"includes": []})
    took_out = revisions(tenant)[0]
    tenant.call("PATCH", "/roles/one", {"includes": ["two"]})
    assert undo(tenant, took_out, 409)["conflict"] == ["two", "one", "two"]
    define(tenant, "three")
    tenant.call("DELETE", "/roles/three")
    deletion = revisions(tenant)[0]
    tenant.call("POST", "/scopes", {"name": "THREE"})
    assert undo(tenant, deletion, 409)["conflict"] == "THREE"


def test_what_names_something_that_is_gone_waits_for_it(tenant: Tenant) -> None:
    tenant.define("a:r")
    define(tenant, "mine", "a:r")
    tenant.call("PATCH", "/roles/mine", {"scopes": []})
    took_out = revisions(tenant)[0]
    tenant.call("DELETE", "/scopes/a:r")
    deletion = revisions(tenant)[0]
    assert undo(tenant, took_out, 409)["conflict"] == ["a:r"]
    undo(tenant, deletion)
    undo(tenant, took_out)


def test_nobody_brings_back_what_they_do_not_hold(mindsphere: Tenant) -> None:
    tenant = mindsphere
    define(tenant, "keys", "iotman:keys:rotate")
    tenant.call("PATCH", "/roles/keys", {"scopes": []})
    took_out = revisions(tenant)[0]
    tenant.call("POST", "/scopes", {"name": "sly", "implies": ["iotman:keys:rotate"]})
    tenant.call("DELETE", "/scopes/sly")
    deleted_scope = revisions(tenant)[0]
    define(tenant, "other", "iotman:keys:rotate")
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "other"})
    tenant.call("DELETE", f"/role-mappings/{MISSING}")
    unmapped = revisions(tenant)[0]
    define(tenant, "third", "iotman:keys:rotate")
    tenant.call("DELETE", "/roles/third")
    deleted_role = revisions(tenant)[0]
    narrow = tenant.key_with("iotman:roles:update")
    for revision in (took_out, deleted_scope, unmapped, deleted_role):
        problem = undo(tenant, revision, 403, bearer=narrow)
        assert problem["missing"] == ["iotman:keys:rotate"]
    for revision in (took_out, deleted_scope, unmapped, deleted_role):
        undo(tenant, revision)


def test_what_takes_only_may_be_undone_by_whoever_may_undo(tenant: Tenant) -> None:
    define(tenant, "mine")
    tenant.call("PATCH", "/roles/mine", {"scopes": ["iotman:keys:rotate"]})
    undo(tenant, revisions(tenant)[0], bearer=tenant.key_with("iotman:roles:update"))


def test_a_change_of_another_workspace_or_none_is_not_found(tenant: Tenant) -> None:
    define(tenant, "mine")
    change = revisions(tenant)[0]
    assert undo(Tenant(tenant.running), change, 404)["status"] == 404
    undo(tenant, {"id": "rev_0"}, 404)


def test_the_part_of_an_application_comes_back_while_the_application_is_there(
    tenant: Tenant,
) -> None:
    for name in ("viewer", "pumps"):
        tenant.call("POST", "/applications", {"name": name})
        tenant.call("POST", f"/applications/{name}/scopes", {"name": f"{name}.all"})
        tenant.call("DELETE", f"/applications/{name}/scopes/{name}.all")
    of_pumps = revisions(tenant)[0]
    of_viewer = next(r for r in revisions(tenant) if r["name"] == "viewer.all")
    tenant.call("DELETE", "/applications/pumps?force=true")
    undo(tenant, of_viewer)
    assert tenant.call("GET", "/scopes/viewer.all").status_code == 200
    assert undo(tenant, of_pumps, 409)["conflict"] == ["pumps"]
