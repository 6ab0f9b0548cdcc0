"""Every name that a path takes, taken from another workspace: nothing is there, nothing happens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from scopewright.api.rehearsal import can_be_rehearsed
from scopewright.api.routes import ROUTES, WORKSPACE, Route
from scopewright.store import schema
from tests.api.fuzz.world import DOCUMENT, SCOPE, Values, World
from tests.inprocess import Running

TAKING = [
    route
    for route in ROUTES
    if route.path.startswith(WORKSPACE) and "{" in route.path.removeprefix(WORKSPACE)
]
IN_USE = "DELETE /applications/{name}/scopes/{scope}"
BODIES: dict[str, Any] = {  # "{name}" is what the path has there
    "PATCH /members/{email}": {"role": "viewer"},
    "PATCH /trusted-issuers/{id}": {"single_use": False},
    "PATCH /scopes/{name}": {"description": "mine"},
    "PATCH /roles/{name}": {"description": "mine"},
    "PUT /role-mappings/{include}": {"role": "iotman:viewer"},
    "POST /end-users/{email}/scopes": {"scope": SCOPE},
    "PATCH /end-users/{email}/scopes": {"take": [SCOPE]},
    "PUT /end-users/{email}/metadata/{key}": {"value": 1},
    "PATCH /principals/{id}": {"name": "Mine"},
    "POST /principals/{id}/api-keys": {"note": "mine"},
    "PATCH /api-keys/{id}": {"note": "mine"},
    "POST /api-keys/{id}/rotate": {"overlap": 0},
    "PATCH /access-tags/{name}": {"description": "mine"},
    "PATCH /clients/{id}": {"name": "Mine"},
    "POST /clients/{id}/rotate-secret": {"overlap": 0},
    "POST /clients/{id}/scopes": {"scope": SCOPE},
    "PATCH /clients/{id}/scopes": {"take": [SCOPE]},
    "PUT /clients/{id}/metadata/{key}": {"value": 1},
    "PATCH /endpoints/{id}": {"auth": "none"},
    "POST /endpoints/{id}/activate": {"active": False},
    "PATCH /exports/{id}": {"auth_methods": ["oauth2", "none"]},
    "PATCH /mqtt-configs/{id}": {"topic_filter": "#"},
    "POST /mqtt-configs/{id}/activate": {"active": True},
    "PATCH /applications/{name}": {"launch_url": "https://mine.example/"},
    "POST /applications/{name}/scopes": {"name": "{name}.mine"},
    "POST /applications/{name}/roles": {"name": "mine"},
    "PATCH /applications/{name}/roles/{role}": {"scopes": []},
    "POST /applications/{name}/routes": {"host": "a.example", "path": "/", "scopes": [SCOPE]},
    "POST /applications/{name}/routes/import": {"host": "a.example", "document": DOCUMENT},
    "PATCH /applications/{name}/routes/{id}": {"path": "/mine"},
}


def named(route: Route) -> str:
    return f"{route.method} {route.path.removeprefix(WORKSPACE)}"


def foreign(path: str) -> frozenset[str]:
    """The variables whose values are of one workspace; a member's role has the same name in all."""
    names = {"email", "id", "name", "include", "principal"}
    if "/api-keys/" in path:
        names.add("key")
    if "/applications/" in path:
        names.add("scope")
    return frozenset(name for name in names if f"{{{name}}}" in path)


def mixtures(path: str, own: Values, taken: Values) -> Iterator[Values]:
    """What one has, with one name or several of what another has."""
    names = sorted(foreign(path))
    some = chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1))
    for chosen in some:
        yield own | {name: taken[name] for name in chosen}


def everything(running: Running) -> dict[str, list[Any]]:
    with running.database.read() as tx:
        tables = schema.metadata.sorted_tables
        return {table.name: sorted(map(repr, tx.all(select(table)))) for table in tables}


@pytest.fixture(scope="module")
def worlds(inside_sqlite: Running) -> Iterator[tuple[World, World]]:
    mine, theirs = World(inside_sqlite), World(inside_sqlite)
    yield mine, theirs
    mine.end()


@pytest.mark.parametrize("route", TAKING, ids=named)
def test_a_name_of_another_workspace_names_nothing_here(
    route: Route, worlds: tuple[World, World]
) -> None:
    mine, path = worlds[0].tenant, route.path.removeprefix(WORKSPACE)
    query = {"force": True} if named(route) == IN_USE else {}

    def called(values: Values, **query: Any) -> httpx.Response:
        body = {
            member: said.format(**values) if isinstance(said, str) else said
            for member, said in BODIES.get(named(route), {}).items()
        }
        return mine.call(route.method, path.format(**values), body or None, params=query)

    own, taken = (world.values(route.path)[0] for world in worlds)
    good = called(own, **query, **({"dry_run": True} if can_be_rehearsed(route) else {}))
    assert good.is_success, good.text  # so what is refused below is refused for its names
    before = everything(mine.running)
    for values in mixtures(path, own, taken):
        answer = called(values, **query)
        assert answer.status_code == 404, (values, answer.text)
    assert everything(mine.running) == before
