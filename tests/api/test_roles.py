"""Roles over HTTP: defined, composed, explained, limited; nobody puts in what they do not hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from scopewright.store import audit
from scopewright.store.pages import Window
from tests.inprocess import Running, Tenant, running

WHO_COMPOSES = ("iotman:roles:create", "iotman:roles:update", "iotman:roles:read")


def define(tenant: Tenant, name: str, *scopes: str, includes: tuple[str, ...] = ()) -> Any:
    body = {"name": name, "scopes": list(scopes), "includes": list(includes)}
    answer = tenant.call("POST", "/roles", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def shown(tenant: Tenant, name: str) -> Any:
    answer = tenant.call("GET", f"/roles/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def scopes_of(tenant: Tenant, name: str) -> set[str]:
    return {each["scope"] for each in shown(tenant, name)["effective"]}


def refused(tenant: Tenant, method: str, path: str, body: Any, status: int, **more: Any) -> Any:
    """The problem of a call, after which no role is other than it was."""
    before = tenant.call("GET", "/roles?limit=1000").json()
    answer = tenant.call(method, path, body, **more)
    assert answer.status_code == status, answer.text
    assert tenant.call("GET", "/roles?limit=1000").json() == before
    return answer.json()


@pytest.fixture
def mindsphere(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


# --- defining and showing -----------------------------------------------------------------------


def test_a_role_is_defined_and_shown_with_all_that_it_comes_to_and_the_ways(tenant: Tenant) -> None:
    tenant.define("sensor:read", "pump:write")
    tenant.call("POST", "/scopes", {"name": "pump:admin", "implies": ["pump:write"]})
    define(tenant, "reader", "sensor:read")
    defined = tenant.call(
        "POST",
        "/roles",
        {
            "name": "crew", "description": " On duty ", "scopes": ["pump:admin"],
            "includes": ["reader"],
        },
    )  # fmt: skip
    assert defined.status_code == 201
    assert defined.json() == {
        "name": "crew",
        "description": "On duty",
        "owner": "workspace",
        "application": None,
        "resource": None,
        "scopes": ["pump:admin"],
        "includes": ["reader"],
        "requires": [],
        "effective": [
            {"scope": "pump:admin", "paths": [["crew"]], "more": False},
            {"scope": "pump:write", "paths": [["pump:admin", "crew"]], "more": False},
            {"scope": "sensor:read", "paths": [["reader", "crew"]], "more": False},
        ],
        "missing": [],
    }
    assert shown(tenant, "crew") == defined.json()


def test_roles_are_listed_by_name_and_in_pages_with_what_they_say_themselves(
    tenant: Tenant,
) -> None:
    tenant.define("sensor:read")
    for name in ("c", "a", "b"):
        define(tenant, name, "sensor:read")
    first = tenant.call("GET", "/roles?limit=2").json()
    split = urlsplit(first["next_page"])
    path = split.path.partition(tenant.id)[2]
    second = tenant.call("GET", f"{path}?{split.query}").json()
    assert [row["name"] for row in first["data"] + second["data"]] == ["a", "b", "c"]
    assert second["next_page"] is None
    assert first["data"][0] == {
        "name": "a", "description": "", "owner": "workspace", "application": None,
        "resource": None, "scopes": ["sensor:read"], "includes": [], "requires": [],
    }  # fmt: skip


def test_own_roles_stand_in_the_vocabulary_beside_the_catalogues(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    define(tenant, "reader", "sensor:read")
    own = tenant.call("GET", "/vocabulary").json()["catalogues"][-1]
    assert own["name"] == "workspace"
    assert [(role["name"], role["scopes"]) for role in own["roles"]] == [
        ("reader", ["sensor:read"])
    ]
    assert tenant.call("GET", "/scopes/sensor:read").json()["roles"] == ["reader"]


def test_a_catalogues_role_is_shown_by_any_spelling_and_never_changed(mindsphere: Tenant) -> None:
    name = "mdsp:core:assetmanagement.reporter"
    by_alias = shown(mindsphere, "mdsp:core:assetmanagement:reporter")
    assert by_alias == shown(mindsphere, name)
    assert (by_alias["name"], by_alias["owner"]) == (name, "mindsphere")
    for spelling in (name, "mdsp:core:assetmanagement:reporter"):
        refused(mindsphere, "PATCH", f"/roles/{spelling}", {"scopes": []}, 403)
        refused(mindsphere, "DELETE", f"/roles/{spelling}?force=true", None, 403)
    refused(mindsphere, "PATCH", "/roles/iotman:viewer", {"scopes": []}, 403)


def test_an_include_may_be_spelled_in_any_way_and_is_kept_in_one(mindsphere: Tenant) -> None:
    alias, name = "mdsp:core:assetmanagement:reporter", "mdsp:core:assetmanagement.reporter"
    assert define(mindsphere, "mine", includes=(alias, name))["includes"] == [name]
    assert scopes_of(mindsphere, "mine") == {"asm.f.r", "asm.r", "atm.apt.r", "atm.r"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("x" * 128, 201), ("a.b:c-d_e", 201), ("0", 201), ("Crew", 201),
        ("x" * 129, 422), ("", 422), (".a", 422), ("a:", 422), ("a b", 422), ("a/b", 422),
        ("openid", 422), ("Inherit", 422), ("ärger", 422),
        ("iotman:crew", 409), ("IOTMAN:crew", 409), ("iotman:viewer", 409),
        ("taken", 409), ("sensor:read", 409), ("TAKEN", 409), ("Sensor:Read", 409),
    ],
)  # fmt: skip
def test_names_at_the_borders_of_the_grammar_and_of_what_is_free(
    tenant: Tenant, name: str, status: int
) -> None:
    tenant.define("sensor:read")
    define(tenant, "taken")
    if status == 201:
        assert define(tenant, name)["name"] == name
    else:
        problem = refused(tenant, "POST", "/roles", {"name": name}, status)
        assert problem.get("field", "name") == "name"
        assert status == 422 or problem["conflict"] in ("internal", "taken", "sensor:read")


def test_a_name_that_differs_by_letter_case_only_is_refused_and_says_from_what(
    tenant: Tenant,
) -> None:
    define(tenant, "Crew")
    for noun in ("roles", "scopes"):
        problem = tenant.call("POST", f"/{noun}", {"name": "crew"}).json()
        assert (problem["status"], problem["conflict"]) == (409, "Crew")
    tenant.define("a:B")
    assert tenant.call("POST", "/scopes", {"name": "A:b"}).json()["conflict"] == "a:B"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["gone"]}, "scopes"),
        ({"scopes": ["inner"]}, "scopes"),
        ({"includes": ["gone"]}, "includes"),
        ({"includes": ["sensor:read"]}, "includes"),
        ({"includes": ["iotman:Viewer"]}, "includes"),
        ({"includes": [""]}, "includes"),
        ({"description": "x" * 1001}, "description"),
    ],
)
def test_what_does_not_exist_is_refused_by_name_and_field(
    tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    tenant.define("sensor:read")
    define(tenant, "inner")
    for method, path in (("POST", "/roles"), ("PATCH", "/roles/inner")):
        sent = body | ({"name": "new"} if method == "POST" else {})
        problem = refused(tenant, method, path, sent, 422)
        assert problem["field"] == field
        assert field == "description" or f" {body[field][0]} " in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": "sensor:read"}, {"scopes": [1]}, {"scopes": {}}, {"includes": [["a"]]},
        {"scopes": ["s"] * 1001}, {"includes": ["r"] * 1001}, {"owner": "internal"},
        {"application": "viewer"}, {"requires": []},
    ],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(tenant: Tenant, body: dict[str, Any]) -> None:
    define(tenant, "inner")
    refused(tenant, "PATCH", "/roles/inner", body, 422)
    refused(tenant, "POST", "/roles", {"name": "new", **body}, 422)


def test_what_is_not_there_is_not_found(tenant: Tenant) -> None:
    assert tenant.call("GET", "/roles/nobody").status_code == 404
    assert tenant.call("PATCH", "/roles/nobody", {}).status_code == 404
    assert tenant.call("DELETE", "/roles/nobody").status_code == 404


# --- changing -----------------------------------------------------------------------------------


def test_a_change_replaces_the_lists_that_it_names_and_leaves_the_rest(tenant: Tenant) -> None:
    tenant.define("a:r", "b:r")
    define(tenant, "inner", "b:r")
    define(tenant, "mine", "a:r", "b:r", includes=("inner",))
    changed = tenant.call("PATCH", "/roles/mine", {"scopes": ["a:r"]})
    assert (changed.status_code, changed.json()["scopes"]) == (200, ["a:r"])
    assert changed.json()["includes"] == ["inner"]
    assert scopes_of(tenant, "mine") == {"a:r", "b:r"}  # b:r by the other way still
    tenant.call("PATCH", "/roles/mine", {"includes": [], "description": "less"})
    assert scopes_of(tenant, "mine") == {"a:r"}
    assert tenant.call("PATCH", "/roles/mine", {}).json()["description"] == "less"


def test_a_change_counts_at_once_for_everybody_who_has_the_role(tenant: Tenant) -> None:
    tenant.define("a:r", "b:r")
    define(tenant, "inner", "a:r")
    define(tenant, "outer", includes=("inner",))
    ann = tenant.person("ann@example.com")
    bob = tenant.person("bob@example.com")
    tenant.assign(ann, "outer")
    tenant.assign(tenant.group("crew", bob), "inner")
    key = tenant.key(ann)

    def held() -> list[str]:
        me = tenant.call("GET", "/principals/me", bearer=key).json()
        return [each["scope"] for each in me["held"]]

    assert held() == ["a:r"]
    tenant.call("PATCH", "/roles/inner", {"scopes": ["b:r"]})
    assert held() == ["b:r"]
    assert tenant.held_by(bob) == {"b:r"}


def test_a_role_that_would_contain_itself_over_three_steps_is_refused_with_the_path(
    tenant: Tenant,
) -> None:
    define(tenant, "one")
    define(tenant, "two", includes=("one",))
    define(tenant, "three", includes=("two",))
    problem = refused(tenant, "PATCH", "/roles/one", {"includes": ["three"]}, 409)
    assert problem["conflict"] == ["one", "three", "two", "one"]
    assert "one → three → two → one" in problem["detail"]
    problem = refused(tenant, "PATCH", "/roles/one", {"includes": ["one"]}, 409)
    assert problem["conflict"] == ["one", "one"]
    refused(tenant, "POST", "/roles", {"name": "four", "includes": ["four"]}, 409)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An application with narrow limits."""
    folder = tmp_path_factory.mktemp("limited")
    url, limits = f"sqlite:///{folder / 'scopewright.db'}", {"roles": 10, "role_depth": 4}
    with running(url, folder, limits=limits) as started:
        yield started


