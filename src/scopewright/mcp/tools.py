"""The tools, made of the API's own description: one for each operation of the routes table.

Several routes may share an operation (a list and one thing in it). They are the ways of one tool:
the arguments given say which of them is meant, or the argument `way` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from scopewright.core.errors import Invalid
from scopewright.web.calling import Call

READ = "read"
ADDITIVE = frozenset({"create", "activate"})  # actions that take nothing away
_WORKSPACE = "ws"
_WITHIN = f"/{{{_WORKSPACE}}}"
_WAY = "way"
_VARIABLE = re.compile(r"\{(\w+)\}")
_UNSAFE = re.compile(r"[/\x00-\x1f\x7f]")  # none may lead to another route's path

Schema = dict[str, Any]
Place = Literal["path", "query", "body"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a way: where it goes, and the JSON Schema of what may be given."""

    place: Place
    schema: Schema
    is_required: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One route of the API, and what it takes. `name` is its operation id there."""

    name: str
    method: str
    path: str
    description: str
    arguments: Mapping[str, Argument]

    @property
    def required(self) -> frozenset[str]:
        return frozenset(name for name, one in self.arguments.items() if one.is_required)

    def given(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """These arguments, less those that are null: only in a body is that a value."""
        members = self._at("body", self.arguments)
        return {n: one for n, one in arguments.items() if one is not None or n in members}

    def takes(self, names: frozenset[str]) -> bool:
        """Whether it knows all of these arguments and needs no others."""
        return self.required <= names <= self.arguments.keys()

    def call(self, workspace_id: str, given: Mapping[str, Any]) -> Call:
        """The request that these arguments come to.

        Raises:
            Invalid: one cannot stand in an address.
        """
        segments = {name: _segment(name, one) for name, one in self._at("path", given).items()}
        segments[_WORKSPACE] = workspace_id
        query = {name: _text(name, one) for name, one in self._at("query", given).items()}
        has_body = any(one.place == "body" for one in self.arguments.values())
        return Call(
            method=self.method,
            path=_VARIABLE.sub(lambda found: segments[found[1]], self.path),
            query=urlencode(query),
            body=json.dumps(self._at("body", given)).encode() if has_body else None,
        )

    def _at(self, place: Place, given: Mapping[str, Any]) -> dict[str, Any]:
        """Of these arguments, what goes to that place."""
        return {name: one for name, one in given.items() if self.arguments[name].place == place}


@dataclass(frozen=True, slots=True)
class Tool:
    """One operation as a tool."""

    operation: str
    ways: tuple[Way, ...]

    @property
    def name(self) -> str:
        """`end-users_create`: the operation in the letters that a tool's name may have."""
        return self.operation.replace(":", "_")

    @property
    def action(self) -> str:
        """What is done: the operation's verb."""
        return self.operation.partition(":")[2]

    @property
    def plain_ways(self) -> tuple[Way, ...]:
        """Those that need not be named: about the operation's own noun, where any is."""
        noun = self.operation.partition(":")[0].replace("-", "_")
        own = tuple(way for way in self.ways if way.name.partition(".")[0] == noun)
        return own or self.ways

    @property
    def description(self) -> str:
        """What each way does and, where there are several, by what it is meant."""
        if len(self.ways) == 1:
            return self.ways[0].description
        plain = self.plain_ways
        listed = [f"The first of these that fits the arguments, or the `{_WAY}` that is named:"]
        listed += map(_told, plain)
        if len(plain) < len(self.ways):
            listed += [f"Where `{_WAY}` names it, also:"]
            listed += [_told(way) for way in self.ways if way not in plain]
        return "\n".join(listed)

    @property
    def input_schema(self) -> Schema:
        """What may be given (JSON Schema); required is what every way requires."""
        arguments = {
            name: one for way in reversed(self.ways) for name, one in way.arguments.items()
        }
        properties = {name: one.schema for name, one in arguments.items()}
        if len(self.ways) > 1:
            properties[_WAY] = {"type": "string", "enum": [way.name for way in self.ways]}
        schema: Schema = {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
        required = frozenset.intersection(*(way.required for way in self.ways))
        if required:
            schema["required"] = sorted(required)
        return schema

    def call(self, workspace_id: str, arguments: Mapping[str, Any]) -> Call:
        """The request that these arguments come to, by the named way or the first that takes them.

        Null leaves out what stands in an address.

        Raises:
            Invalid: no way takes just these, or one cannot stand in an address.
        """
        rest = dict(arguments)
        named = rest.pop(_WAY, None)
        for way in self.plain_ways if named is None else self.ways:
            given = way.given(rest)
            if named in (None, way.name) and way.takes(frozenset(given)):
                return way.call(workspace_id, given)
        known = "; or ".join(_names(way) for way in self.ways)
        raise Invalid(f"The arguments of {self.name} are: {known}.", field="arguments")


def tools(document: Mapping[str, Any]) -> Mapping[str, Tool]:
    """The tools by name, in the order of the routes, from the API's OpenAPI document.

    Only what is done within a workspace is one: the others begin outside any token's audience.
    """
    found: dict[str, list[Way]] = {}
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            if _WITHIN in path and "x-operation" in route:
                ways = found.setdefault(route["x-operation"], [])
                ways.append(_way(method.upper(), path, route, schemas))
    made = [Tool(operation, tuple(ways)) for operation, ways in found.items()]
    return {tool.name: tool for tool in made}


def _way(method: str, path: str, route: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Way:
    members = dict(_members(route.get("requestBody"), schemas))
    arguments = {}
    for one in route.get("parameters", ()):
        name = one["name"]
        if name in members:  # of two names the path's is called after what it names
            name = _named_thing(path, name)
            path = path.replace(f"{{{one['name']}}}", f"{{{name}}}")
        if name != _WORKSPACE:
            schema = _inlined(one["schema"], schemas)
            arguments[name] = Argument(one["in"], schema, one["required"])
    return Way(route["operationId"], method, path, route["description"], arguments | members)


def _named_thing(path: str, variable: str) -> str:
    """What a variable of a path names: `{name}` of `…/applications/{name}` an `application`."""
    collection = path.partition(f"/{{{variable}}}")[0].rpartition("/")[2]
    return collection.removesuffix("s").replace("-", "_")


def _members(
    body: Mapping[str, Any] | None, schemas: Mapping[str, Schema]
) -> Iterable[tuple[str, Argument]]:
    """The members of a body's object; none is required where the body itself is not."""
    if body is None:
        return
    schema = _inlined(body["content"]["application/json"]["schema"], schemas)
    known = [one for one in schema.get("anyOf", [schema]) if one.get("type") == "object"]
    for name, member in known[0]["properties"].items():
        is_required = body.get("required", False) and name in known[0].get("required", ())
        yield name, Argument("body", member, is_required)


def _inlined(schema: Any, schemas: Mapping[str, Schema]) -> Any:
    """The schema with what it refers to in its place; none of ours refers to itself."""
    if isinstance(schema, list):
        return [_inlined(one, schemas) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    return {name: _inlined(one, schemas) for name, one in schema.items()}


def _told(way: Way) -> str:
    return f"- {way.name} ({_names(way)}): {way.description}"


def _names(way: Way) -> str:
    """Its arguments, those that it can do without in brackets."""
    if not way.arguments:
        return "no arguments"
    spelled = (name if one.is_required else f"[{name}]" for name, one in way.arguments.items())
    return ", ".join(spelled)


def _segment(name: str, value: Any) -> str:
    text = _text(name, value)
    if _UNSAFE.search(text) or text in ("", ".", ".."):
        raise Invalid("This cannot be a name.", field=name)
    return text


def _text(name: str, value: Any) -> str:
    """As it stands in an address."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int) or "\x00" in str(value):
        raise Invalid("This is a text, a number, true or false.", field=name)
    return str(value)
