"""One declaration a route: it is enforced, documented and listed, and cannot say three things."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from scopewright.core.scopes import Scopes
from scopewright.guard import PUBLIC, Claims, Guard, InsufficientScope, Rules, any_of, asgi, public
from scopewright.guard.asgi import GuardMiddleware
from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.fastapi import ScopewrightBearer, public_documentation
from scopewright.guard.listing import ListedRoute, Unreadable, routes_of
from scopewright.guard.rules import Needs, alternatives, both, refuse_without, scope_names
from scopewright.guard.starlette import protected
from tests.guard.applications import asgi_client, plain_asgi, plain_wsgi, wsgi_client

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette announces another HTTP client
    from starlette.testclient import TestClient

GENERATED = ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"]


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as fake:
        yield fake


@pytest.fixture(scope="module")
def guard(issuer: FakeIssuer) -> Guard:
    return issuer.guard()


def application(guard: Guard) -> FastAPI:
    """Every way to declare that FastAPI has, and one route that was forgotten."""
    app, router = FastAPI(), APIRouter(dependencies=[Depends(guard.requires("area"))])
    bearer = ScopewrightBearer(guard, scopes={"described": "Says what it is."})

    @app.get("/one", dependencies=[Depends(guard.requires("one"))])
    @app.put("/all", dependencies=[Depends(guard.requires("one", "two"))])
    @app.get("/any", dependencies=[Depends(guard.requires(any_of("one", ["two", "three"])))])
    @app.get("/mixed", dependencies=[Depends(guard.requires("x", any_of("one", "two")))])
    @app.get("/known", dependencies=[Depends(guard.requires())])
    @app.get("/bearer", dependencies=[Security(bearer, scopes=["described"])])
    def answer() -> str:
        return "answer"

    @app.get("/health")
    @public
    def health() -> str:
        return "well"

    @app.delete("/forgotten")
    def forgotten() -> str:
        raise AssertionError("this must not run")

    @router.get("/files/{name:path}", dependencies=[Depends(guard.requires("file"))])
    def file(name: str) -> str:
        return name

    @router.get("/open")
    @public
    def open_() -> str:
        return "not as open as it says"

    @router.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()

    app.include_router(router, prefix="/area")
    return app


SAID: dict[str, list[set[str]]] = {
    "GET /one": [{"one"}],
    "PUT /all": [{"one", "two"}],
    "GET /any": [{"one"}, {"two", "three"}],
    "GET /mixed": [{"x", "one"}, {"x", "two"}],
    "GET /known": [set()],
    "GET /bearer": [{"described"}],
    "GET /health": [],
    "GET /area/files/{name:path}": [{"area", "file"}],
    "GET /area/open": [{"area"}],
}


@pytest.fixture
def app(guard: Guard) -> FastAPI:
    app = application(guard)
    app.add_middleware(GuardMiddleware, guard=guard)
    return app


@pytest.mark.parametrize("route", SAID)
def test_a_route_enforces_exactly_what_it_says(
    route: str, app: FastAPI, issuer: FakeIssuer
) -> None:
    method, path = route.replace("{name:path}", "a/b").split(" ")
    client = TestClient(app)

    def status(*scopes: str) -> int:
        return client.request(method, path, headers=issuer.headers(*scopes)).status_code

    for alternative in SAID[route]:
        assert status(*alternative) == 200
        for scope in alternative:
            assert status(*alternative - {scope}) == 403
    assert client.request(method, path).status_code == (401 if SAID[route] else 200)


@pytest.mark.parametrize("route", SAID)
def test_a_route_documents_exactly_what_it_enforces(route: str, app: FastAPI) -> None:
    method, path = route.replace(":path", "").split(" ")
    document = app.openapi()
    security = document["paths"][path][method.lower()].get("security", [])
    assert [set(scopes) for entry in security for scopes in entry.values()] == SAID[route]
    schemes = document["components"]["securitySchemes"]
    for entry in security:
        assert len(entry) == 1  # several would all be needed
        (name,) = entry
        known = schemes[name]["flows"]["clientCredentials"]["scopes"]
        assert set(entry[name]) <= set(known)
    assert "parameters" not in document["paths"]["/one"]["get"]


@pytest.mark.parametrize("route", SAID)
def test_a_route_is_listed_with_exactly_what_it_enforces(route: str, app: FastAPI) -> None:
    assert listed(app)[route] == SAID[route]


def test_descriptions_of_scopes_stand_with_the_scheme(app: FastAPI, issuer: FakeIssuer) -> None:
    flow = app.openapi()["components"]["securitySchemes"]["Scopewright"]["flows"]
    assert flow["clientCredentials"]["tokenUrl"] == f"{issuer.issuer}/token"
    assert flow["clientCredentials"]["scopes"]["described"] == "Says what it is."


def listed(app: Any) -> dict[str, list[set[str]] | None]:
    """Each route's alternatives, None for a route that declares nothing."""
    return {
        f"{route.method} {route.path}": None
        if route.declaration is None
        else [set(scopes) for scopes in route.any_of]
        for route in routes_of(app)
    }