def undo_newest(tenant: Tenant) -> str:
    """The path that undoes the newest change."""
    (newest,) = tenant.call("GET", "/revisions?limit=1").json()["data"]
    return f"/revisions/{newest['id']}/undo"


def test_how_deep_roles_stand_is_limited_in_every_way_with_the_figure(limited: Running) -> None:
    tenant = Tenant(limited)
    tenant.role("holed", includes=("gone",))
    define(tenant, "r1")
    for n in range(2, 5):
        define(tenant, f"r{n}", includes=(f"r{n - 1}",))
    define(tenant, "below")
    tenant.call("PATCH", "/roles/r4", {"includes": []})
    undo = undo_newest(tenant)
    tenant.call("PATCH", "/roles/r1", {"includes": ["below"]})
    for method, path, body in (
        ("POST", "/roles", {"name": "new", "includes": ["r3"]}),
        ("PATCH", "/roles/r4", {"includes": ["r3"]}),
        ("PATCH", "/roles/below", {"includes": ["r4"]}),  # deep from above
        ("POST", "/preview", {"roles": {"r4": {"includes": ["r3"]}}}),
        ("PUT", "/role-mappings/gone", {"role": "r3"}),
        ("POST", undo, None),
    ):
        problem = refused(tenant, method, path, body, 409)
        assert (problem["conflict"], problem["limit"]) == ("limits.role_depth", 4)
        assert "4 deep" in problem["detail"]


