"""The access tags of a workspace as Tiled's compiler is to have them."""

from __future__ import annotations

from typing import Any

from scopewright.tiled.tag_config import Config, TagConfig
from scopewright.tiled.workspace import Known, Role

TILED = frozenset({"read:metadata", "read:data", "write:metadata", "create:node"})
ROLES = {"reader": Role("reader", "", frozenset({"read:metadata", "read:data", "beam:open"}))}
PRINCIPALS = {
    "1": Known("ann", "end_user", is_disabled=False, roles=frozenset()),
    "2": Known("bob", "end_user", is_disabled=True, roles=frozenset()),
    "3": Known("3", "client", is_disabled=False, roles=frozenset()),
    "g": Known("crew", "group", is_disabled=False, roles=frozenset()),
    "h": Known("inner", "group", is_disabled=False, roles=frozenset()),
}


def tag(name: str, **more: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "users": [],
        "groups": [],
        "auto_tags": [],
        "owners": {"users": [], "groups": []},
    }
    return {"name": name, "description": "", **nothing, **more}


def grant(id: str, role: str | None = None, *scopes: str) -> dict[str, Any]:
    return {"name": id, "id": id, "role": role, "scopes": [*scopes] if role is None else None}


def config(*tags: dict[str, Any]) -> Config:
    members = {"g": ["1", "2", "3", "h"], "h": ["3"]}
    return TagConfig(
        roles=ROLES, principals=PRINCIPALS, members=members.__getitem__, known=TILED
    ).of(tags)


def users(*grants: dict[str, Any], groups: tuple[dict[str, Any], ...] = ()) -> dict[str, list[str]]:
    said = config(tag("t", users=[*grants], groups=[*groups]))["tags"]["t"]["users"]
    return {one["name"]: one["scopes"] for one in said}


def test_roles_are_spelled_out_as_far_as_tiled_knows_their_scopes() -> None:
    assert users(grant("1", "reader")) == {"ann": ["read:data", "read:metadata"]}
    assert users(grant("1", None, "create", "beam:open")) == {"ann": ["create:node"]}


def test_what_somebody_is_given_several_times_is_given_once() -> None:
    given = users(grant("1", "reader"), grant("1", None, "write:metadata"))
    assert given == {"ann": ["read:data", "read:metadata", "write:metadata"]}


def test_groups_are_spelled_out_without_who_is_disabled() -> None:
    given = users(groups=(grant("g", None, "read:data"),))
    assert given == {"ann": ["read:data"], "3": ["read:data"]}


def test_what_would_give_nothing_is_left_out() -> None:
    assert (
        users(grant("1", None, "beam:open"), grant("1", "gone"), grant("unknown", "reader")) == {}
    )


def test_nested_tags_and_owners_go_along() -> None:
    owners = {"users": [{"name": "ann", "id": "1"}], "groups": [{"name": "crew", "id": "g"}]}
    said = config(tag("inner"), tag("outer", auto_tags=[{"name": "inner"}], owners=owners))
    assert said["tags"]["outer"]["auto_tags"] == [{"name": "inner"}]
    assert said["tag_owners"] == {"outer": {"users": [{"name": "3"}, {"name": "ann"}]}}