def test_what_declares_nothing_is_listed_and_refused(app: FastAPI, issuer: FakeIssuer) -> None:
    forgotten = [route for route in routes_of(app) if route.declaration is None]
    assert [f"{route.method} {route.path}" for route in forgotten] == [
        *(f"GET {path}" for path in GENERATED),
        "DELETE /forgotten",
    ]
    assert all(route.is_guarded for route in forgotten)
    everything = issuer.headers(*(scope for route in routes_of(app) for scope in route.scopes))
    client = TestClient(app)
    for route in forgotten:
        assert client.request(route.method, route.path, headers=everything).status_code == 403


def test_a_websocket_is_listed_with_what_its_router_asks_for(app: FastAPI) -> None:
    assert listed(app)["WEBSOCKET /area/live"] == [{"area"}]


def test_the_generated_documentation_can_be_declared_public(app: FastAPI) -> None:
    client = TestClient(public_documentation(app))
    assert [client.get(path).status_code for path in GENERATED] == [200] * 4
    assert client.delete("/forgotten").status_code == 403
    assert listed(app)["GET /openapi.json"] == []


def test_without_the_middleware_a_forgotten_route_is_listed_as_open(guard: Guard) -> None:
    routes = {route.path: route for route in routes_of(application(guard))}
    assert routes["/forgotten"].declaration is None
    assert not routes["/forgotten"].is_guarded


def test_a_documented_dependency_still_answers_claims(guard: Guard, issuer: FakeIssuer) -> None:
    app = FastAPI()

    @app.get("/me")
    def me(claims: Claims = Depends(guard.requires(any_of("a", "b")))) -> str:  # noqa: B008
        return claims.subject

    assert TestClient(app).get("/me", headers=issuer.headers("b")).json() == "fake-client"


# --- one of several -----------------------------------------------------------------------------


def test_a_refusal_names_the_alternative_that_lacks_least(guard: Guard, issuer: FakeIssuer) -> None:
    app, needs = FastAPI(), any_of(["a", "b", "c"], ["d", "e"])

    @app.get("/", dependencies=[Depends(guard.requires(needs))])
    def answer() -> None: ...

    client = TestClient(app)

    def challenge(*scopes: str) -> str:
        answer = client.get("/", headers=issuer.headers(*scopes))
        assert answer.status_code == 403
        return str(answer.headers["WWW-Authenticate"])

    assert 'scope="d e"' in challenge()
    assert 'scope="d e"' in challenge("d")
    assert 'scope="a b c", error_description="This needs c."' in challenge("a", "b")
    assert client.get("/").headers["WWW-Authenticate"] == 'Bearer scope="d e"'


@pytest.mark.parametrize("client_of", [asgi_client, wsgi_client])
def test_a_rule_may_name_alternatives(client_of: Any, guard: Guard, issuer: FakeIssuer) -> None:
    rules = Rules({"GET /any": any_of("one", ["two", "three"]), "GET /mixed": ["x", any_of("y")]})
    assert rules.scopes == {"one", "two", "three", "x", "y"}
    with client_of(guard, rules) as client:
        for scopes, status in ((["one"], 200), (["two", "three"], 200), (["two"], 403), ([], 403)):
            assert client.get("/any", headers=issuer.headers(*scopes)).status_code == status
        assert client.get("/any").headers["WWW-Authenticate"] == 'Bearer scope="one"'
        assert client.get("/mixed", headers=issuer.headers("x", "y")).status_code == 200
        assert client.get("/mixed", headers=issuer.headers("y")).status_code == 403


