"""The data service: each route with and without its scope; who sees what behind a real server."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.listing import routes_of
from tests.servers import Installation
from tests.visitors import an_address
from tests.worlds import World

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette announces another HTTP client
    from starlette.testclient import TestClient

EXAMPLE = Path(__file__).parents[2] / "examples" / "dataservice"
ID = "00000000-0000-4000-8000-000000000000"
ROW = {"time": "2013-01-01T00:00:00Z", "temp": 30.5, "humid": None, "pressure": 1012.0}
ROUTES: list[tuple[str, str, Any, list[str]]] = [
    ("GET", "/search", None, ["read:metadata"]),
    ("GET", "/metadata/A", None, ["read:metadata"]),
    ("GET", "/table/A", None, ["read:data"]),
    ("GET", "/array/A/temp", None, ["read:data"]),
    ("POST", "/metadata/{new}", {}, ["create", "write:metadata"]),
    ("PUT", "/metadata/A", {}, ["write:metadata"]),
    ("PUT", "/table/A", [ROW], ["write:data"]),
    ("GET", "/metrics", None, ["metrics"]),
    ("GET", "/principals", None, ["read:principals"]),
    ("GET", "/apikeys", None, ["apikeys"]),
    ("POST", "/apikeys", {}, ["apikeys"]),
    ("GET", f"/principals/{ID}/apikeys", None, ["admin:apikeys"]),
    ("POST", f"/principals/{ID}/apikeys", {}, ["admin:apikeys"]),
]
PAGE = {scope for *_, scopes in ROUTES for scope in scopes}
UNCAPPED = """
access_control:
  access_policy: tiled.access_policies:SimpleAccessPolicy
  args:
    access_lists: {cara: tiled.access_policies:SimpleAccessPolicy.ALL}
"""


@contextmanager
def service(folder: Path, access: str, **environment: str) -> Iterator[TestClient]:
    """The application, as it is imported in this environment."""
    file = folder / "access.yml"
    file.write_text(access)
    spec = importlib.util.spec_from_file_location("dataservice_app", EXAMPLE / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"ACCESS": str(file), "DATA": str(folder), **environment}.items():
            patch.setenv(name, value)
        spec.loader.exec_module(module)
    with TestClient(module.app) as client:
        yield client
    close(module)


def close(module: ModuleType) -> None:
    module.guard.close()


# --- each route and its scope -------------------------------------------------------------------


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as fake:
        yield fake


@pytest.fixture(scope="module")
def client(issuer: FakeIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service where the policy lets cara do whatever her credential is good for."""
    folder = tmp_path_factory.mktemp("data")
    with service(folder, UNCAPPED, ISSUER=issuer.issuer, AUDIENCE=issuer.audience) as started:
        yield started


def test_the_nine_scopes_of_the_page_are_asked_for_and_no_other(client: TestClient) -> None:
    asked = {s for one in routes_of(client.app) for s in one.scopes}  # type: ignore[arg-type]
    assert asked == PAGE
    assert len(PAGE) == 9


@pytest.mark.parametrize(("method", "path", "body", "scopes"), ROUTES)
def test_a_route_opens_with_its_scope_and_not_without(
    client: TestClient,
    issuer: FakeIssuer,
    method: str,
    path: str,
    body: Any,
    scopes: list[str],
) -> None:
    path = path.replace("{new}", "E")
    for missing in scopes:
        others = PAGE - {missing}
        refused = client.request(
            method, path, json=body, headers=issuer.headers(*others, user="cara")
        )
        assert refused.status_code == 403
        challenge = refused.headers["www-authenticate"]
        assert f'error="insufficient_scope", scope="{" ".join(sorted(scopes))}"' in challenge
    assert client.request(method, path, json=body).status_code == 401
    held = issuer.headers(*scopes, "read:metadata", user="cara")
    answer = client.request(method, path, json=body, headers=held)
    if "principals" in path or "apikeys" in path:  # the authorization server's answer
        assert answer.status_code == 404  # here of one that knows no such path
    else:
        assert answer.is_success, answer.text


