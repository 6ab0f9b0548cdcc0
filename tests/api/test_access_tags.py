"""Access tags over HTTP: defined, changed list by list, nested, deleted; and who may give what."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.model import ClientType, PrincipalKind
from scopewright.store import audit
from scopewright.store.pages import Window
from tests.inprocess import Tenant

READ = ["read:data", "read:metadata"]
NOBODY: dict[str, Any] = {"users": [], "groups": []}


@pytest.fixture
def lab(tenant: Tenant) -> Tenant:
    """A workspace with some scopes, a role that comes to two of them, and people."""
    tenant.define("read:metadata", "read:data", "write:data")
    tenant.role("reader", *READ)
    for name in ("ann", "bob"):
        tenant.person(f"{name}@lab.example")
    return tenant


def define(tenant: Tenant, name: str, **said: Any) -> dict[str, Any]:
    answer = tenant.call("POST", "/access-tags", {"name": name, **said})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def change(tenant: Tenant, name: str, **said: Any) -> dict[str, Any]:
    answer = tenant.call("PATCH", f"/access-tags/{name}", said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def events(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    with tenant.running.database.read() as tx:
        found = audit.page(tx, tenant.id, window=Window()).items
    return [(event.operation, event.details) for event in reversed(found)]


def of(tag: dict[str, Any], kind: str = "users") -> list[Any]:
    """What a tag gives, in short."""
    return [(one["name"], one["role"] or one["scopes"]) for one in tag[kind]]


# --- defining and changing ----------------------------------------------------------------------


def test_a_tag_is_defined_in_the_words_of_tiled_shown_listed_and_deleted(lab: Tenant) -> None:
    chemists = lab.group("Chemists")
    made = define(
        lab, "beamline-7", description="Runs of 2026.",
        users=[{"name": "Ann@lab.example", "role": "reader"},
               {"name": "bob@lab.example", "scopes": ["write:data", "read:metadata"]}],
        groups=[{"name": "Chemists", "role": "reader"}],
        auto_tags=[{"name": "public"}],
        owners={"users": [{"name": "ann@lab.example"}], "groups": [{"name": chemists}]},
    )  # fmt: skip
    assert of(made) == [
        ("ann@lab.example", "reader"), ("bob@lab.example", ["read:metadata", "write:data"])
    ]  # fmt: skip
    assert of(made, "groups") == [("Chemists", "reader")]
    assert made["auto_tags"] == [{"name": "public"}]
    assert [one["name"] for one in made["owners"]["users"]] == ["ann@lab.example"]
    assert [one["id"] for one in made["owners"]["groups"]] == [chemists]
    path = "/access-tags/beamline-7"
    assert lab.call("GET", path).json() == made
    define(lab, "a")
    listed = lab.call("GET", "/access-tags?limit=1").json()
    assert [one["name"] for one in listed["data"]] == ["a"]
    assert lab.running.http.request(
        "GET", listed["next_page"], headers={"authorization": f"Bearer {lab.admin_key}"}
    ).json() == {"data": [made], "next_page": None}
    assert lab.call("DELETE", path).status_code == 204
    for method in ("GET", "DELETE", "PATCH"):
        assert lab.call(method, path, {} if method == "PATCH" else None).status_code == 404
    assert [operation for operation, _ in events(lab)] == [
        "access-tags:create", "access-tags:create", "access-tags:delete"
    ]  # fmt: skip


def test_a_change_replaces_the_lists_that_it_names_and_no_others(lab: Tenant) -> None:
    lab.group("Chemists")
    before = define(
        lab, "t", users=[{"name": "ann@lab.example", "role": "reader"}],
        groups=[{"name": "Chemists", "scopes": READ}],
        owners={"users": [{"name": "ann@lab.example"}], "groups": [{"name": "Chemists"}]},
    )  # fmt: skip
    assert change(lab, "t") == before
    after = change(lab, "t", users=[{"name": "bob@lab.example", "scopes": ["write:data"]}])
    assert of(after) == [("bob@lab.example", ["write:data"])]
    assert (after["groups"], after["owners"]) == (before["groups"], before["owners"])
    after = change(lab, "t", groups=[], owners={"users": []})
    assert (after["groups"], after["owners"]["users"]) == ([], [])
    assert after["owners"]["groups"] == before["owners"]["groups"]
    back = {name: before[name] for name in ("users", "groups", "owners", "description")}
    assert change(lab, "t", **back) == before
    operation, details = events(lab)[-1]
    assert operation == "access-tags:update"
    assert details["after"]["owners"]
    assert details["before"] != details["after"]


def test_whoever_has_no_user_name_is_named_by_id_and_goes_with_what_they_were_given(
    lab: Tenant,
) -> None:
    machine, _ = lab.client()
    member = lab.person("ann@lab.example", kind=PrincipalKind.MEMBER)
    given = [{"name": id, "role": "reader"} for id in (machine, member.id)]
    made = define(lab, "t", users=given, owners={"users": [{"name": member.id}]})
    assert {one["name"] for one in made["users"]} == {machine, member.id}
    assert lab.call("DELETE", f"/principals/{machine}").status_code == 204
    assert lab.call("DELETE", f"/principals/{member.id}").status_code == 204
    left = lab.call("GET", "/access-tags/t").json()
    assert (left["users"], left["owners"]) == ([], NOBODY)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": "public"}, "name"),
        ({"name": "Public"}, "name"),
        ({"name": "user:ann"}, "name"),
        ({"name": "service:x"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "inherit"}, "name"),
        ({"users": [{"name": "eve@lab.example", "role": "reader"}]}, "users"),
        ({"users": [{"name": "Crew", "role": "reader"}]}, "users"),
        ({"groups": [{"name": "ann@lab.example", "role": "reader"}]}, "groups"),
        ({"users": [{"name": "ann@lab.example", "role": "writer"}]}, "users"),
        ({"users": [{"name": "ann@lab.example", "scopes": ["write:everything"]}]}, "users"),
        ({"users": [{"name": "ann@lab.example", "scopes": []}]}, "users"),
        ({"users": [{"name": "ann@lab.example"}]}, "users"),
        ({"users": [{"name": "ann@lab.example", "role": "reader", "scopes": READ}]}, "users"),
        ({"auto_tags": [{"name": "nowhere"}]}, "auto_tags"),
        ({"auto_tags": [{"name": "user:ann@lab.example"}]}, "auto_tags"),
        ({"auto_tags": [{"name": "t"}]}, "auto_tags"),
        ({"owners": {"users": [{"name": "eve@lab.example"}]}}, "owners.users"),
        ({"owners": {"groups": [{"name": "ann@lab.example"}]}}, "owners.groups"),
        ({"description": "x" * 1001}, "description"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_changes(
    lab: Tenant, said: dict[str, Any], field: str
) -> None:
    lab.group("Crew")
    answer = lab.call("POST", "/access-tags", {"name": "t", **said})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert lab.call("GET", "/access-tags").json()["data"] == []
    assert events(lab) == []


def test_no_two_tags_have_one_name_in_whatever_letter_case(lab: Tenant) -> None:
    define(lab, "Beam")
    for name in ("Beam", "beam"):
        answer = lab.call("POST", "/access-tags", {"name": name})
        assert (answer.status_code, answer.json()["conflict"]) == (409, "Beam")


def test_a_client_through_which_people_act_is_given_nothing(lab: Tenant) -> None:
    app, _ = lab.client(ClientType.PKCE)
    for said in (
        {"users": [{"name": app, "role": "reader"}]},
        {"owners": {"users": [{"name": app}]}},
    ):
        assert lab.call("POST", "/access-tags", {"name": "t", **said}).status_code == 409


# --- nesting ------------------------------------------------------------------------------------


def test_tags_nest_five_deep_and_never_in_a_circle_whose_way_is_told(lab: Tenant) -> None:
    define(lab, "t0")
    for number in range(1, 6):
        define(lab, f"t{number}", auto_tags=[{"name": f"t{number - 1}"}])
    deep = lab.call("POST", "/access-tags", {"name": "t6", "auto_tags": [{"name": "t5"}]})
    assert deep.status_code == 422
    assert "nested deeper than 5" in deep.json()["detail"]
    define(lab, "below")
    below = lab.call("PATCH", "/access-tags/t0", {"auto_tags": [{"name": "below"}]})
    assert below.status_code == 422, "what stands above counts too"
    circle = lab.call("PATCH", "/access-tags/t1", {"auto_tags": [{"name": "t3"}]})
    assert circle.status_code == 422
    assert "t1 → t3 → t2 → t1 comes back to itself" in circle.json()["detail"]
    assert lab.call("GET", "/access-tags/t1").json()["auto_tags"] == [{"name": "t0"}]


def test_a_tag_that_is_nested_in_others_is_deleted_only_when_that_is_insisted_on(
    lab: Tenant,
) -> None:
    define(lab, "inner")
    for name in ("one", "two"):
        define(lab, name, auto_tags=[{"name": "inner"}])
    refused = lab.call("DELETE", "/access-tags/inner")
    assert refused.status_code == 409
    assert refused.json()["counts"] == {"access tag": 2}
    assert refused.json()["conflict"] == ["access tag one", "access tag two"]
    assert lab.call("DELETE", "/access-tags/inner?force=true").status_code == 204
    assert lab.call("GET", "/access-tags/one").json()["auto_tags"] == []
    assert events(lab)[-1][1]["nested_in"] == ["one", "two"]


# --- roles and scopes that go -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "given"),
    [("/roles/reader", {"role": "reader"}), ("/scopes/write:data", {"scopes": ["write:data"]})],
)
def test_what_a_tag_gives_stands_against_its_deletion_goes_with_it_and_comes_back(
    lab: Tenant, path: str, given: dict[str, Any]
) -> None:
    define(lab, "t", users=[{"name": "ann@lab.example", **given}])
    refused = lab.call("DELETE", path)
    assert refused.status_code == 409
    assert "access tag t" in refused.json()["conflict"]
    assert refused.json()["counts"]["access tag"] == 1
    before = lab.call("GET", "/access-tags/t").json()
    assert lab.call("DELETE", f"{path}?force=true").status_code == 204
    assert lab.call("GET", "/access-tags/t").json()["users"] == []
    (deleted, *_) = lab.call("GET", "/revisions").json()["data"]
    assert lab.call("POST", f"/revisions/{deleted['id']}/undo").status_code == 200
    assert lab.call("GET", "/access-tags/t").json() == before


# --- who may give what --------------------------------------------------------------------------

GIVER = ("iotman:access-tags:create", "iotman:access-tags:update", "iotman:access-tags:read")
TREASURE = "iotman:keys:rotate"


@pytest.mark.parametrize(
    "said",
    [
        {"users": [{"name": "ann@lab.example", "scopes": [TREASURE]}]},
        {"users": [{"name": "ann@lab.example", "role": "iotman:admin"}]},
        {"groups": [{"name": "Crew", "scopes": ["write:data", TREASURE]}]},
        {"auto_tags": [{"name": "treasury"}]},
        {"auto_tags": [{"name": "above"}]},
    ],
)
def test_nobody_gives_on_a_tag_what_opens_something_here_without_holding_it(
    lab: Tenant, said: dict[str, Any]
) -> None:
    lab.group("Crew")
    define(lab, "treasury", users=[{"name": "bob@lab.example", "scopes": [TREASURE]}])
    define(lab, "above", auto_tags=[{"name": "treasury"}])
    giver = lab.key_with(*GIVER)
    assert lab.call("POST", "/access-tags", {"name": "own"}, bearer=giver).status_code == 201
    for method, path, more in (("POST", "", {"name": "t"}), ("PATCH", "/own", {})):
        answer = lab.call(method, f"/access-tags{path}", {**more, **said}, bearer=giver)
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"].endswith("/escalation")
        assert TREASURE in answer.json()["missing"]
    holder = lab.key_with(*GIVER, TREASURE)
    allowed = lab.call("POST", "/access-tags", {"name": "t", **said}, bearer=holder)
    assert allowed.status_code == (403 if "iotman:admin" in str(said) else 201)


def test_nobody_gives_a_tag_to_an_owner_that_gives_more_than_they_hold(lab: Tenant) -> None:
    define(lab, "treasury", users=[{"name": "bob@lab.example", "scopes": [TREASURE]}])
    owners = {"owners": {"users": [{"name": "ann@lab.example"}]}}
    giver = lab.key_with(*GIVER)
    answer = lab.call("PATCH", "/access-tags/treasury", owners, bearer=giver)
    assert (answer.status_code, answer.json()["missing"]) == (403, [TREASURE])
    assert change(lab, "treasury", **owners)["owners"]["users"]
    kept = lab.call("PATCH", "/access-tags/treasury", {"description": "x", **owners}, bearer=giver)
    assert kept.status_code == 200, "what stands there already is given by nobody"


def test_whoever_comes_into_a_group_is_given_what_tags_give_it(lab: Tenant) -> None:
    inner = lab.group("Inner")
    crew, ann = lab.group("Crew", inner), lab.person("new@lab.example").id
    define(lab, "treasury", groups=[{"name": "Crew", "scopes": [TREASURE]}])
    giver, holder = (lab.key_with("iotman:groups:update", *more) for more in ((), (TREASURE,)))
    for group in (inner, crew):
        path = f"/groups/{group}/members/{ann}"
        answer = lab.call("PUT", path, bearer=giver)
        assert (answer.status_code, answer.json()["missing"]) == (403, [TREASURE])
        assert lab.call("PUT", path, bearer=holder).status_code == 201