def test_a_decorated_endpoint_may_name_alternatives(guard: Guard, issuer: FakeIssuer) -> None:
    @protected(guard, any_of("one", "two"))
    def blocking(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.scope["scopewright.claims"].subject)

    @protected(guard, any_of("one", "two"))
    async def running(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("answer")

    client = TestClient(Starlette(routes=[Route("/blocking", blocking), Route("/any", running)]))
    for path in ("/blocking", "/any"):
        assert client.get(path, headers=issuer.headers("two")).status_code == 200
        assert client.get(path, headers=issuer.headers("three")).status_code == 403


@pytest.mark.parametrize("names", [(), ("a b",), (["a", ""],)])
def test_alternatives_that_nobody_can_have_are_a_mistake_at_the_start(names: Any) -> None:
    with pytest.raises(ValueError, match=r"scope|alternative"):
        any_of(*names)


def test_what_is_no_name_is_never_left_out() -> None:
    with pytest.raises(TypeError):
        scope_names(["a", 1])  # type: ignore[list-item]


SCOPES = st.frozensets(st.sampled_from("abcd"))
NEEDS: st.SearchStrategy[Needs] = SCOPES | st.lists(SCOPES, min_size=1, max_size=3).map(
    lambda ways: any_of(*ways)
)


def passes(needs: Needs, held: Scopes) -> bool:
    try:
        refuse_without(needs, held)
    except InsufficientScope:
        return False
    return True


@given(NEEDS, SCOPES)
def test_one_alternative_held_in_full_is_enough_and_nothing_less(
    needs: Needs, held: Scopes
) -> None:
    assert passes(needs, held) == any(way <= held for way in alternatives(needs))


@given(NEEDS, SCOPES)
def test_a_refusal_names_what_would_be_enough(needs: Needs, held: Scopes) -> None:
    assume(not passes(needs, held))
    with pytest.raises(InsufficientScope) as refused:
        refuse_without(needs, held)
    assert passes(needs, held | refused.value.needed)
    assert passes(needs, held | frozenset(refused.value.missing))


@given(NEEDS, NEEDS, SCOPES)
def test_two_declarations_over_one_route_are_both_needed(
    one: Needs, other: Needs, held: Scopes
) -> None:
    assert passes(both(one, other), held) == (passes(one, held) and passes(other, held))


# --- what can be listed -------------------------------------------------------------------------


async def forgotten(_request: Request) -> PlainTextResponse:
    raise AssertionError("this must not run")


def mounting(guard: Guard, inner: Any, *middleware: Middleware) -> Starlette:
    reading = protected(guard, "read")(forgotten)
    return Starlette(
        routes=[
            Route("/here", reading),
            Route("/here", forgotten, methods=["PUT", "DELETE"]),
            Mount("/inner", inner),
            Mount("/static", StaticFiles(directory=".")),
            Mount("/assets", public(StaticFiles(directory="."))),
            Host("other.example", Starlette(routes=[Route("/there", reading)])),
            WebSocketRoute("/live", protected(guard, "live")(forgotten)),
        ],
        middleware=middleware,
    )


def inner(guard: Guard) -> Starlette:
    deep = [Route("/a", protected(guard, "deep")(forgotten)), Route("/b", forgotten)]
    return Starlette(routes=[Mount("/er", Starlette(routes=deep))])


def test_what_is_mounted_is_listed_under_its_path(guard: Guard) -> None:
    assert listed(mounting(guard, inner(guard))) == {
        "GET /here": [{"read"}],
        "DELETE /here": None,
        "PUT /here": None,
        "GET /inner/er/a": [{"deep"}],
        "GET /inner/er/b": None,
        "* /static/*": None,
        "* /assets/*": [],
        "GET //other.example/there": [{"read"}],
        "WEBSOCKET /live": [{"live"}],
    }


def test_what_is_mounted_as_public_still_asks_for_what_it_declares_itself(guard: Guard) -> None:
    for middleware in ((), (Middleware(GuardMiddleware, guard=guard),)):
        found = listed(mounting(guard, public(inner(guard)), *middleware))
        assert (found["GET /inner/er/a"], found["GET /inner/er/b"]) == ([{"deep"}], [])


def test_a_guard_does_not_look_through_a_host_and_so_refuses_it(guard: Guard) -> None:
    around = Middleware(GZipMiddleware), Middleware(GuardMiddleware, guard=guard)
    app = mounting(guard, inner(guard), *around)
    assert listed(app)["* //other.example/*"] is None
    assert listed(app)["GET /inner/er/a"] == [{"deep"}]


def fates(app: Any) -> dict[str, bool]:
    return {route.path: route.is_guarded for route in routes_of(app)}


def test_an_application_that_guards_itself_is_listed_so_where_it_is_mounted(guard: Guard) -> None:
    wrapped = GuardMiddleware(inner(guard), guard)
    ruled = GuardMiddleware(plain_asgi, guard, Rules({"GET /x": "x"}))
    for guarded, path in ((wrapped, "/inner/er/b"), (ruled, "/inner/x")):
        found = fates(mounting(guard, guarded))
        assert (found[path], found["/here"]) == (True, False)


def test_a_table_is_listed_as_it_is_where_the_application_cannot_be_read(guard: Guard) -> None:
    rules = Rules({"GET /a/{id}": "a", "* /s/*": PUBLIC, "POST /a": any_of("b", "c")})
    expected = {"POST /a": [{"b"}, {"c"}], "GET /a/{id}": [{"a"}], "* /s/*": []}

    class Flask:
        wsgi_app = wsgi_guard(guard, rules)

    class OtherMiddleware:
        app = asgi.GuardMiddleware(plain_asgi, guard, rules)

    for app in (wsgi_guard(guard, rules), OtherMiddleware.app, Flask(), OtherMiddleware()):
        assert listed(app) == expected


def wsgi_guard(guard: Guard, rules: Rules) -> Any:
    from scopewright.guard import wsgi  # noqa: PLC0415

    return wsgi.GuardMiddleware(plain_wsgi, guard, rules)


def test_behind_a_table_each_route_is_listed_by_what_the_table_says(guard: Guard) -> None:
    table = {"GET /here": "table", "* /static/*": PUBLIC, "GET /inner/er/{any}": PUBLIC}
    rules = Rules(table)
    added = Middleware(GuardMiddleware, guard=guard, rules=rules)
    app = mounting(guard, inner(guard), added)
    assert listed(app) == {
        "GET /here": [{"read", "table"}],
        "DELETE /here": None,
        "PUT /here": None,
        "GET /inner/er/a": [{"deep"}],
        "GET /inner/er/b": [],
        "* /static/*": [],
        "* /assets/*": None,
        "* //other.example/*": None,
        "WEBSOCKET /live": None,
    }
    assert listed(GuardMiddleware(mounting(guard, inner(guard)), guard, rules)) == listed(app)


@pytest.mark.parametrize("thing", [None, plain_asgi, plain_wsgi, 7])
def test_what_declares_nowhere_cannot_be_listed(thing: Any) -> None:
    with pytest.raises(Unreadable):
        routes_of(thing)


def test_an_endpoint_that_names_no_method_takes_any() -> None:
    class Endpoint:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    assert routes_of(Starlette(routes=[Route("/x", Endpoint())])) == [
        ListedRoute("*", "/x", None, False)
    ]


WITHOUT = """
import inspect, sys
from starlette.applications import Starlette
from scopewright.guard import Guard
from scopewright.guard.listing import routes_of
asks = Guard("http://127.0.0.1:1/w/x", "x").requires("a")
print(*inspect.signature(asks).parameters, "fastapi" in sys.modules, routes_of(Starlette()))
"""


def test_for_starlette_alone_fastapi_is_never_imported() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, check=True, text=True
    )
    assert answer.stdout == "connection _documented False []\n"
