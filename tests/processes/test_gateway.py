"""A change of roles at one server counts at the gateway of the other at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest

from scopewright.core.model import ApiKey, ChangeKind
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import EVERYTHING
from scopewright.ids import new_api_key_secret, new_id
from scopewright.store import api_keys, workspaces
from scopewright.store.database import Database
from tests.processes.conftest import database_of
from tests.servers import Installation
from tests.visitors import Mailbox, a_browser, an_address, sign_in
from tests.worlds import World

CHANGES = 60
HOST = "127.0.0.1:9"  # nothing listens there: the proxy is played here
TOLD = {"x-forwarded-proto": "http", "x-forwarded-host": HOST}
TRUSTING = {"SCOPEWRIGHT_SERVER__TRUSTED_PROXIES": "127.0.0.1"}


@dataclass(frozen=True)
class Two:
    """Two servers on one database, and an application whose roles `user` and `admin` differ."""

    world: World
    other: httpx.Client
    database_url: str
    roles: dict[str, str]

    def change(self, method: str, person: str, role: str) -> None:
        """Assign a role, or take it away, at the one server."""
        path = f"/principals/{person}/roles/{self.roles[role]}"
        answer = self.world.admin.request(method, path)
        assert answer.is_success, answer.text

    def asked(self, target: str, **headers: str) -> httpx.Response:
        """What the other server answers a proxy."""
        told = {**TOLD, "x-forwarded-method": "GET", "x-forwarded-uri": target, **headers}
        url = f"/w/{self.world.id}/verify?application=viewer"
        return self.other.get(url, headers=told)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp(f"two-{request.param}")
    url = database_of(request, folder)
    with Installation(folder, url, TRUSTING) as installation:
        init = installation.init()
        first, second = installation.serve(), installation.serve()
        world = World.at(first.url, init, installation.letters)
        yield Two(world, a_browser(base_url=second.url), url, the_viewer(world))


def the_viewer(world: World) -> dict[str, str]:
    """Make the application; its roles by their own names."""
    made = world.admin.post("/applications", json={"name": "viewer"}).json()
    roles = {role["name"]: role["role"] for role in made["roles"]}
    here = "/applications/viewer"
    for scope in ("viewer.read", "viewer.write"):
        world.admin.post(f"{here}/scopes", json={"name": scope})
    contents = {"user": ["viewer.read"], "admin": ["viewer.read", "viewer.write"]}
    for name, scopes in contents.items():
        world.admin.patch(f"{here}/roles/{name}", json={"scopes": scopes}).raise_for_status()
    world.admin.post(f"{here}/register").raise_for_status()
    for path, scope in (("/**", "viewer.read"), ("/admin/**", "viewer.write")):
        body = {"host": HOST, "path": path, "scopes": [scope]}
        world.admin.post(f"{here}/routes", json=body).raise_for_status()
    return roles


@pytest.fixture(scope="module")
def person(two: Two) -> tuple[str, str]:
    """The address and the id of an end-user."""
    address = an_address()
    two.world.end_user(address, scopes=["sensor:read"])
    id = two.world.admin.get(f"/principals/{address}").json()["id"]
    return address, str(id)


@pytest.fixture(scope="module")
def cookie(two: Two, person: tuple[str, str]) -> str:
    """The cookie of a browser that has signed in at the application."""
    own = f"{two.world.issuer}/gateway/viewer"
    with a_browser() as browser:
        sign_in(browser, two.world.url, Mailbox(two.world.letters, person[0]))
        begun = browser.get(f"{own}/login", headers=TOLD)
        back = urlsplit(browser.get(begun.headers["location"]).headers["location"])
        browser.get(f"{own}/callback?{back.query}", headers=TOLD)
        return str(browser.cookies["scopewright_session"])


@pytest.fixture(scope="module")
def key(two: Two, person: tuple[str, str]) -> str:
    """An API key of the person, with all that they hold."""
    now, id, here = datetime.now(UTC), new_id("key"), two.world.id
    secret = new_api_key_secret(id)
    database = Database(two.database_url)
    with database.write() as tx:
        workspaces.touch(tx, here, ChangeKind.API_KEY, id, at=now)
        made = ApiKey(id, person[1], here, hash_secret(secret), EVERYTHING, "", person[1], now)
        api_keys.add(tx, made)
    database.close()
    return secret


def test_each_change_of_roles_counts_for_browsers_and_keys_at_the_other_server_at_once(
    two: Two, person: tuple[str, str], cookie: str, key: str
) -> None:
    choose, has = random.Random(11), set[str]()
    ways = {
        "browser": {"cookie": f"scopewright_session={cookie}"},
        "key": {"authorization": f"Bearer {key}"},
    }
    for _ in range(CHANGES):
        role = choose.choice(["user", "admin"])
        two.change("DELETE" if role in has else "PUT", person[1], role)
        has ^= {role}
        for way, headers in ways.items():
            for target, opens in (("/a", {"user", "admin"}), ("/admin/a", {"admin"})):
                status = two.asked(target, **headers).status_code
                assert status == (204 if has & opens else 403), (way, target, has)


def test_a_change_of_the_routes_and_the_end_of_a_session_count_at_once(
    two: Two, person: tuple[str, str], cookie: str
) -> None:
    browser = {"cookie": f"scopewright_session={cookie}"}
    ask: Callable[[], int] = lambda: two.asked("/new", **browser).status_code  # noqa: E731
    two.change("PUT", person[1], "user")
    assert ask() == 204
    two.world.define("sensor:write")
    body = {"host": HOST, "path": "/new", "scopes": ["sensor:write"]}
    made = two.world.admin.post("/applications/viewer/routes", json=body).json()
    assert ask() == 403
    two.world.admin.delete(f"/applications/viewer/routes/{made['id']}").raise_for_status()
    assert ask() == 204
    for session in two.world.listed("/sessions"):
        two.world.admin.delete(f"/sessions/{session['id']}").raise_for_status()
    assert ask() == 401