def test_the_document_says_what_each_route_asks_for(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for method, path, _, scopes in ROUTES:
        template = path.replace("{new}", "{name}").replace(ID, "{id}").replace("/A", "/{name}")
        template = template.replace("/temp", "/{measured}")
        (security,) = paths[template][method.lower()]["security"]
        assert security == {"Scopewright": sorted(scopes)}


def test_what_is_written_is_kept_and_bad_input_is_told(
    client: TestClient, issuer: FakeIssuer
) -> None:
    cara = issuer.headers(*PAGE, user="cara")
    assert client.post("/metadata/F", json={"by": "cara"}, headers=cara).status_code == 201
    assert client.post("/metadata/F", json={}, headers=cara).status_code == 409
    assert client.post("/metadata/F.G", json={}, headers=cara).status_code == 422
    assert client.put("/table/F", json=[ROW], headers=cara).is_success
    assert client.put("/table/F", json=[{"time": "now"}], headers=cara).status_code == 422
    assert client.get("/table/F", headers=cara).json() == [ROW]
    said = client.get("/metadata/F", headers=cara).json()
    assert (said["by"], said["rows"]) == ("cara", 1)
    assert client.get("/array/F/temp", headers=cara).json() == [30.5]
    assert client.get("/array/F/time", headers=cara).status_code == 404
    assert client.get("/array/nothing/temp", headers=cara).status_code == 404
    assert client.get("/table/F?limit=0", headers=cara).status_code == 422
    assert 'requests_total{method="POST",code="201"}' in client.get("/metrics", headers=cara).text


def test_it_stays_small() -> None:
    assert len((EXAMPLE / "app.py").read_text().splitlines()) <= 200


# --- who sees what, behind a real server --------------------------------------------------------


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("lab")
    database = f"sqlite:///{folder / 'scopewright.db'}"
    with Installation(folder, database_url=database) as installed:
        made = installed.init()
        installed.serve()
        yield World.at(installed.url, made, installed.letters).another(catalogues=["tiled"])


BOB, CARA = an_address("bob"), an_address("cara")


@pytest.fixture(scope="module")
def people(lab: World) -> dict[str, dict[str, str]]:
    """The header of each: alice by her API key, people by tokens, a service by its own."""
    alice = lab.admin.put(f"/principals/{lab.admin_email}/roles/admin")  # every scope there is
    assert alice.is_success, alice.text
    app, robot = lab.phone_app(), lab.device()
    assert lab.admin.put(f"/principals/{robot.id}/roles/user").is_success
    tokens = {"alice": lab.api_key, "robot": lab.access_token(robot)}
    for name, address in (("bob", BOB), ("cara", CARA)):
        assert lab.admin.post("/end-users", json={"email": address}).is_success
        tokens[name] = lab.person(address, app).session()["access_token"]
    return {"anonymous": {}} | {name: lab.as_bearer(token) for name, token in tokens.items()}


@pytest.fixture(scope="module")
def guarded(lab: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The service with its own access lists; only that people are called by their addresses."""
    names = {"alice": lab.admin_email, "bob": BOB, "cara": CARA}
    access = (EXAMPLE / "access.yml").read_text()
    for name, address in names.items():
        access = access.replace(f"      {name}:", f'      "{address}":')
    environment = {"ISSUER": lab.issuer, "AUDIENCE": lab.id, "SCOPEWRIGHT_GUARD_KEY": lab.api_key}
    with service(tmp_path_factory.mktemp("guarded"), access, **environment) as started:
        yield started


@pytest.mark.parametrize(
    ("who", "sees", "statuses"),
    [
        ("alice", "AB", (403, 200, 200)),
        ("bob", "AC", (403, 403, 403)),
        ("cara", "ABCD", (403, 403, 403)),
        ("robot", "", (404, 403, 403)),
        ("anonymous", "D", (401, 401, 401)),
    ],
)
def test_the_access_lists_say_who_sees_what(
    guarded: TestClient,
    people: dict[str, dict[str, str]],
    who: str,
    sees: str,
    statuses: tuple[int, int, int],
) -> None:
    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return guarded.request(method, path, headers=people[who], **more)

    assert asked("/search").json() == list(sees)
    for name in "ABCD":
        status = 200 if name in sees else 404
        assert asked(f"/array/{name}/temp").status_code == status
        assert asked(f"/metadata/{name}").status_code == status
    changed = asked(f"/metadata/{sees[:1] or 'A'}", "PUT", json={})
    others = asked("/metrics"), asked("/principals")
    assert tuple(answer.status_code for answer in (changed, *others)) == statuses


def test_the_servers_own_list_of_people_comes_through(
    guarded: TestClient, people: dict[str, dict[str, str]]
) -> None:
    shown = guarded.get("/principals", headers=people["alice"]).json()["data"]
    assert {BOB, CARA} <= {one["name"] for one in shown}