def test_the_number_of_roles_is_limited_in_every_way_with_the_figure(limited: Running) -> None:
    tenant = Tenant(limited)
    for n in range(10):
        define(tenant, f"flat{n}")
    tenant.call("DELETE", "/roles/flat0")
    undo = undo_newest(tenant)
    define(tenant, "tenth")
    for method, path, body in (
        ("POST", "/roles", {"name": "eleventh"}),
        ("POST", "/preview", {"roles": {"eleventh": {}}}),
        ("POST", undo, None),
    ):
        problem = refused(tenant, method, path, body, 409)
        assert (problem["conflict"], problem["limit"]) == ("limits.roles", 10)
        assert "10 roles" in problem["detail"]
    tenant.call("DELETE", "/roles/tenth")
    assert tenant.call("POST", undo).status_code == 200


def test_an_applications_role_is_changed_where_the_application_is(tenant: Tenant) -> None:
    tenant.call("POST", "/applications", {"name": "viewer"})
    tenant.call("POST", "/applications/viewer/scopes", {"name": "viewer.all"})
    name = "viewer.user"
    assert shown(tenant, name)["owner"] == shown(tenant, name)["application"] == "viewer"
    for method in ("PATCH", "DELETE"):
        body = {} if method == "PATCH" else None
        assert refused(tenant, method, f"/roles/{name}", body, 409)["conflict"] == "viewer"
        answer = tenant.call(method, "/scopes/viewer.all", body)
        assert (answer.status_code, answer.json()["conflict"]) == (409, "viewer")
    for noun in ("roles", "scopes"):
        answer = tenant.call("POST", f"/{noun}", {"name": "viewer.mine"})
        assert answer.json()["conflict"] == "the application viewer"
    assert define(tenant, "mine", "viewer.all", includes=(name,))["includes"] == [name]


