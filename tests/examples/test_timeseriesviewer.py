"""The worked example: one script, one application, two people, behind real nginx and Caddy."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from scopewright.cli import main
from scopewright.guard import Guard
from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.listing import routes_of
from tests.gateway.proxies import NGINX, SAMPLES, wait_for
from tests.ports import free_port
from tests.servers import Installation
from tests.visitors import a_browser, sign_in
from tests.worlds import KnownClient, World

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette announces another HTTP client
    from starlette.testclient import TestClient

EXAMPLE = Path(__file__).parents[2] / "examples" / "timeseriesviewer"
SEVEN = "asm.f.r asm.r atm.apt.r atm.r iot.bts.r iot.tim.r timeseriesviewer.all"
ROLE = "mdsp:mytenant:timeseriesviewer"
USERS = ("admin@mytenant.example", "user@mytenant.example")
CORE_ROLES = ("mdsp:core:assetmanagement.reporter", "mdsp:core:iot.timUser")
STRANGER = "stranger@mytenant.example"  # who has these alone, and so six of the seven scopes
POINT = {"time": "2014-01-01T00:00:00Z", "temp": 30.0}
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}

OPEN = ["/", "/?asset=LGA&measured=humid&start=2013-07-04", "/assets", "/assets/JFK/series"]
CLOSED = [
    ("POST", "/assets/BOS", "asm.c"),
    ("POST", "/assets/JFK/series", "iot.tim.w"),
    ("GET", "/assets/JFK/aggregates", "iot.tsa.r"),
]


# --- the application by itself ------------------------------------------------------------------


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as fake:
        yield fake


@pytest.fixture(scope="module")
def viewer(issuer: FakeIssuer) -> ModuleType:
    """The application's module, as it is imported where this issuer is its own."""
    spec = importlib.util.spec_from_file_location("timeseriesviewer_app", EXAMPLE / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISSUER", issuer.issuer)
        patch.setenv("AUDIENCE", issuer.audience)
        spec.loader.exec_module(module)
    assert isinstance(module.guard, Guard)
    return module


@pytest.fixture
def client(viewer: ModuleType, issuer: FakeIssuer) -> TestClient:
    """Somebody who holds what the roles of the example come to."""
    return TestClient(viewer.app, headers=issuer.headers(*SEVEN.split()))


def test_it_shows_what_was_measured(client: TestClient) -> None:
    assert client.get("/assets").json() == ["EWR", "JFK", "LGA"]
    (first, *rest) = client.get("/assets/JFK/series?start=2013-07-04&days=1").json()
    assert first == {
        "origin": "JFK", "time": "2013-07-04T00:00:00Z",
        "temp": 73.4, "humid": 90.14, "pressure": None,
    }  # fmt: skip
    assert len(rest) == 23
    page = client.get("/?asset=LGA&measured=humid&start=2013-07-04")
    assert "Relative humidity, % at LGA, week of 2013-07-04" in page.text
    (line,) = re.findall(r'<polyline points="([^"]+)"', page.text)
    assert len(line.split()) == 7 * 24
    assert SEVEN in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?asset=NIL", 404),
        ("/?asset=%3Cscript%3E", 404),
        ("/?measured=origin", 404),
        ("/?start=yesterday", 422),
        ("/?start=0001-01-01", 422),
        ("/assets/NIL/series", 404),
        ("/assets/JFK/series?days=0", 422),
        ("/assets/JFK/series?start=9999-12-31", 422),
        ("/assets/JFK/series?start=1999-12-31", 200),
        ("/?start=2099-12-31", 200),
    ],
)
def test_bad_input_is_told(client: TestClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status


@pytest.mark.parametrize(("method", "path", "scope"), CLOSED)
def test_what_the_roles_do_not_hold_is_there_for_who_does(
    viewer: ModuleType, issuer: FakeIssuer, client: TestClient, method: str, path: str, scope: str
) -> None:
    refused = client.request(method, path, json=POINT)
    assert refused.status_code == 403
    assert scope in refused.headers["www-authenticate"]
    mighty = TestClient(viewer.app, headers=issuer.headers(*SEVEN.split(), scope))
    assert mighty.request(method, path, json=POINT).is_success
    without_own = TestClient(viewer.app, headers=issuer.headers(scope))
    assert without_own.request(method, path, json=POINT).status_code == 403


def test_what_was_written_can_be_read(viewer: ModuleType, issuer: FakeIssuer) -> None:
    every = {scope for route in routes_of(viewer.app) for scope in route.scopes}
    mighty = TestClient(viewer.app, headers=issuer.headers(*every))
    assert mighty.post("/assets/OSL").status_code == 201
    assert mighty.post("/assets/OSL/series", json=POINT).status_code == 201
    assert mighty.post("/assets/OSL/series", json={**POINT, "time": "now"}).status_code == 422
    assert mighty.post("/assets/<x>").status_code == 422
    (point,) = mighty.get("/assets/OSL/series?start=2014-01-01").json()
    assert point == {"origin": "OSL", "humid": None, "pressure": None, **POINT}
    means = mighty.get("/assets/OSL/aggregates?start=2014-01-01").json()
    assert means == {"2014-01-01": 30.0}


def test_nothing_is_forgotten(viewer: ModuleType) -> None:
    listed = routes_of(viewer.app)
    assert all(route.is_guarded and route.declaration is not None for route in listed)
    public = [route.path for route in listed if viewer.OWN not in route.scopes]
    assert public == ["/health"]


def test_it_stays_small() -> None:
    assert len((EXAMPLE / "app.py").read_text().splitlines()) <= 150


@pytest.mark.parametrize(
    ("name", "sample"),
    [("nginx.conf", "application.nginx.conf"), ("Caddyfile", "application.Caddyfile")],
)
def test_its_proxies_are_the_gateways_samples_filled_in(name: str, sample: str) -> None:
    scheme = "http://" if name == "nginx.conf" else ""
    values = {
        "APPLICATION": "timeseriesviewer",
        "HOST": "127.0.0.1:8090",
        "PORT": "8090",
        "UPSTREAM": f"{scheme}127.0.0.1:9000",
        "AUTH": f"{scheme}127.0.0.1:8080",
    }
    filled = re.sub(
        r"\b[A-Z]{4,}\b", lambda m: values.get(m[0], m[0]), uncommented(SAMPLES / sample)
    )
    assert uncommented(EXAMPLE / name) == filled


def uncommented(path: Path) -> str:
    return "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))


# --- set up by the script, behind a proxy -------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """A server, the workspace `mytenant` that the script made in it, and the application."""

    world: World
    state: Path
    host: str
    after_once: dict[str, Any]
    after_twice: dict[str, Any]
    phone: KnownClient

    def token(self, address: str) -> dict[str, Any]:
        """What the token endpoint answers when somebody has signed in."""
        return self.world.person(address, self.phone).session()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("viewer")
    host, port = f"127.0.0.1:{free_port()}", free_port()
    trusting = {"SCOPEWRIGHT_SERVER__TRUSTED_PROXIES": "127.0.0.1"}
    with Installation(folder, f"sqlite:///{folder / 'scopewright.db'}", trusting) as installed:
        init = installed.init()
        installed.serve()
        known = {
            "SCOPEWRIGHT_URL": installed.url,
            "SCOPEWRIGHT_API_KEY": init["api_key"],
            "STATE": str(folder / "state"),
            "PYTHON": sys.executable,
            "VIEWER_HOST": host,
            "VIEWER_UPSTREAM": f"127.0.0.1:{port}",
        }
        run_script(known)
        world = mytenant(installed, folder / "state")
        once = everything(world)
        run_script(known)
        twice = everything(world)
        stranger = {"email": STRANGER, "roles": [*CORE_ROLES]}
        assert world.admin.post("/end-users", json=stranger).status_code == 201
        with application(folder, port, world):
            yield Site(world, folder / "state", host, once, twice, world.phone_app())


def run_script(known: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", EXAMPLE / "setup.sh"],
        env=os.environ | known,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "swk_" not in done.stdout + done.stderr


def mytenant(installed: Installation, state: Path) -> World:
    key = (state / "key").read_text().strip()
    assert (state / "key").stat().st_mode & 0o077 == 0
    said = httpx.get(
        f"{installed.url}/api/workspaces/mytenant", headers={"authorization": f"Bearer {key}"}
    ).json()
    return World(installed.url, said["id"], "mytenant", said["issuer"], key, installed.letters)


def everything(world: World) -> dict[str, Any]:
    """All that the script has to do with, down to when it was made."""
    lists = (
        "/scopes",
        "/roles",
        "/applications",
        "/end-users",
        "/clients",
        "/groups",
        "/revisions",
    )
    found: dict[str, Any] = {path: world.listed(path) for path in lists}
    found["routes"] = world.listed("/applications/timeseriesviewer/routes")
    found["workspace"] = world.admin.get("").json()
    for address in USERS:
        found[address] = world.admin.get(f"/principals/{address}").json()
    return found


@contextlib.contextmanager
def application(folder: Path, port: int, world: World) -> Iterator[None]:
    """The application, as README.md has it started."""
    environment = (folder / "state" / "environment").read_text()
    assert environment == f"export ISSUER={world.issuer} AUDIENCE={world.id}\n"
    use = {"ISSUER": world.issuer, "AUDIENCE": world.id}
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
    with process(command, port, log=folder / "application.log", cwd=EXAMPLE, **use):
        yield


@contextlib.contextmanager
def process(
    command: list[str], port: int, *, log: Path, cwd: Path, **environment: str
) -> Iterator[None]:
    started = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(port, started, log)
        yield
    finally:
        started.terminate()
        started.wait(20)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def url(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where browsers reach the application: through the proxy as the script has configured it."""
    folder = tmp_path_factory.mktemp("proxy")
    for each in (folder, *folder.parents[:2]):  # nginx's workers are nobody when root started them
        each.chmod(0o755)
    nginx, caddy = site.state / "nginx.conf", site.state / "Caddyfile"
    command = {
        "nginx": [NGINX, "-p", str(folder), "-c", str(nginx)],
        "caddy": ["caddy", "run", "--adapter", "caddyfile", "--config", str(caddy)],
    }[request.param]
    homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    port = int(site.host.rpartition(":")[2])
    with process(command, port, log=folder / "log", cwd=folder, **homes):
        yield f"http://{site.host}"


def test_running_the_script_again_changes_nothing(site: Site) -> None:
    assert site.after_twice == site.after_once


def test_either_role_comes_to_exactly_seven_scopes(site: Site) -> None:
    for name in ("admin", "user"):
        role = site.world.admin.get(f"/roles/{ROLE}.{name}").json()
        assert role["scopes"] == ["timeseriesviewer.all"]
        assert role["includes"] == [*CORE_ROLES]
        assert sorted(one["scope"] for one in role["effective"]) == SEVEN.split()
        assert role["missing"] == []


@pytest.mark.parametrize("address", USERS)
def test_the_token_of_either_user_has_exactly_these(site: Site, address: str) -> None:
    name = address.partition("@")[0]
    (given,) = site.after_once[address]["roles"]
    assert (given["role"], given["type"]) == (f"{ROLE}.{name}", "DIRECT")
    assert site.token(address)["scope"] == SEVEN


def test_the_gateway_asks_for_what_the_application_declares(site: Site, viewer: ModuleType) -> None:
    declared = {
        (route.method, re.sub(r"\{\w+\}", "{}", route.path)): route.scopes
        for route in routes_of(viewer.app)
        if route.scopes
    }
    routes = site.after_once["routes"]
    assert {r["host"] for r in routes} == {site.host}
    assert {(*r["methods"], r["path"]): frozenset(r["scopes"]) for r in routes} == declared


def test_the_server_knows_which_scopes_have_to_guard_something(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, value in {
        "ISSUER": site.world.issuer,
        "AUDIENCE": site.world.id,
        "SCOPEWRIGHT_URL": site.world.url,
        "SCOPEWRIGHT_API_KEY": site.world.api_key,
    }.items():
        monkeypatch.setenv(name, value)

    def routes(application: str) -> tuple[int, str, str]:
        line = f"scopewright routes app:app --application {application}"
        monkeypatch.setattr(sys, "argv", line.split())
        with pytest.raises(SystemExit) as ended:
            main.run()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    assert routes("timeseriesviewer")[0] == 0
    made = {"name": "other"}
    assert site.world.admin.post("/applications", json=made).status_code == 201
    unused = {"name": "other.thing"}
    assert site.world.admin.post("/applications/other/scopes", json=unused).status_code == 201
    code, said, _ = routes("other")
    assert (code, said.splitlines()[-1]) == (1, "guards nothing: other.thing")
    code, _, errors = routes("nothing")
    assert code == 1
    assert errors == "scopewright: There is no such application.\n"


@pytest.mark.parametrize("address", USERS)
def test_a_users_token_opens_what_the_roles_hold_and_nothing_else(
    site: Site, url: str, address: str
) -> None:
    bearer = {"authorization": f"Bearer {site.token(address)['access_token']}"}
    with a_browser(base_url=url, headers=bearer) as program:
        for path in OPEN:
            assert program.get(path).status_code == 200
        for method, path, _scope in CLOSED:
            assert program.request(method, path, json=POINT).status_code == 403
        for path in ("/health", "/openapi.json", "/docs", "/nothing", "/assets/JFK"):
            assert program.get(path).status_code == 403


def test_without_login_a_program_is_refused_and_a_person_is_sent_to_sign_in(url: str) -> None:
    with a_browser(base_url=url) as visitor:
        for path in OPEN:
            assert visitor.get(path).status_code == 401
        for method, path, _scope in CLOSED:
            assert visitor.request(method, path, json=POINT).status_code == 401
        sent = visitor.get("/", headers=PAGE)
        assert sent.status_code == 302
        assert sent.headers["location"] == f"{url}/.scopewright/login?continue=/"


@pytest.mark.parametrize("address", USERS)
def test_a_person_signs_in_and_sees_the_chart_and_no_more(
    site: Site, url: str, address: str
) -> None:
    with a_browser(headers=PAGE, follow_redirects=True) as browser:
        sign_in(browser, site.world.url, site.world.mailbox(address))
        page = browser.get(f"{url}/")
        assert (page.status_code, str(page.url)) == (200, f"{url}/")
        assert "<polyline" in page.text
        assert SEVEN in page.text
        for method, path, _scope in CLOSED:
            same = {"origin": url}
            assert browser.request(method, url + path, json=POINT, headers=same).status_code == 403
        tiles = browser.get(f"{site.world.url}/api/launchpad").json()["data"]
        assert [(tile["title"], tile["launch_url"]) for tile in tiles] == [
            ("Time Series Viewer", f"{url}/")
        ]


def test_who_has_the_core_roles_alone_is_kept_out_and_shown_no_tile(site: Site, url: str) -> None:
    with a_browser(headers=PAGE, follow_redirects=True) as browser:
        sign_in(browser, site.world.url, site.world.mailbox(STRANGER))
        assert browser.get(f"{site.world.url}/api/launchpad").json()["data"] == []
        assert browser.get(f"{url}/").status_code == 403
    token = site.token(STRANGER)
    assert token["scope"] == SEVEN.removesuffix(" timeseriesviewer.all")
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    assert httpx.get(f"{url}/assets", headers=bearer).status_code == 403
