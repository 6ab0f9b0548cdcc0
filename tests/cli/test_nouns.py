"""Every management command asks for something that the API has."""

from __future__ import annotations

import re
import shlex
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from scopewright.api.routes import ROUTES
from scopewright.commands.nouns import NOUNS
from scopewright.commands.verbs import Kind, Verb
from tests.cli.conftest import Site

COMMANDS = [(noun, verb) for noun, verbs in NOUNS.items() for verb in verbs]
OWNERS = ("/end-users/x", "/clients/x")
SELF, OTHER = "", "/principals/x"  # whose it is, where `--principal` can say so
NAMES = [f"{noun} {verb.name}" for noun, verb in COMMANDS]


@pytest.fixture(scope="module")
def openapi(site: Site) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{site.installation.url}/openapi.json").json()
    return document


def anonymous(template: str) -> str:
    """A path whose parameters have lost their names."""
    return re.sub(r"{\w+}", "x", template)


def path_of(verb: Verb, owner: str, whose: str = SELF) -> str:
    path = verb.path if verb.path.startswith("/api/") else f"/api/workspaces/x{whose}{verb.path}"
    return anonymous(path.replace("{owner}", owner))


def described(openapi: dict[str, Any], verb: Verb, owner: str, whose: str) -> dict[str, Any]:
    """The operation of the OpenAPI document that a command asks for."""
    wanted = path_of(verb, owner, whose)
    for template, operations in openapi["paths"].items():
        if anonymous(template) == wanted and verb.method.lower() in operations:
            operation: dict[str, Any] = operations[verb.method.lower()]
            return operation
    raise AssertionError(f"no {verb.method} {wanted}")


def members(openapi: dict[str, Any], operation: dict[str, Any]) -> tuple[set[str], set[str]]:
    """What the request takes, in body and query; and what of it must be there."""
    query = {p["name"] for p in operation.get("parameters", []) if p["in"] == "query"}
    if "requestBody" not in operation:
        return query, set()
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = next((s for s in schema.get("anyOf", []) if "$ref" in s), schema)
    body = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return query | set(body["properties"]), set(body.get("required", []))


@pytest.mark.parametrize(("noun", "verb"), COMMANDS, ids=NAMES)
def test_a_command_sends_only_what_its_route_takes(
    openapi: dict[str, Any], noun: str, verb: Verb
) -> None:
    for owner, whose in product(OWNERS, (SELF, OTHER) if verb.is_of_anybody else (SELF,)):
        taken, needed = members(openapi, described(openapi, verb, owner, whose))
        sent = {one.name for one in verb.inputs} | set(verb.fixed)
        always = {one.name for one in verb.inputs if one.required} | set(verb.fixed)
        assert sent <= taken
        assert needed <= always
        assert not verb.is_list or "limit" in taken


def test_what_the_api_manages_has_a_command() -> None:
    reachable = {(verb.method, path_of(verb, owner)) for _, verb in COMMANDS for owner in OWNERS}
    of_others = [verb for _, verb in COMMANDS if verb.is_of_anybody]
    reachable |= {(verb.method, path_of(verb, OWNERS[0], OTHER)) for verb in of_others}
    managed = {(r.method, anonymous(r.path)) for r in ROUTES if r.path.startswith("/api/")}
    assert managed - reachable == {
        ("GET", "/api/whoami"),  # these are commands of their own
        ("GET", "/api/workspaces/x/why"),
        ("GET", "/api/workspaces/x/who-can"),
        ("GET", "/api/workspaces/x/needs"),
        ("POST", "/api/workspaces/x/preview"),
        ("POST", "/api/workspaces/x/invitations"),  # another name of inviting a member
        ("GET", "/api/workspaces/x/metrics"),  # Prometheus' format, which Prometheus reads
    }


def test_a_secret_is_never_an_argument() -> None:
    inputs = {one.name for _, verb in COMMANDS for one in verb.inputs if one.kind is not Kind.JSON}
    assert not {name for name in inputs if "secret" in name or "key" in name or "token" in name}


PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_commands_that_there_are_with_options_that_they_take(page: Path) -> None:
    text = page.read_text().replace("\\\n", " ")
    for line in re.findall(r"^ *scopewright .*", text, re.MULTILINE):
        noun, name, *given = [*shlex.split(line)[1:], ""]
        if noun in NOUNS:
            verb = next(verb for verb in NOUNS[noun] if verb.name == name)
            options = {f"--{one.option or one.name.replace('_', '-')}" for one in verb.inputs}
            options |= {"--principal"} if verb.is_of_anybody else set()
            flags = [one.name.replace("_", "-") for one in verb.inputs if one.kind is Kind.FLAG]
            options |= {f"--no-{flag}" for flag in flags}
            assert {one for one in given if one.startswith("--")} <= options, line
