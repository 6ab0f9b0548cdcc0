"""A workspace with something on every page, and names that are long, Arabic, or smile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.migrated import migrated_file
from tests.servers import Installation
from tests.visitors import a_browser, sign_in
from tests.worlds import World

LONG = "sensor:" + "w" * 121
ANN = "ann@example.com"
TRUSTED = {
    "issuer": "https://ci.example",
    "audience": "https://id.example",
    "jwks_uri": "https://ci.example/jwks",
}
ARABIC, SMILING = "جهاز الاستشعار في الطابق الثاني", "Schön 😀 warm"


@contextmanager
def filled(folder: Path, *, catalogues: Sequence[str] = ()) -> Iterator[World]:
    """The workspace, on a server of its own."""
    url = migrated_file(folder / "scopewright.db")
    with Installation(folder, database_url=url, environment={}) as installed:
        made = installed.found(catalogues=catalogues)
        installed.serve()
        world = World.at(installed.url, made, installed.letters)
        fill(world)
        yield world


def cookies_of(world: World) -> list[dict[str, str]]:
    """Those of the administrator's browser, for another."""
    return cookies_in(signed_in(world, world.admin_email), world.url)


def signed_in(world: World, address: str) -> httpx.Client:
    """A browser of somebody who came in by letter."""
    browser = a_browser(follow_redirects=True)
    sign_in(browser, world.url, world.mailbox(address))
    return browser


def cookies_in(browser: httpx.Client, url: str) -> list[dict[str, str]]:
    """What a browser keeps for this server."""
    return [{"name": one.name, "value": one.value or "", "url": url} for one in browser.cookies.jar]


def fill(world: World) -> None:
    """Something for every page of it."""
    world.define("sensor:read", "video:gold", LONG)
    for name in ("ann", "ben", "c" * 60):
        world.end_user(
            f"{name}@example.com", scopes=["sensor:read"], internal_scopes=["iotman:scopes:read"]
        )
    machine, claims = world.device(scopes=["sensor:read", LONG]), {"sub": SMILING}
    world.register("pkce", name=ARABIC)
    phone = world.register("pkce", name=SMILING)
    world.person("ann@example.com", phone).session()
    for path, body in (
        ("/api-keys", {"note": f"{SMILING}, nightly", "expires_in": 86400}),
        ("/endpoints", {"name": ARABIC, "auth": "none", "url_path": "floor-2", "read": True}),
        ("/mqtt-configs", {"name": "hall", "broker_url": "mqtt://broker", "topic_filter": "a/#"}),
        ("/members", {"email": "editor@example.com", "role": "editor"}),
        ("/groups", {"name": SMILING}),
        ("/roles", {"name": "keeper", "description": ARABIC, "scopes": ["sensor:read"]}),
        ("/principals", {"name": "night watch", "roles": ["keeper"]}),
        (
            "/applications",
            {"name": "plant", "title": "Plant 🌱", "launch_url": "https://p.example"},
        ),
        ("/applications/plant/scopes", {"name": "plant.r", "description": "Read the plant."}),
        ("/registration-tokens", {"expires_in": 3600}),
        ("/exports", {"name": ARABIC, "path": "readings"}),
        ("/trusted-issuers", {**TRUSTED, "rules": [{"claims": claims, "client_id": machine.id}]}),
    ):
        assert world.admin.post(path, json=body).status_code == 201, (path, body)
    plant = "/applications/plant"
    user = world.admin.patch(f"{plant}/roles/user", json={"scopes": ["plant.r"]}).json()["name"]
    world.admin.post(f"{plant}/register").raise_for_status()
    world.admin.put(f"/principals/{ANN}/roles/{user}").raise_for_status()
    world.admin.put(
        "/end-users/ann@example.com/metadata/ingest_context", json={"value": {"room": SMILING}}
    )
    for value in (20.5, 21.25, 19.0):
        sent = world.http.post(f"{world.url}/data/{world.id}/floor-2", json={"temperature": value})
        assert sent.status_code == 202, sent.text
