"""Crowds: API keys and lists of a small Scopewright beside one with very many of them.

People, each with an identity, a grant, a session and ten API keys, are copied in the database from
one who was made through the API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

import httpx

from bench.figures import Contestant, Figure
from bench.filling import Filling, filling
from bench.load import Request, run
from bench.ours import Ours, furnished, whoami_request
from bench.stage import Stage
from bench.target import WrongAnswer, answer
from scopewright import ids
from scopewright.core.oauth import hash_secret
from tests.postgres import running_cluster
from tests.servers import Installation

KEYS_EACH = 10
SMALL, LARGE = 100, 100_000  # people: 1,000 and 1,000,000 keys
ASKED = 1_000  # the keys that take turns: all of the small crowd's, and as many of the large one's
PAGE = 100


@dataclass(frozen=True)
class Crowd:
    """A server with so many people, and the secrets of some of their keys."""

    ours: Ours
    secrets: list[str]


def keys(stage: Stage) -> Mapping[str, Contestant]:
    """The check of API keys by turns, in a small crowd and a large one, on each database."""
    return {
        f"{name} {size}": partial(loaded, _checks(crowd), stage.connections)
        for name in databases(stage)
        for size, crowd in (("small", small(stage, name)), ("large", large(stage, name)))
    }


def pages(stage: Stage) -> Mapping[str, Contestant]:
    """A page of a large crowd's principals, asked for one after the other: first and middle."""
    return {
        f"{name} {where}": partial(loaded, request, 1)
        for name in databases(stage)
        for where, request in _lists(large(stage, name).ours)
    }


def databases(stage: Stage) -> list[str]:
    """Which databases take part."""
    return [ours.target.name.removeprefix("scopewright ") for ours in stage.ours]


def loaded(request: Request, connections: int, seconds: int) -> Figure:
    """How long a request takes, with so many connections."""
    outcome = run(request, connections=connections, seconds=seconds)
    return Figure(outcome.p50, p50=outcome.p50, p99=outcome.p99)


def _checks(crowd: Crowd) -> Request:
    """Every key is asked for once before: what is measured is not the first time."""
    request = whoami_request(crowd.ours)
    bearers = [f"Bearer {secret}" for secret in crowd.secrets]
    with httpx.Client() as client:
        for bearer in bearers:
            if not client.get(request.url, headers={"Authorization": bearer}).is_success:
                raise WrongAnswer(f"{request.url}: a key is refused")
    return replace(request, headers={}, authorizations=bearers)


def _lists(ours: Ours) -> Iterator[tuple[str, Request]]:
    """The first page, and one from the middle of the list."""
    url, headers = f"{ours.management.url}/api/workspaces/bench/principals", ours.management.headers
    yield "first page", Request(f"{url}?limit={PAGE}", headers=headers)
    passed, thousand = 0, f"{url}?limit=1000"
    while passed < LARGE / 2:
        page = answer(Request(thousand, headers=headers))
        passed, thousand = passed + len(page["data"]), page["next_page"]
    middle = Request(thousand.replace("limit=1000", f"limit={PAGE}"), headers=headers)
    if len(answer(middle)["data"]) != PAGE:
        raise WrongAnswer(f"{middle.url}: not a page of {PAGE}")
    yield "middle page", middle


# --- the crowds ---------------------------------------------------------------------------------


def small(stage: Stage, name: str) -> Crowd:
    """A small crowd on the database of this name."""
    return _crowd(stage, name, SMALL)


def large(stage: Stage, name: str) -> Crowd:
    """A large crowd on the database of this name; the same for every row."""
    return _crowd(stage, name, LARGE)


@cache
def _crowd(stage: Stage, name: str, people: int) -> Crowd:
    folder = stage.scratch / f"{name}-{people}"
    folder.mkdir()
    url = f"sqlite:///{folder / 'scopewright.db'}"
    if name == "PostgreSQL":
        url = stage.ending.enter_context(running_cluster()).create_database()
    installation = stage.ending.enter_context(Installation(folder, url))
    ours = furnished(installation, name=name, database_pids=[])
    principal = _first(ours)
    installation.servers.pop().stop()
    with filling(url) as database:
        secrets = fill(database, people, principal=principal)
    installation.serve()
    return Crowd(ours, secrets)


def _first(ours: Ours) -> str:
    """The id of somebody with a session and a key of their own."""
    session = ours.person.session()
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    seen = answer(Request(f"{ours.management.url}/api/whoami", headers=headers))
    principal = str(seen["principal"]["id"])
    ours.management.create(f"principals/{principal}/api-keys", note="Logger")
    return principal


def fill(database: Filling, people: int, *, principal: str) -> list[str]:
    """Copy somebody, until there are so many; the secrets of some of all keys."""
    copy, person, key = database.copy, f"principal_id = '{principal}'", database.id("key", "i")
    copied, owner = database.uuid("b", "i"), database.uuid("b", f"1 + i % {people - 1}")
    name = "'p' || i || '@bench.example'"
    copy("principals", f"id = '{principal}'", people, id=copied, name=name, subject=name)
    copy("identities", person, people, principal_id=copied, subject=name)
    copy("grants", person, people, principal_id=copied)
    copy("sessions", person, people, id=database.id("ses", "i"), principal_id=copied)
    copy("api_keys", person, people * KEYS_EACH, id=key, principal_id=owner)
    return [_given_secret(database, number * (people // SMALL)) for number in range(1, ASKED)]


def _given_secret(database: Filling, number: int) -> str:
    """A secret for the key of this number."""
    (row,) = database.execute(f"SELECT {database.id('key', str(number))}")
    secret = ids.new_api_key_secret(row[0])
    database.execute(
        f"UPDATE api_keys SET secret_hash = '{hash_secret(secret)}' WHERE id = '{row[0]}'"
    )
    return secret
