"""A workspace with something on every page, and names that are long, Arabic, or smile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.migrated import migrated_file
from tests.servers import Installation
from tests.visitors import a_browser, sign_in
from tests.worlds import World

LONG = "sensor:" + "w" * 121
ARABIC, SMILING = "جهاز الاستشعار في الطابق الثاني", "Schön 😀 warm"


@contextmanager
def filled(folder: Path) -> Iterator[World]:
    """The workspace, on a server of its own."""
    url = migrated_file(folder / "scopewright.db")
    with Installation(folder, database_url=url, environment={}) as installed:
        made = installed.init()
        installed.serve()
        world = World.at(installed.url, made, installed.letters)
        _fill(world)
        yield world


def cookies_of(world: World) -> list[dict[str, str]]:
    """Those of the administrator's browser, for another."""
    browser = a_browser(follow_redirects=True)
    sign_in(browser, world.url, world.mailbox(world.admin_email))
    return [
        {"name": one.name, "value": one.value or "", "url": world.url}
        for one in browser.cookies.jar
    ]


def _fill(world: World) -> None:
    world.define("sensor:read", "video:gold", LONG)
    for name in ("ann", "ben", "c" * 60):
        world.end_user(
            f"{name}@example.com", scopes=["sensor:read"], internal_scopes=["iotman:scopes:read"]
        )
    world.device(scopes=["sensor:read", LONG])
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
        ("/applications", {"name": "plant", "title": "Plant 🌱"}),
        ("/applications/plant/scopes", {"name": "plant.r", "description": "Read the plant."}),
        ("/registration-tokens", {"expires_in": 3600}),
    ):
        assert world.admin.post(path, json=body).status_code == 201, (path, body)
    world.admin.put(
        "/end-users/ann@example.com/metadata/ingest_context", json={"value": {"room": SMILING}}
    )
    for value in (20.5, 21.25, 19.0):
        sent = world.http.post(f"{world.url}/data/{world.id}/floor-2", json={"temperature": value})
        assert sent.status_code == 202, sent.text
