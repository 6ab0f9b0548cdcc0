"""FastAPI, Starlette, ASGI and WSGI: declared routes ask for their scopes, others are refused."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from wsgiref.util import setup_testing_defaults

import anyio
import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from scopewright.guard import PUBLIC, Claims, Guard, Rules, asgi, public, wsgi
from scopewright.guard.asgi import GuardMiddleware
from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.fastapi import ScopewrightBearer
from scopewright.guard.starlette import protected
from tests.guard.applications import asgi_client, plain_asgi, plain_wsgi, wsgi_client

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette announces another HTTP client
    from starlette.testclient import TestClient


@pytest.fixture
def guard(issuer: FakeIssuer) -> Guard:
    return issuer.guard()


def fastapi_app(guard: Guard) -> FastAPI:
    app, router, inner = FastAPI(), APIRouter(), APIRouter()
    app.add_middleware(GuardMiddleware, guard=guard)
    reading = Depends(guard.requires("sensor:read"))

    @app.get("/readings")
    def readings(claims: Claims = reading) -> list[str]:
        return sorted(claims.scopes)

    @app.post("/readings", dependencies=[Depends(guard.requires("sensor:read", "sensor:write"))])
    def write() -> str:
        return "written"

    @app.get("/anybody-known", dependencies=[Depends(guard.requires())])
    async def anybody() -> str:
        return "known"

    @app.get("/health")
    @public
    def health() -> str:
        return "well"

    @app.get("/forgotten")
    def forgotten() -> str:
        raise AssertionError("this must not run")

    @router.get("/by-router")
    def by_router() -> str:
        return "routed"

    @inner.get("/deep/{name}")
    def deep(name: str) -> str:
        return name

    @app.websocket("/live")
    async def live(socket: WebSocket, claims: Claims = reading) -> None:
        await socket.accept()
        await socket.send_text(claims.subject)
        await socket.close()

    @app.websocket("/forgotten-live")
    async def forgotten_live(socket: WebSocket) -> None:
        await socket.accept()

    router.include_router(inner, prefix="/inner")
    app.include_router(router, prefix="/v1", dependencies=[reading])
    app.include_router(router, prefix="/open")
    app.mount("/static", PlainTextResponse("file"))
    app.mount("/assets", public(PlainTextResponse("asset")))
    return app


@pytest.fixture
def client(guard: Guard) -> TestClient:
    return TestClient(fastapi_app(guard), raise_server_exceptions=True)


def test_no_credential_is_401_without_an_error_code(client: TestClient) -> None:
    answer = client.get("/readings")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer scope="sensor:read"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {"detail": "A credential is needed."}


def test_a_bad_credential_is_401_invalid_token(client: TestClient, issuer: FakeIssuer) -> None:
    answer = client.get("/readings", headers=issuer.headers("sensor:read", aud="other"))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_missing_scope_is_403_and_named(client: TestClient, issuer: FakeIssuer) -> None:
    answer = client.post("/readings", headers=issuer.headers("sensor:read"))
    assert answer.status_code == 403
    said = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in said
    assert 'scope="sensor:read sensor:write"' in said
    assert answer.json() == {"detail": "This needs sensor:write."}


def test_a_good_credential_passes_and_its_claims_are_given(
    client: TestClient, issuer: FakeIssuer
) -> None:
    answer = client.get("/readings", headers=issuer.headers("sensor:read", "video:gold"))
    assert answer.json() == ["sensor:read", "video:gold"]
    assert client.get("/anybody-known", headers=issuer.headers()).json() == "known"


def test_an_api_key_passes_as_a_token_does(client: TestClient, issuer: FakeIssuer) -> None:
    key = issuer.api_key("sensor:read")
    for scheme in ("Bearer", "Apikey"):
        answer = client.get("/readings", headers={"Authorization": f"{scheme} {key}"})
        assert answer.json() == ["sensor:read"]


def test_two_credentials_are_none(client: TestClient, issuer: FakeIssuer) -> None:
    header = ("Authorization", issuer.headers("sensor:read")["Authorization"])
    assert client.get("/readings", headers=[header, header]).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/forgotten", "/static/x", "/docs", "/openapi.json", "/open/by-router", "/open/inner/deep/x"],
)
def test_a_route_that_declares_nothing_is_refused_even_to_the_mighty(
    path: str, client: TestClient, issuer: FakeIssuer
) -> None:
    for headers in ({}, issuer.headers("sensor:read", "admin")):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 403
        assert answer.json() == {"detail": "This route declares no scope, so it is refused."}


@pytest.mark.parametrize("path", ["/health", "/assets/x"])
def test_a_public_route_needs_no_credential(path: str, client: TestClient) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/v1/by-router", "/v1/inner/deep/x"])
def test_a_router_declares_for_its_routes(
    path: str, client: TestClient, issuer: FakeIssuer
) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers=issuer.headers()).status_code == 403
    assert client.get(path, headers=issuer.headers("sensor:read")).status_code == 200


def test_a_websocket_is_guarded_before_it_is_accepted(
    client: TestClient, issuer: FakeIssuer
) -> None:
    with client.websocket_connect("/live", headers=issuer.headers("sensor:read")) as socket:
        assert socket.receive_text() == "fake-client"
    for path, headers in (
        ("/live", {}),
        ("/live", issuer.headers()),
        ("/forgotten-live", issuer.headers("sensor:read")),
    ):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(path, headers=headers),
        ):
            pytest.fail("accepted")


def test_the_dependency_guards_without_any_middleware(guard: Guard, issuer: FakeIssuer) -> None:
    app = FastAPI(dependencies=[Depends(guard.requires("sensor:read"))])

    @app.get("/readings")
    def readings() -> str:
        return "read"

    client = TestClient(app)
    assert client.get("/readings").status_code == 401
    assert client.get("/readings", headers=issuer.headers("sensor:read")).json() == "read"


def test_the_security_scheme_guards_and_documents(guard: Guard, issuer: FakeIssuer) -> None:
    app, bearer = FastAPI(), ScopewrightBearer(guard, scopes={"sensor:read": "Read."})
    app.add_middleware(GuardMiddleware, guard=guard)
    needed = Security(bearer, scopes=["sensor:read"])

    @app.get("/readings")
    def readings(claims: Claims = needed) -> str:
        return claims.subject

    client = TestClient(app)
    assert client.get("/readings").status_code == 401
    assert client.get("/readings", headers=issuer.headers()).status_code == 403
    assert client.get("/readings", headers=issuer.headers("sensor:read")).json() == "fake-client"
    said = app.openapi()
    assert said["paths"]["/readings"]["get"]["security"] == [{"Scopewright": ["sensor:read"]}]
    flow = said["components"]["securitySchemes"]["Scopewright"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == f"{issuer.issuer}/token"


def test_an_issuer_that_cannot_be_asked_is_503(guard: Guard, issuer: FakeIssuer) -> None:
    app = fastapi_app(guard)
    headers = issuer.headers("sensor:read")
    issuer.keys.clear()
    answer = TestClient(app).get("/readings", headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "WWW-Authenticate" not in answer.headers


def test_a_scope_that_could_not_stand_in_a_token_is_a_mistake_at_the_start(guard: Guard) -> None:
    for name in ('a"b', "a b", "", "é"):
        with pytest.raises(ValueError, match="scope"):
            guard.requires(name)


def starlette_app(guard: Guard) -> Starlette:
    @protected(guard, "sensor:read")
    async def readings(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.scope["scopewright.claims"].subject)

    @protected(guard, "sensor:read")
    def blocking(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.scope["scopewright.claims"].subject)

    async def forgotten(_request: Request) -> PlainTextResponse:
        raise AssertionError("this must not run")

    @protected(guard, "sensor:read")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    health = public(lambda _request: PlainTextResponse("well"))
    deep = [Route("/readings", readings), Route("/forgotten", forgotten)]
    app = Starlette(
        routes=[
            Route("/readings", readings),
            Route("/readings", forgotten, methods=["POST"]),
            Route("/blocking", blocking),
            Route("/health", health),
            Host("other.example", Starlette(routes=[Route("/readings", forgotten)])),
            Mount("/deep", routes=[Mount("/er", Starlette(routes=deep))]),
            WebSocketRoute("/live", live),
            Route("/live", forgotten),
        ]
    )
    app.add_middleware(GuardMiddleware, guard=guard)
    return app


@pytest.mark.parametrize("path", ["/readings", "/blocking", "/deep/er/readings"])
def test_a_starlette_endpoint_is_protected(path: str, guard: Guard, issuer: FakeIssuer) -> None:
    client = TestClient(starlette_app(guard))
    assert client.get(path).status_code == 401
    assert client.get(path, headers=issuer.headers()).status_code == 403
    assert client.get(path, headers=issuer.headers("sensor:read")).text == "fake-client"


def test_a_starlette_route_that_declares_nothing_is_refused(
    guard: Guard, issuer: FakeIssuer
) -> None:
    client, headers = TestClient(starlette_app(guard)), issuer.headers("sensor:read")
    assert client.get("/deep/er/forgotten", headers=headers).status_code == 403
    assert client.post("/readings", headers=headers).status_code == 403
    assert client.get("/live", headers=headers).status_code == 403
    assert client.get("/nowhere", headers=headers).status_code == 403
    other = TestClient(starlette_app(guard), base_url="http://other.example")
    assert other.get("/deep/er/readings", headers=headers).status_code == 403
    assert client.get("/health").text == "well"


def test_a_mounted_application_is_walked_under_its_prefix(guard: Guard, issuer: FakeIssuer) -> None:
    client = TestClient(starlette_app(guard), root_path="/prefix")
    headers = issuer.headers("sensor:read")
    assert client.get("/prefix/readings", headers=headers).status_code == 200
    assert client.get("/prefix/deep/er/forgotten", headers=headers).status_code == 403


def test_a_wrapped_application_is_asked_itself_not_the_one_it_is_mounted_in(
    guard: Guard, issuer: FakeIssuer
) -> None:
    async def forgotten(_request: Request) -> PlainTextResponse:
        raise AssertionError("this must not run")

    well = public(lambda _request: PlainTextResponse("well"))
    inner = Starlette(routes=[Route("/health", forgotten), Route("/well", well)])
    wrapped = GuardMiddleware(inner, guard)
    outer = Starlette(routes=[Route("/health", well), Mount("/inner", wrapped)])
    assert TestClient(outer).get("/inner/health").status_code == 403
    assert TestClient(outer).get("/inner/well").text == "well"
    assert TestClient(wrapped).get("/well").text == "well"


TABLE: dict[str, Any] = {
    "GET /readings": "sensor:read",
    "POST /readings": ["sensor:read", "sensor:write"],
    "GET /devices/{id}": "device:read",
    "GET /devices/health": PUBLIC,
    "* /static/*": PUBLIC,
    "GET /static/secret": "admin",
    "GET /known": [],
}


def asked(path: str, method: str = "GET") -> Any:
    return Rules(TABLE).find(method, path)


def test_rules_find_what_a_route_needs() -> None:
    assert asked("/readings") == asked("/readings", "HEAD") == {"sensor:read"}
    assert asked("/readings", "POST") == {"sensor:read", "sensor:write"}
    assert asked("/devices/7") == {"device:read"}
    assert asked("/known") == frozenset()


def test_the_most_literal_rule_wins() -> None:
    assert asked("/devices/health") is PUBLIC
    assert asked("/static/a/b") is asked("/static/a", "PUT") is PUBLIC
    assert asked("/static/secret") == {"admin"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/readings/",
        "//readings",
        "/Readings",
        "/readings\n",
        "/devices/",
        "/devices/7/8",
        "/static/",
        "/static/../readings",
        "/static/./x",
        "/static//x",
        "/static/..\\readings",
        "/devices/..",
        "/known/x",
    ],
)
def test_what_no_rule_names_is_refused(path: str) -> None:
    assert asked(path) is None


def test_a_method_that_no_rule_names_is_refused() -> None:
    assert asked("/readings", "DELETE") is asked("/readings", "get") is None


@pytest.mark.parametrize("route", ["/readings", "GET readings", "GET /*/x", "GET"])
def test_a_rule_that_cannot_be_read_is_a_mistake_at_the_start(route: str) -> None:
    with pytest.raises(ValueError, match=r"GET|end"):
        Rules({route: "x"})


def test_a_websocket_is_closed_where_the_server_knows_no_denial(issuer: FakeIssuer) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any: ...

    app = asgi.GuardMiddleware(plain_asgi, issuer.guard(), Rules(TABLE))
    anyio.run(app, {"type": "websocket", "path": "/readings", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_an_application_starts_and_stops_behind_the_middleware(guard: Guard) -> None:
    began: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        began.append("begun")
        yield

    with TestClient(GuardMiddleware(Starlette(lifespan=lifespan), guard)):
        assert began == ["begun"]


Ask = Callable[..., httpx.Response]


@pytest.fixture(params=[asgi_client, wsgi_client])
def ask(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[Ask]:
    with request.param(issuer.guard(), Rules(TABLE)) as client:
        yield client.request


def test_middleware_asks_for_what_the_rules_say(ask: Ask, issuer: FakeIssuer) -> None:
    assert ask("GET", "/readings").status_code == 401
    assert ask("GET", "/readings", headers=issuer.headers()).status_code == 403
    assert ask("GET", "/readings", headers=issuer.headers("sensor:read")).text == "fake-client"
    assert ask("GET", "/static/x").text == "nobody"
    assert ask("GET", "/known", headers=issuer.headers()).text == "fake-client"


def test_middleware_refuses_what_the_rules_do_not_name(ask: Ask, issuer: FakeIssuer) -> None:
    answer = ask("GET", "/forgotten", headers=issuer.headers("sensor:read"))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This route declares no scope, so it is refused."


def test_a_path_in_utf_8_is_read_as_the_application_reads_it(issuer: FakeIssuer) -> None:
    environ: dict[str, Any] = {"PATH_INFO": "/fühler".encode().decode("latin-1")}
    setup_testing_defaults(environ)
    app = wsgi.GuardMiddleware(plain_wsgi, issuer.guard(), Rules({"GET /fühler": PUBLIC}))
    assert list(app(environ, lambda *_: None)) == [b"nobody"]


WITHOUT = """
import sys
import scopewright.guard.pytest_plugin
import scopewright.guard as library
print(sorted({"httpx", "cryptography"} & set(sys.modules)))
import scopewright.guard.asgi, scopewright.guard.wsgi
library.Guard, library.verify
print(sorted({"fastapi", "starlette", "requests", "sqlalchemy"} & set(sys.modules)))
"""


def test_the_guard_is_imported_without_any_framework() -> None:
    answer = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, check=True)
    assert answer.stdout.split() == [b"[]", b"[]"]
