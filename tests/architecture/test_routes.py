"""The routes, walked both ways: each is opened by one scope, and each internal scope opens one."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from sqlalchemy import select

from scopewright.api.routes import ROUTES, WORKSPACE, Route
from scopewright.catalogues import INTERNAL, read_shipped
from scopewright.core.model import ClientType
from scopewright.oauth import decisions
from scopewright.services import Services
from scopewright.store import schema
from tests.architecture.tree import tree_of
from tests.inprocess import Running, Tenant, running

CATALOGUE = read_shipped(internal_prefix="iotman")[INTERNAL]
OPERATIONS = {operation: scope.name for scope in CATALOGUE.scopes for operation in scope.opens}
SERVICES = get_type_hints(Services)
HERE = [route for route in ROUTES if route.path.startswith(WORKSPACE)]
GUARDED = [route for route in HERE if route.operation is not None]
OPEN_TO_EVERY_PRINCIPAL = {
    ("GET", "/api/whoami"),
    ("GET", "/api/launchpad"),
    ("GET", "/api/workspaces/{ws}/principals/me"),
    ("POST", "/api/workspaces/{ws}/principals/me/sign-out"),
    ("GET", "/api/workspaces/{ws}/principals/me/sessions"),
    ("DELETE", "/api/workspaces/{ws}/principals/me/sessions/{id}"),
    ("GET", "/api/workspaces/{ws}/principals/me/connections"),
    ("DELETE", "/api/workspaces/{ws}/principals/me/connections/{id}"),
    ("GET", "/api/workspaces/{ws}/principals/me/metadata"),
    ("GET", "/api/workspaces/{ws}/api-keys/current"),
    ("DELETE", "/api/workspaces/{ws}/api-keys/current"),
    ("POST", "/api/workspaces"),
    ("GET", "/metrics"),  # of the whole process; its handler asks for an administrator
}
DATA_PLANE = ("/data/", "/exports/")


def named(route: Route) -> str:
    return f"{route.method} {route.path.removeprefix(WORKSPACE) or '/'}"


# --- the table ----------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_route_is_opened_by_one_known_scope_or_is_one_of_the_few_open_to_all(
    route: Route,
) -> None:
    if route.operation is None:
        known = (route.method, route.path) in OPEN_TO_EVERY_PRINCIPAL
        assert known or route.path.startswith(DATA_PLANE)
    else:
        assert route.operation in OPERATIONS


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_internal_scope_is_demanded_by_a_route(operation: str) -> None:
    assert operation in {decisions.OPERATION, *(route.operation for route in ROUTES)}


def test_no_path_and_method_stands_twice() -> None:
    seen = [(route.method, route.path) for route in ROUTES]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("route", HERE, ids=named)
def test_the_service_behind_a_route_needs_the_same_operation(route: Route) -> None:
    methods = list(service_methods(route.handler))
    assert methods
    needed = {getattr(method, "operation", None) for method in methods}
    assert needed == {route.operation}


def service_methods(handler: Callable[..., Any]) -> Iterator[Any]:
    """The methods of services that a handler reaches, within its module."""
    module = inspect.getmodule(handler)
    assert module is not None
    assert module.__file__ is not None
    tree = tree_of(Path(module.__file__))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    waiting, seen = [handler.__name__], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Name):
                waiting.append(node.id)
            match node:
                case ast.Attribute(
                    value=ast.Attribute(value=ast.Attribute(attr="services"), attr=noun),
                    attr=method,
                ):
                    yield getattr(SERVICES[noun], method)


# --- which are dangerous ------------------------------------------------------------------------


SECRETS = {"secret", "client_secret", "token"}
BROUGHT_BACK = {  # by saying the same again: nobody else's access or data goes with it
    "access-tags:delete", "metadata:delete", "exports:delete", "endpoints:delete",
    "gateway-routes:delete", "mqtt-configs:delete",
}  # fmt: skip


def answered(route: Route) -> set[str]:
    """The members of what a route answers."""
    answer = get_type_hints(route.handler).get("return")
    shapes = get_args(answer) or (answer,)
    return {name for shape in shapes for name in getattr(shape, "model_fields", ())}


@pytest.mark.parametrize("route", [r for r in HERE if SECRETS & answered(r)], ids=named)
def test_a_route_that_makes_a_credential_is_dangerous(route: Route) -> None:
    assert route.dangerous


def deletes(route: Route) -> bool:
    """Whether it deletes a thing, and does not only end a credential."""
    action = str(route.operation).partition(":")[2]
    is_credential = route.path.startswith(f"{WORKSPACE}/registration-tokens")
    return route.method == "DELETE" and action in ("delete", "remove") and not is_credential


@pytest.mark.parametrize("route", filter(deletes, GUARDED), ids=named)
def test_a_route_that_deletes_is_dangerous_unless_the_same_can_be_said_again(route: Route) -> None:
    assert route.dangerous == (route.operation not in BROUGHT_BACK)


def test_reading_ending_credentials_and_what_is_open_to_all_are_never_dangerous() -> None:
    for route in (route for route in ROUTES if route.dangerous):
        assert route.operation is not None
        assert route.method != "GET"
        assert not route.operation.endswith((":read", ":revoke"))


# --- the same over HTTP -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("routes")
    with running(f"sqlite:///{folder / 'scopewright.db'}", folder) as started:
        yield started


@pytest.fixture(scope="module")
def tenant(inside: Running) -> Tenant:
    """A workspace with somebody of each kind, for paths to name."""
    tenant = Tenant(inside)
    tenant.define("sensor:read")
    tenant.grant(tenant.person("ann@example.com"), "sensor:read")
    return tenant


@pytest.fixture(scope="module")
def machine(tenant: Tenant) -> tuple[str, str]:
    """A client that may do everything."""
    return tenant.client(ClientType.CLIENT_CREDENTIALS, *OPERATIONS.values())


def path_of(route: Route, machine_id: str) -> str:
    path = route.path.removeprefix(WORKSPACE)
    names = {
        "{email}": "ann@example.com",
        "{id}": machine_id,
        "{scope}": "sensor:read",
        "{name}": "sensor:read",
        "{key}": "ingest_context",
        "{role}": "iotman:viewer",
        "{principal}": "ann@example.com",
        "{include}": "gone",
        "{provider}": "lab",
        "{subject}": "ann",
    }
    for placeholder, name in names.items():
        path = path.replace(placeholder, name)
    assert "{" not in path
    return path


def everything(running: Running) -> dict[str, Any]:
    """Every row of every table, less those that each token leaves behind."""
    with running.database.read() as tx:
        return {
            table.name: tx.all(select(table))
            for table in schema.metadata.sorted_tables
            if table is not schema.issued_tokens
        }


BODIES: list[Any] = [
    None,
    {},
    {"value": 1, "name": "x", "scope": "sensor:read", "email": "b@example.com"},
]


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_without_its_scope_a_route_answers_403_names_it_and_changes_nothing(
    tenant: Tenant, machine: tuple[str, str], route: Route
) -> None:
    assert route.operation is not None
    scope = OPERATIONS[route.operation]
    others = " ".join(sorted(set(OPERATIONS.values()) - {scope}))
    token = tenant.access_token(*machine, scope=others)
    before = everything(tenant.running)
    for body in BODIES if route.method in ("POST", "PUT", "PATCH") else [None]:
        answer = tenant.call(route.method, path_of(route, machine[0]), body, bearer=token)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["missing"] == [scope]
        challenge = f'error="insufficient_scope", scope="{scope}"'
        assert challenge in answer.headers["www-authenticate"]
    assert everything(tenant.running) == before


@pytest.mark.parametrize("question", decisions.QUESTIONS)
def test_without_its_scope_a_question_to_the_decision_point_answers_403_and_names_it(
    tenant: Tenant, machine: tuple[str, str], question: str
) -> None:
    scope = OPERATIONS[decisions.OPERATION]
    others = " ".join(sorted(set(OPERATIONS.values()) - {scope}))
    token = tenant.access_token(*machine, scope=others)
    http, url = tenant.running.http, f"/w/{tenant.id}/{question}"
    for body in BODIES:
        answer = http.request("POST", url, json=body, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 403
        assert answer.json()["error"] == "insufficient_scope"
        assert f'scope="{scope}"' in answer.headers["www-authenticate"]
    for credential in (None, "not-a-token", "swk_0_0", Tenant(tenant.running).admin_key):
        headers = {} if credential is None else {"authorization": f"Bearer {credential}"}
        assert http.request("POST", url, json={}, headers=headers).status_code == 401


@pytest.mark.parametrize("route", HERE, ids=named)
@pytest.mark.parametrize("credential", [None, "not-a-token", "swk_0_0"])
def test_without_a_good_credential_a_route_answers_401(
    tenant: Tenant, machine: tuple[str, str], route: Route, credential: str | None
) -> None:
    answer = tenant.call(route.method, path_of(route, machine[0]), bearer=credential)
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer")
    assert ("invalid_token" in challenge) is (credential is not None)


@pytest.mark.parametrize("route", HERE, ids=named)
def test_a_credential_of_another_workspace_is_none_here(
    tenant: Tenant, machine: tuple[str, str], route: Route
) -> None:
    stranger = Tenant(tenant.running)
    path = path_of(route, machine[0])
    assert tenant.call(route.method, path, bearer=stranger.admin_key).status_code == 401


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.path in ("/api/whoami", "/api/launchpad")],
    ids=named,
)  # fmt: skip
def test_what_is_open_to_every_principal_is_closed_to_nobody_in_particular(
    tenant: Tenant, route: Route
) -> None:
    key = tenant.key(tenant.person(f"{route.handler.__name__}@example.com"))
    http = tenant.running.http
    headers = {"authorization": f"Bearer {key}"}
    assert http.request(route.method, route.path, headers=headers).status_code == 200
    assert http.request(route.method, route.path).status_code == 401


def test_the_internal_catalogue_is_fixed(tenant: Tenant) -> None:
    before = tenant.call("GET", "/vocabulary").json()["catalogues"][0]
    made = [
        tenant.call("POST", "/scopes", {"name": name}).status_code
        for name in ("iotman:scopes:read", "iotman:new:read", "IoTMan:new:read")
    ]
    assert made == [409, 409, 409]
    for scope in OPERATIONS.values():
        path = f"/scopes/{scope}"
        assert tenant.call("PATCH", path, {"description": "mine"}).status_code == 403
        assert tenant.call("DELETE", f"{path}?force=true").status_code == 403
    assert tenant.call("GET", "/vocabulary").json()["catalogues"][0] == before