# --- who may ------------------------------------------------------------------------------------


def test_nobody_puts_into_a_role_what_they_do_not_hold(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    define(tenant, "keys", "iotman:keys:rotate")
    define(tenant, "mine", "sensor:read")
    tenant.call("POST", "/scopes", {"name": "sly", "implies": ["iotman:keys:rotate"]})
    narrow = tenant.key_with(*WHO_COMPOSES)
    for body in (
        {"scopes": ["sensor:read", "iotman:keys:rotate"]},
        {"scopes": ["sly"]},
        {"includes": ["keys"]},
    ):
        for method, path in (("POST", "/roles"), ("PATCH", "/roles/mine")):
            sent = body | ({"name": "new"} if method == "POST" else {})
            problem = refused(tenant, method, path, sent, 403, bearer=narrow)
            assert problem["missing"] == ["iotman:keys:rotate"]
    allowed = {"scopes": ["sensor:read", "iotman:roles:read"]}
    assert tenant.call("PATCH", "/roles/mine", allowed, bearer=narrow).status_code == 200


def test_what_a_role_holds_already_may_stay_whoever_changes_the_rest(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    define(tenant, "inner")
    define(tenant, "mine", "iotman:keys:rotate", includes=("iotman:viewer",))
    narrow = tenant.key_with(*WHO_COMPOSES)
    body = {"scopes": ["iotman:keys:rotate", "sensor:read"], "includes": ["iotman:viewer", "inner"]}
    assert tenant.call("PATCH", "/roles/mine", body, bearer=narrow).status_code == 200
    tenant.call("PATCH", "/roles/mine", {"scopes": []}, bearer=narrow)
    problem = refused(tenant, "PATCH", "/roles/mine", body, 403, bearer=narrow)
    assert problem["missing"] == ["iotman:keys:rotate"]


def test_whoever_loses_rights_by_a_change_of_a_role_has_their_invitations_cancelled(
    tenant: Tenant,
) -> None:
    define(tenant, "inviting", "iotman:members:create", "iotman:members:read")
    client, _ = tenant.client()
    tenant.assign(client, "inviting")
    key = tenant.key(client)
    invited = tenant.call("POST", "/members", {"email": "new@example.com", "role": "viewer"})
    assert invited.is_success
    tenant.assign(client, "iotman:viewer")
    by_client = {"email": "other@example.com", "role": "viewer"}
    assert tenant.call("POST", "/members", by_client, bearer=key).is_success
    tenant.call("PATCH", "/roles/inviting", {"scopes": ["iotman:members:read"]})
    left = tenant.call("GET", "/invitations").json()["data"]
    assert [each["email"] for each in left] == ["new@example.com"]


def test_every_change_of_a_role_is_in_the_audit_log_with_values_before_and_after(
    tenant: Tenant,
) -> None:
    define(tenant, "mine")
    tenant.call("PATCH", "/roles/mine", {"description": "new"})
    tenant.call("DELETE", "/roles/mine")
    with tenant.running.database.read() as tx:
        events = audit.page(tx, tenant.id, window=Window()).items
    told = {"application": None, "scopes": [], "includes": []}
    assert [(e.operation, e.details.get("before"), e.details.get("after")) for e in events] == [
        ("roles:delete", {"description": "new"} | told, None),
        ("roles:update", {"description": ""} | told, {"description": "new"} | told),
        ("roles:create", None, {"description": ""} | told),
    ]


# --- deleting -----------------------------------------------------------------------------------


def test_deleting_a_role_that_nobody_has_and_nothing_includes_needs_no_force(
    tenant: Tenant,
) -> None:
    define(tenant, "mine")
    assert tenant.call("DELETE", "/roles/mine").status_code == 204
    assert tenant.call("GET", "/roles/mine").status_code == 404
    define(tenant, "mine")


def test_deleting_a_role_in_use_says_by_whom_and_takes_it_from_all_when_that_is_meant(
    tenant: Tenant,
) -> None:
    tenant.define("a:r", "b:r")
    define(tenant, "inner", "a:r")
    define(tenant, "outer", "b:r", includes=("inner",))
    ann, group = tenant.person("ann@example.com"), tenant.group("crew")
    client, _ = tenant.client()
    for principal in (ann, group, client):
        tenant.assign(principal, "inner")
    bob = tenant.person("bob@example.com")
    tenant.assign(bob, "outer")
    problem = refused(tenant, "DELETE", "/roles/inner", None, 409)
    assert problem["conflict"] == [
        "role outer", "client client_credentials", "end-user ann@example.com", "group crew",
    ]  # fmt: skip
    assert problem["counts"] == {"role": 1, "client": 1, "end-user": 1, "group": 1}
    assert tenant.call("DELETE", "/roles/inner?force=true").status_code == 204
    assert shown(tenant, "outer")["includes"] == shown(tenant, "outer")["missing"] == []
    assert [tenant.held_by(who) for who in (ann, group, client)] == [frozenset()] * 3
    assert tenant.held_by(bob) == {"b:r"}
    define(tenant, "inner", "a:r")  # a new one of the name is nobody's
    assert tenant.held_by(ann) == frozenset()
    assert scopes_of(tenant, "outer") == {"b:r"}


def test_of_very_many_who_have_a_role_all_are_counted_and_some_named(tenant: Tenant) -> None:
    define(tenant, "inner")
    for n in range(25):
        tenant.assign(tenant.person(f"person-{n:02}@example.com"), "inner")
    problem = refused(tenant, "DELETE", "/roles/inner", None, 409)
    assert problem["conflict"] == [f"end-user person-{n:02}@example.com" for n in range(20)]
    assert problem["counts"] == {"end-user": 25}
    assert "and 5 more" in problem["detail"]


def test_what_maps_an_include_to_a_deleted_role_goes_with_it(mindsphere: Tenant) -> None:
    missing = "mdsp:core:dvcinv.readonly"
    define(mindsphere, "mine", "sinv.r")
    mindsphere.call("PUT", f"/role-mappings/{missing}", {"role": "mine"})
    problem = refused(mindsphere, "DELETE", "/roles/mine", None, 409)
    assert problem["conflict"] == [f"mapping {missing}"]
    assert mindsphere.call("DELETE", "/roles/mine?force=true").status_code == 204
    assert shown(mindsphere, "mdsp:core:frmdpylmnt.fullaccess")["missing"] == [missing]
