"""The tools that the API's description comes to, and the requests that their arguments come to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import compile_path

from scopewright.api import assembly
from scopewright.api.entrance import Entrance
from scopewright.api.routes import ROUTES, WORKSPACE, Route
from scopewright.core.errors import Invalid
from scopewright.mcp.tools import READ, Tool, Way, tools
from scopewright.web.calling import Call

ID = "0192aaaa-0000-7000-8000-000000000000"
DOCUMENT = assembly.build(cast(Entrance, None)).openapi()  # no request is made
TOOLS = tools(DOCUMENT)
WAYS = [(tool, way) for tool in TOOLS.values() for way in tool.ways]
HERE = [route for route in ROUTES if route.path.startswith(WORKSPACE) and route.operation]


def route_of(call: Call) -> Route:
    """The one route that this request would reach."""
    reached = [
        route
        for route in ROUTES
        if route.method == call.method and compile_path(route.path)[0].match(call.path)
    ]
    assert len(reached) == 1, call
    return reached[0]


def sample(way: Way) -> dict[str, Any]:
    """The arguments that a way requires."""
    return dict.fromkeys(way.required, "name")


def test_there_is_one_tool_for_each_operation_of_the_routes() -> None:
    assert {tool.operation for tool in TOOLS.values()} == {
        route.operation for route in ROUTES if route.operation
    }
    assert len(TOOLS) == len({tool.operation for tool in TOOLS.values()})


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_a_tool_says_what_it_does_and_takes(tool: Tool) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", tool.name)
    assert tool.description
    schema = tool.input_schema
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    assert set(schema.get("required", ())) <= schema["properties"].keys()
    assert "ws" not in schema["properties"]
    assert "$ref" not in json.dumps(schema)
    assert {"anyOf", "oneOf", "allOf"}.isdisjoint(schema)  # many clients take none at the top


def test_the_arguments_of_a_tool_are_those_of_its_route() -> None:
    schema = TOOLS["end-users_create"].input_schema
    own = ["email", "scopes", "internal_scopes", "roles"]
    asked_with = {"dry_run", "way"}  # any change; any operation that has two routes
    assert set(schema["properties"]) == {*asked_with, *own}
    assert schema["properties"]["email"]["format"] == "email"
    assert schema["required"] == ["email"]


def test_a_name_in_the_path_gives_way_to_one_in_the_body() -> None:
    arguments = {"application": "viewer", "name": "viewer.read", "way": "applications.define_scope"}
    asked = TOOLS["applications_update"].call(ID, arguments)
    assert asked.path.endswith("/applications/viewer/scopes")
    assert json.loads(asked.body or b"") == {"name": "viewer.read"}


def test_every_route_of_a_workspace_can_be_reached_by_its_operations_tool() -> None:
    reached = [route_of(tool.call(ID, {**sample(way), "way": way.name})) for tool, way in WAYS]
    assert len(reached) == len(HERE)
    assert [route for route in HERE if route not in reached] == []
    reading = [way for tool, way in WAYS if tool.action == READ]
    assert {way.path.rpartition("/")[2] for way in reading if way.method != "GET"} == {"preview"}


# Another way of their tools takes the same arguments: without their name it would be that one.
TO_BE_NAMED = {
    "members.send_invitation", "groups.take_out", "applications.roles", "applications.register",
    "applications.define_role", "numbers.show", "end_users.invite_again",
}  # fmt: skip


@pytest.mark.parametrize(("tool", "way"), WAYS, ids=lambda one: one.name)
def test_a_way_is_chosen_by_its_name_and_where_it_is_plain_by_its_arguments(
    tool: Tool, way: Way
) -> None:
    everything = dict.fromkeys(way.arguments, "name")
    assert tool.call(ID, {**everything, "way": way.name}) == way.call(ID, everything)
    assert "way" not in way.arguments
    if way in tool.plain_ways and way.name not in TO_BE_NAMED:
        assert tool.call(ID, everything) == way.call(ID, everything)


def test_what_is_about_another_noun_is_done_only_where_it_is_named() -> None:
    tool = TOOLS["clients_update"]
    assert tool.call(ID, {"id": "it"}).path == f"/api/workspaces/{ID}/clients/it"
    with pytest.raises(Invalid):
        tool.call(ID, {"issuer": "https://ci.example"})
    named = tool.call(ID, {"id": "it", "way": "trusted_issuers.distrust"})
    assert (named.method, named.path) == ("DELETE", f"/api/workspaces/{ID}/trusted-issuers/it")


@pytest.mark.parametrize("way", ["clients.delete", "members.remove", "", 7, [], True])
def test_a_way_of_another_tool_is_none(way: Any) -> None:
    with pytest.raises(Invalid):
        TOOLS["clients_update"].call(ID, {"id": "it", "way": way})


def test_arguments_stand_where_the_route_wants_them() -> None:
    call = TOOLS["scopes_delete"].call(ID, {"name": "sensor:read", "force": True})
    assert call == Call("DELETE", f"/api/workspaces/{ID}/scopes/sensor:read", "force=true", None)
    call = TOOLS["members_update"].call(ID, {"email": "a@example.com", "role": "viewer"})
    assert call.path == f"/api/workspaces/{ID}/members/a@example.com"
    assert json.loads(call.body or b"") == {"role": "viewer"}


def test_null_leaves_out_what_stands_in_an_address_and_is_a_value_in_a_body() -> None:
    listed = TOOLS["clients_read"].call(ID, {"id": None, "limit": 5, "cursor": None})
    assert (listed.path, listed.query) == (f"/api/workspaces/{ID}/clients", "limit=5")
    put = TOOLS["metadata_update"].call(ID, {"email": "a@b.example", "key": "k", "value": None})
    assert put.body == b'{"value": null}'


@pytest.mark.parametrize(
    "arguments",
    [
        {"email": "a@example.com", "id": "c", "scope": "s"},
        {"scope": "s"},
        {"email": "a@example.com", "scope": "s", "force": True},
        {"email": None, "scope": "s"},
        {},
    ],
)
def test_arguments_that_fit_no_way_are_refused_with_those_that_would(
    arguments: dict[str, Any],
) -> None:
    with pytest.raises(Invalid, match=r"email, scope, \[dry_run\]; or id, scope"):
        TOOLS["grants_revoke"].call(ID, arguments)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/", "a\nb", "a\x00", "\x7f", 1.5, [], {}, ["a"]]
)
def test_what_cannot_be_a_name_in_an_address_is_refused(name: Any) -> None:
    with pytest.raises(Invalid):
        TOOLS["end-users_remove"].call(ID, {"email": name})


texts = st.text(max_size=20) | st.sampled_from(["{scope}", "a/scopes/b", "%2F", "..", "a?b", "a#b"])


@given(one=st.sampled_from(WAYS), data=st.data())
def test_no_argument_leads_to_another_operation(one: tuple[Tool, Way], data: st.DataObject) -> None:
    tool, way = one
    arguments = {name: data.draw(texts) for name in way.arguments}
    try:
        call = way.call(ID, arguments)
    except Invalid:
        return
    assert route_of(call).operation == tool.operation
    assert compile_path(way.path)[0].match(call.path)
    assert_received(way, arguments, call)


def assert_received(way: Way, arguments: Mapping[str, Any], call: Call) -> None:
    """Every argument arrives, as it was given."""
    received: dict[str, Any] = {**parse_qs_once(call.query), **json.loads(call.body or b"{}")}
    matched = compile_path(way.path)[0].match(call.path)
    assert matched is not None
    received |= matched.groupdict()
    assert received == {**arguments, "ws": ID}


def parse_qs_once(query: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(query, keep_blank_values=True).items()}
