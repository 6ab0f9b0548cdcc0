"""Running the server, as Tiled's administrators know it: figures, the log, the database."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from scopewright.settings import Settings
from scopewright.store import schema
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.dialects.conftest import Site
from tests.dialects.test_mindsphere import made, refused
from tests.dialects.test_tiled import person, robot, signed_in
from tests.dialects.test_tiled_keys import line_of
from tests.servers import Installation
from tests.serving import serving
from tests.visitors import a_browser
from tests.worlds import World

UPKEEP_SECONDS = 20
FULL = {"api_keys": 2, "sessions": 1, "device_authorizations": 1}
TIDY = {"api_keys": 1, "sessions": 0, "device_authorizations": 0}


@pytest.fixture
def world(site: Site) -> World:
    """A workspace of the test's own."""
    return site.first.another(catalogues=["tiled"])


def test_079_the_figures_are_protected_and_the_log_says_who_asked(
    world: World, installed: Installation
) -> None:
    """Prometheus needs a credential with the scope; every answer has an id, which stands in the
    line of the log beside the id of the principal that asked, if it was anybody."""
    program = robot(world, "metrics")
    scraper, someone = world.access_token(program), person(world)
    headers = signed_in(world, someone)
    path = f"{world.address}/metrics"
    refused(world.http.get(path), 401)
    assert refused(world.http.get(path, headers=headers), 403)["missing"] == ["iotman:metrics:read"]
    figures = world.http.get(path, headers=world.as_bearer(scraper))
    assert figures.headers["content-type"].startswith("text/plain")
    assert "scopewright_requests_total" in figures.text
    refused(world.http.get("/metrics"), 401)
    refused(world.admin.get(f"{world.url}/metrics"), 403)

    me = made(world.http.get("/api/whoami", headers=headers))["principal"]["id"]
    member = world.member("viewer")
    whose = made(member.get("/principals/me"))["id"]
    key = made(world.http.post(f"{world.address}/api-keys", json={}, headers=headers))["secret"]
    mine = f"{world.address}/principals/me"
    asked: list[tuple[Any, str | None]] = [
        (figures, program.id),
        (world.http.get(mine, headers=headers), me),
        (world.http.get(mine, headers=world.as_bearer(key)), me),
        (member.get("/principals/me"), whose),
        (world.http.get(path, headers=headers), me),  # refused: who was it?
        (world.http.get("/api/launchpad", headers=headers), me),
        (a_browser().get(mine), None),
        (a_browser().get(mine, headers={"authorization": f"Bearer {key[:-1]}"}), None),
    ]
    assert len({answer.headers["x-request-id"] for answer, _ in asked}) == len(asked)
    for answer, who in asked:
        line = line_of(installed, answer)
        assert line["request"] == answer.headers["x-request-id"]
        assert line.get("principal") == who
        assert (line["method"], line["status"]) == ("GET", answer.status_code)
    said = installed.servers[-1].said
    for secret in (key, scraper, headers["authorization"], someone.address):
        assert secret not in said


def test_080_the_database_is_made_led_forth_and_back_and_kept_tidy(
    installation: Installation,
) -> None:
    """Commands make the database, lead it to the newest revision, and back to an earlier one, which
    a server refuses; on either kind of database, and what has expired is removed by the server."""
    assert installation.command("serve", succeed=False).returncode == 3
    first = installation.init()
    assert "already" in installation.command("migrate").stdout
    for revision in ("9999", "0001"):
        assert installation.command("migrate", "--back-to", revision, succeed=False).returncode == 2
    assert "0003 again" in installation.command("migrate", "--back-to", "0003").stdout
    old = installation.command("serve", succeed=False)
    assert old.returncode == 3
    assert "older schema" in old.stderr
    assert "now" in installation.command("migrate").stdout
    forgets_what_has_expired(installation, first)


def forgets_what_has_expired(installation: Installation, first: dict[str, Any]) -> None:
    """Asserts that a server does, by the tests' clock, and that it keeps the rest."""
    clock = FrozenClock(datetime.now(UTC))
    settings = Settings.model_validate(
        {
            "database": {"url": installation.database_url},
            "mail": {"url": f"file:{installation.letters}"},
        }
    )
    with serving(settings, clock=clock) as url:
        world = World.at(url, {**first, "issuer": f"{url}/w/{first['workspace_id']}"},
                         installation.letters)  # fmt: skip
        made(world.admin.post("/api-keys", json={"expires_in": 60}))
        world.end_user("ann@example.com", scopes=["sensor:read"])
        world.person("ann@example.com", world.phone_app()).session()
        device = {"client_id": world.register("device").id}
        made(world.http.post(f"{world.issuer}/device_authorization", data=device))
        assert rows(installation.database_url) == FULL
    clock.advance(days=60)
    with serving(settings, clock=clock) as url:
        deadline = time.monotonic() + UPKEEP_SECONDS
        while (left := rows(installation.database_url)) != TIDY:
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
        headers = {"authorization": f"Bearer {first['api_key']}"}
        assert a_browser().get(f"{url}/api/whoami", headers=headers).status_code == 200


def rows(database_url: str) -> dict[str, int]:
    """How many rows there are of what expires."""
    database = Database(database_url)
    try:
        with database.read() as tx:
            tables = ((name, schema.metadata.tables[name]) for name in FULL)
            return {name: int(tx.scalar(select(func.count()).select_from(t))) for name, t in tables}
    finally:
        database.close()
