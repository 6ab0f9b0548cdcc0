"""Principals as Tiled's users look for them, a test a behaviour, over HTTP.

`world` is a workspace of the test's own, with the catalogue of Tiled's scopes.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from tests.dialects.conftest import Site
from tests.dialects.test_mindsphere import made, refused
from tests.dialects.test_tiled import person, portrait, robot, signed_in
from tests.visitors import an_address
from tests.worlds import KnownClient, World


@pytest.fixture
def world(site: Site) -> World:
    """A workspace of the test's own."""
    return site.first.another(catalogues=["tiled"])


def test_054_whoever_asks_is_told_who_they_are(world: World) -> None:
    """Whoever asks is told their id and kind, and under it the identities with their last use, the
    roles, keys and sessions, and when they were last active; nobody is told nothing."""
    address = an_address()
    headers = signed_in(world, person(world, address))
    me = made(world.http.get("/api/whoami", headers=headers))["principal"]
    assert (UUID(me["id"]).version, me["kind"], me["name"]) == (7, "end_user", address)
    mine = f"{world.address}/api-keys"
    key = made(world.http.post(mine, json={"note": "mine"}, headers=headers))
    assert world.http.get("/api/whoami", headers=world.as_bearer(key["secret"])).is_success
    shown = portrait(world, headers)
    assert (shown["id"], shown["kind"], shown["name"]) == (me["id"], "end_user", address)
    (identity,) = shown["identities"]
    assert (identity["provider"], identity["subject"]) == ("email", address)
    assert datetime.fromisoformat(identity["last_used_at"])
    assert [one["role"] for one in shown["roles"]] == ["user"]
    assert [one["note"] for one in shown["api_keys"]] == ["mine"]
    assert len(shown["sessions"]) == 1
    assert shown["latest_activity"] >= shown["sessions"][0]["created_at"]
    by_others = made(world.admin.get(f"/principals/{address}"))
    assert by_others["held"] == shown["held"]
    for path in ("/api/whoami", f"{world.address}/principals/me"):
        refused(world.http.get(path), 401)


def test_055_a_service_has_keys_and_no_identity(world: World) -> None:
    """A service has an id, a name, and nothing by which to sign in: it acts by its keys alone."""
    service = made(world.admin.post("/principals", json={"name": "beamline", "roles": ["user"]}))
    assert service["identities"] == []
    key = made(world.admin.post(f"/principals/{service['id']}/api-keys", json={}))
    shown = portrait(world, world.as_bearer(key["secret"]))
    assert (shown["id"], shown["identities"], shown["sessions"]) == (service["id"], [], [])
    assert [one["role"] for one in shown["roles"]] == ["user"]
    me = made(world.http.get("/api/whoami", headers=world.as_bearer(key["secret"])))
    assert me["principal"] == {"id": service["id"], "kind": "client", "name": "beamline"}
    assert UUID(service["id"])
    for secret in ("", "sws_invented", key["secret"]):
        refusal = world.token(KnownClient(service["id"], secret))
        assert (refusal.status_code, refusal.json()["error"]) == (401, "invalid_client")


def test_056_principals_are_listed_page_by_page_and_shown(world: World) -> None:
    """Principals come in pages, each of them once; one is shown by its id, and who is not here is
    not found."""
    services = {robot(world).id for _ in range(5)}
    reader = world.api(world.access_token(robot(world, "read:principals")))
    page, seen = made(reader.get("/principals", params={"limit": 2})), []
    while True:
        assert 1 <= len(page["data"]) <= 2
        seen += [one["id"] for one in page["data"]]
        if page["next_page"] is None:
            break
        page = made(reader.get(page["next_page"]))
    assert len(seen) == len(set(seen)) >= 6
    assert services <= set(seen)
    for id in services:
        assert made(reader.get(f"/principals/{id}"))["id"] == id
    stranger = robot(world.another()).id
    for id in (stranger, "01990b5e-0000-7000-8000-000000000000", "nobody", "no@example.com"):
        refused(reader.get(f"/principals/{id}"), 404)
