"""No secret, token or link is ever in the log, in an error or in the database.

A busy hour is played at a real server; every secret that it hands out is collected on the way and
then looked for everywhere. Secrets are also sent to where they do not belong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from scopewright.store import schema
from scopewright.store.database import Database
from tests.servers import Installation, Server
from tests.visitors import REDIRECT_URI, Person, sign_in
from tests.worlds import KnownClient, World

VERIFIER = "canary-verifier-" + "v" * 40
SHORTEST = 8  # what is shorter could be anywhere by chance


@dataclass
class Harvest:
    """Every secret that was handed out, by what it is; and every refusal as it was sent."""

    secrets: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def keep(self, what: str, secret: str | None) -> str:
        assert secret is not None, what
        assert len(secret) >= SHORTEST, what
        self.secrets[f"{what} {len(self.secrets)}"] = secret
        return secret

    def tokens(self, answer: dict[str, Any]) -> dict[str, Any]:
        for name in ("access_token", "refresh_token"):
            if name in answer:
                self.keep(name, answer[name])
        return answer

    def hear(self, response: httpx.Response) -> None:
        """An event hook: what the browser is given, and what refusals say."""
        for name, value in response.cookies.items():
            if len(value) >= SHORTEST:
                self.keep(f"cookie {name}", value)
        location = urlsplit(response.headers.get("location", ""))
        for name in ("code", "token"):
            for value in parse_qs(location.query).get(name, []):
                self.keep(name, value)
        if response.status_code >= 400:
            response.read()
            self.refusals.append(f"{response.headers}\n{response.text}")

    def letters(self, world: World) -> None:
        for path in world.letters.glob("*.eml"):
            content = path.read_text()
            for link in re.findall(r"https?://\S+[?&]token=[^\s&]+", content):
                self.keep("link", parse_qs(urlsplit(link).query)["token"][0])
            for first, second in re.findall(r"letter: ([A-Z0-9]{4})-([A-Z0-9]{4})$", content, re.M):
                self.keep("code as it is mailed", f"{first}-{second}")
                self.keep("typed code", first + second)


def play(world: World, harvest: Harvest) -> None:
    """What goes on in an hour."""
    heard = {"response": [harvest.hear]}
    world.http.event_hooks = world.admin.event_hooks = heard
    harvest.keep("API key", world.api_key)
    harvest.keep("API key", world.another().api_key)
    machine, phone, app = world.device(scopes=["a"]), world.phone_app(), world.server_app()
    for client in (machine, app):
        harvest.keep("client secret", client.secret)
    program(world, harvest, machine)
    world.end_user("ann@example.com", scopes=["a"])
    for client in (phone, app):
        person = world.person("ann@example.com", client)
        person.browser.event_hooks = heard
        people(world, harvest, person, client)
    newcomer(world, harvest)
    keys(world, harvest)
    member(world, heard)
    harvest.letters(world)


def program(world: World, harvest: Harvest, machine: KnownClient) -> None:
    harvest.tokens(world.token(machine).json())
    world.token(KnownClient(machine.id, harvest.keep("wrong secret", "sws_canary-wrong-secret")))
    world.token(machine, scope="never:granted")
    rotated = world.admin.post(f"/clients/{machine.id}/rotate-secret").json()
    harvest.keep("rotated secret", rotated["client_secret"])


def people(world: World, harvest: Harvest, person: Person, client: KnownClient) -> None:
    code = person.authorize(VERIFIER)["code"]
    person.redeem(code, harvest.keep("wrong verifier", "canary-wrong-" + "w" * 40))
    tokens = harvest.tokens(person.redeem(code, VERIFIER).json())
    refreshed = harvest.tokens(world.refresh(client, tokens["refresh_token"]).json())
    world.http.get(
        world.metadata["userinfo_endpoint"], headers=world.as_bearer(refreshed["access_token"])
    )
    world.refresh(client, refreshed["refresh_token"])
    world.refresh(client, tokens["refresh_token"])  # a replay: the session ends
    world.refresh(client, refreshed["refresh_token"])
    again = harvest.tokens(person.redeem(person.authorize(VERIFIER)["code"], VERIFIER).json())
    person.redeem(code, VERIFIER)
    auth = None if client.secret is None else client.basic
    form = {"token": again["refresh_token"], "client_id": client.id}
    world.http.post(f"{world.issuer}/revoke", data=form, **({"auth": auth} if auth else {}))


def newcomer(world: World, harvest: Harvest) -> None:
    """A client that registers itself, and comes back with the right and the wrong token."""
    made = world.admin.post("/registration-tokens", json={}).json()
    initial = world.as_bearer(harvest.keep("initial access token", made["token"]))
    document = {"grant_types": ["client_credentials"], "response_types": []}
    answer = world.http.post(f"{world.issuer}/register", json=document, headers=initial).json()
    harvest.keep("registered secret", answer["client_secret"])
    own = world.as_bearer(harvest.keep("registration token", answer["registration_access_token"]))
    wrong = world.as_bearer(harvest.keep("wrong registration token", "canary-wrong-registration"))
    chosen = harvest.keep("chosen secret", "canary-chosen-by-the-client")
    at, replaced = answer["registration_client_uri"], {**document, "client_id": answer["client_id"]}
    for headers in (own, wrong, initial):
        world.http.get(at, headers=headers)
        world.http.put(at, json={**replaced, "client_secret": chosen}, headers=headers)
        world.http.put(at, json=replaced, headers=headers)


def keys(world: World, harvest: Harvest) -> None:
    """Keys for oneself and for another: used, rotated, presented in an address, revoked."""
    made = world.admin.post("/api-keys", json={"note": "canary"}).json()
    mine = world.as_bearer(harvest.keep("made API key", made["secret"]))
    rotated = world.admin.post(f"/api-keys/{made['id']}/rotate", json={"overlap": 60}).json()
    harvest.keep("rotated API key", rotated["secret"])
    theirs = world.admin.post("/principals/ann@example.com/api-keys", json={}).json()
    harvest.keep("API key for another", theirs["secret"])
    world.http.get("/api/whoami", headers=mine)
    for path in ("/api/whoami", "/api/launchpad", "/api/nowhere", "/exports/nowhere/none"):
        world.http.get(path, params={"api_key": theirs["secret"]})
        world.http.get(path, params={"api_key": made["secret"]}, headers=mine)
        world.http.get(path, params={"api_key": rotated["secret"]}, headers=mine)
    world.admin.delete(f"/api-keys/{made['id']}")
    world.http.get("/api/whoami", headers=mine)


def member(world: World, heard: dict[str, Any]) -> None:
    answer = world.admin.post("/members", json={"email": "eve@example.com", "role": "viewer"})
    assert answer.is_success
    with httpx.Client(timeout=30, event_hooks=heard) as browser:
        sign_in(browser, world.url, world.mailbox(world.admin_email))


def misplace(world: World, harvest: Harvest) -> None:
    """Each secret where it does not belong: what refuses it must not repeat or note it."""
    one_of_each = {what.rpartition(" ")[0]: secret for what, secret in harvest.secrets.items()}
    for secret in one_of_each.values():
        world.http.get("/api/whoami", headers=world.as_bearer(secret))
        world.http.get(f"{world.issuer}/userinfo", headers=world.as_bearer(secret[:-1]))
        world.http.get("/api/whoami", params={"access_token": secret})
        world.http.get(f"{world.issuer}/authorize", params={"client_id": secret, "code": secret})
        world.http.get("/sign-in/link", params={"token": secret[:-1]})
        form = {"grant_type": secret, "client_id": secret, "client_secret": secret}
        for path in ("token", "introspect", "revoke"):
            world.http.post(f"{world.issuer}/{path}", data={**form, "token": secret})
        world.admin.post("/scopes", json={"name": f"{secret} !"})
        world.admin.post("/clients", json={"name": "x", "type": secret, secret: 1})
        form = {"grant_type": "refresh_token", "refresh_token": f"swr_{secret}", "code": secret}
        world.http.post(f"{world.issuer}/token", data=form, auth=(secret, secret))


@contextmanager
def served(installation: Installation) -> Iterator[tuple[World, Server]]:
    init = installation.init()
    server = installation.serve()
    world = World.at(server.url, init, installation.letters)
    yield world, server
    world.http.close()
    world.admin.close()


def rows(database_url: str) -> str:
    """All that is remembered, as text."""
    database = Database(database_url)
    with database.read() as tx:
        kept = [
            f"{table.name}: {tuple(row)}"
            for table in schema.metadata.sorted_tables
            for row in tx.all(select(table))
        ]
    database.close()
    return "\n".join(kept)


def found_in(haystack: str, secrets: dict[str, str]) -> list[str]:
    return [what for what, secret in secrets.items() if secret in haystack]


def test_no_secret_is_logged_answered_in_an_error_or_remembered(
    installation: Installation,
) -> None:
    harvest = Harvest()
    installation.environment["SCOPEWRIGHT_SERVER__QUERY_API_KEYS"] = "true"
    with served(installation) as (world, server):
        play(world, harvest)
        harvest.keep("verifier", VERIFIER)
        kinds = {what.rpartition(" ")[0] for what in harvest.secrets}
        assert {"API key", "client secret", "rotated secret", "access_token", "refresh_token",
                "code", "link", "typed code", "cookie scopewright"} <= kinds  # fmt: skip
        misplace(world, harvest)
        assert len(harvest.refusals) > 90
        assert server.stop() == 0
    assert server.said.count('"event": "request"') > 50
    remembered = rows(installation.database_url)
    assert "audit: " in remembered
    assert "'GET /api/whoami'" in remembered  # the last use of a key, written when the server stops
    assert found_in(server.said, harvest.secrets) == []
    assert found_in("\n".join(harvest.refusals), harvest.secrets) == []
    assert found_in(remembered, harvest.secrets) == []
    assert REDIRECT_URI in remembered  # so the search reads what is there


def test_a_statement_that_fails_does_not_show_its_values(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(DBAPIError) as failed, database.read() as tx:
        tx.one(text("SELECT * FROM nowhere WHERE hash = :hash"), hash="canary-value")
    database.close()
    assert "canary-value" not in str(failed.value)
