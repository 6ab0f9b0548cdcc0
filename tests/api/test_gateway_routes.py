"""Routes over HTTP: declared, changed, taken away, imported; nothing that would be ambiguous."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.applications import Application
from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.model import ChangeKind
from scopewright.ids import new_id
from scopewright.store import applications, audit, builtin_clients, scopes, workspaces
from scopewright.store.pages import Window
from tests.inprocess import Tenant

PATH = "/applications/viewer/routes"
HOST = "viewer.example"
READ, WRITE = "viewer.read", "viewer.write"
NEW: dict[str, Any] = {"host": HOST, "path": "/data/**", "scopes": [READ]}


@pytest.fixture
def here(tenant: Tenant) -> Tenant:
    """A workspace with an application that has two scopes."""
    add_application(tenant, "viewer", READ, WRITE)
    return tenant


def add_application(tenant: Tenant, name: str, *own: str) -> None:
    now = tenant.running.clock()
    with tenant.running.database.write() as tx:
        workspaces.touch(tx, tenant.id, ChangeKind.VOCABULARY, name, at=now)
        applications.add(tx, Application(new_id("app"), tenant.id, name, name.title(), now))
        for scope in own:
            scopes.add(tx, tenant.id, scope=ScopeDefinition(scope, application=name), at=now)


def declared(tenant: Tenant, **said: Any) -> dict[str, Any]:
    answer = tenant.call("POST", PATH, {**NEW, **said})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def listed(tenant: Tenant, path: str = PATH) -> list[dict[str, Any]]:
    return list(tenant.call("GET", path).json()["data"])


def recorded(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    """The operations on routes in the audit log, oldest first."""
    with tenant.running.database.read() as tx:
        events = audit.page(tx, tenant.id, window=Window()).items
    mine = [e for e in reversed(events) if e.operation.startswith("gateway-routes:")]
    return [(event.operation, event.details) for event in mine]


def test_a_route_is_declared_shown_listed_and_taken_away(here: Tenant) -> None:
    made = declared(here)
    assert made == {
        "id": made["id"],
        "host": HOST,
        "path": "/data/**",
        "methods": [],
        "scopes": [READ],
        "credentials": ["api_key", "browser", "token"],
        "public": False,
        "created_at": made["created_at"],
    }
    assert here.call("GET", f"{PATH}/{made['id']}").json() == made
    assert listed(here) == [made]
    gone = here.call("DELETE", f"{PATH}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert listed(here) == []
    assert here.call("DELETE", f"{PATH}/{made['id']}").status_code == 404


def test_a_change_replaces_what_it_names_and_leaves_the_rest(here: Tenant) -> None:
    made = declared(here, methods=["GET"])
    path = f"{PATH}/{made['id']}"
    changed = here.call("PATCH", path, {"scopes": [WRITE, READ], "methods": ["PUT", "POST"]})
    assert changed.json() == {**made, "scopes": [READ, WRITE], "methods": ["POST", "PUT"]}
    open_to_all = here.call("PATCH", path, {"public": True, "scopes": [], "path": None})
    assert open_to_all.json() == {**changed.json(), "public": True, "scopes": []}
    assert here.call("GET", path).json() == open_to_all.json()


def test_everything_stands_in_the_audit_log_with_before_and_after(here: Tenant) -> None:
    made = declared(here)
    here.call("PATCH", f"{PATH}/{made['id']}", {"scopes": [WRITE]})
    here.call("DELETE", f"{PATH}/{made['id']}")
    (create, created), (update, updated), (delete, deleted) = recorded(here)
    assert [create, update, delete] == [
        f"gateway-routes:{verb}" for verb in ("create", "update", "delete")
    ]
    assert created["after"]["scopes"] == updated["before"]["scopes"] == [READ]
    assert updated["after"]["scopes"] == deleted["before"]["scopes"] == [WRITE]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("host", {"host": "https://viewer.example"}),
        ("path", {"path": "data"}),
        ("path", {"path": "/data/../x"}),
        ("path", {"path": "/.scopewright/callback"}),
        ("methods", {"methods": ["get"]}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["viewer.nothing"]}),
        ("scopes", {"public": True}),
        ("credentials", {"credentials": []}),
        ("credentials", {"public": True, "scopes": [], "credentials": ["token"]}),
        ("body.credentials.0", {"credentials": ["cookie"]}),
        ("body.more", {"more": 1}),
    ],
)
def test_a_route_that_says_nothing_clear_is_refused_with_the_field(
    here: Tenant, field: str, said: dict[str, Any]
) -> None:
    made = declared(here)
    for answer in (
        here.call("POST", PATH, {**NEW, **said}),
        here.call("PATCH", f"{PATH}/{made['id']}", said),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json()["field"].removeprefix("body.") == field.removeprefix("body.")
    assert listed(here) == [made]


def test_two_routes_that_would_tie_are_refused(here: Tenant) -> None:
    made = declared(here, methods=["GET", "PUT"])
    other = declared(here, methods=["POST"])
    for answer in (
        here.call("POST", PATH, {**NEW, "methods": ["PUT"], "scopes": [WRITE]}),
        here.call("PATCH", f"{PATH}/{other['id']}", {"methods": ["GET"]}),
    ):
        assert (answer.status_code, answer.json()["conflict"]) == (409, made["id"])
    assert listed(here) == [made, other]
    assert here.call("PATCH", f"{PATH}/{made['id']}", {"methods": ["PUT"]}).status_code == 200


def test_applications_have_their_routes_apart(here: Tenant) -> None:
    add_application(here, "editor", "editor.all")
    made = declared(here)
    there = f"/applications/editor/routes/{made['id']}"
    for method, body in (("GET", None), ("PATCH", {"public": False}), ("DELETE", None)):
        assert here.call(method, there, body).status_code == 404
    assert listed(here, "/applications/editor/routes") == []
    same = here.call("POST", "/applications/editor/routes", NEW)
    assert same.status_code == 201
    for method, body in (("GET", None), ("POST", NEW)):
        assert here.call(method, "/applications/nothing/routes", body).status_code == 404


def test_a_route_whose_scope_has_gone_can_still_be_changed(here: Tenant) -> None:
    made = declared(here)
    now = here.running.clock()
    with here.running.database.write() as tx:
        workspaces.touch(tx, here.id, ChangeKind.VOCABULARY, READ, at=now)
        scopes.remove(tx, here.id, name=READ)
    changed = here.call("PATCH", f"{PATH}/{made['id']}", {"methods": ["GET"]})
    assert (changed.status_code, changed.json()["scopes"]) == (200, [READ])
    assert here.call("POST", PATH, {**NEW, "path": "/x"}).status_code == 422


def test_a_list_is_walked_page_by_page(here: Tenant) -> None:
    made = [declared(here, path=f"/{number}")["id"] for number in range(3)]
    first = here.call("GET", f"{PATH}?limit=2").json()
    assert [route["id"] for route in first["data"]] == made[:2]
    rest = first["next_page"].partition("?")[2]
    assert [route["id"] for route in here.call("GET", f"{PATH}?{rest}").json()["data"]] == made[2:]


# --- importing ----------------------------------------------------------------------------------

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Viewer", "version": "1"},
    "security": [{"oauth": [READ]}],
    "paths": {
        "/things": {"get": {}, "post": {"security": [{"oauth": [WRITE]}]}},
        "/things/{id}": {"get": {}, "delete": {"security": [{"oauth": ["viewer.gone"]}]}},
        "/health": {"get": {"security": []}},
        "/report.{format}": {"get": {}},
    },
}


def imported(tenant: Tenant, document: Any, host: str = HOST) -> Any:
    return tenant.call("POST", f"{PATH}/import", {"host": host, "document": document})


def told(routes: list[dict[str, Any]]) -> list[tuple[str, list[str], list[str], bool]]:
    return [(r["path"], r["methods"], r["scopes"], r["public"]) for r in routes]


def test_an_openapi_document_becomes_routes_and_what_cannot_is_told(here: Tenant) -> None:
    answer = imported(here, DOCUMENT)
    assert answer.status_code == 200
    assert told(answer.json()["made"]) == [
        ("/things", ["GET"], [READ], False),
        ("/things", ["POST"], [WRITE], False),
        ("/things/{}", ["GET"], [READ], False),
        ("/health", ["GET"], [], True),
    ]
    left = {(each["path"], *each["methods"]): each["reason"] for each in answer.json()["left_out"]}
    assert left.keys() == {("/report.{format}",), ("/things/{}", "DELETE")}
    assert "viewer.gone" in left["/things/{}", "DELETE"]
    assert listed(here) == answer.json()["made"]
    ((operation, details),) = recorded(here)
    assert (operation, len(details["after"])) == ("gateway-routes:create", 4)


def test_importing_again_makes_nothing_twice_and_changes_nothing(here: Tenant) -> None:
    imported(here, DOCUMENT)
    before = listed(here)
    again = imported(here, DOCUMENT).json()
    assert again["made"] == []
    assert any(before[0]["id"] in each["reason"] for each in again["left_out"])
    assert listed(here) == before
    elsewhere = imported(here, DOCUMENT, host="other.example").json()
    assert len(elsewhere["made"]) == len(before)


@pytest.mark.parametrize(
    ("field", "host", "document"),
    [
        ("host", "https://x", DOCUMENT),
        ("document.openapi", HOST, {}),
        ("document.paths./a.get", HOST, {"openapi": "3.1.0", "paths": {"/a": {"get": 1}}}),
        ("document", HOST, []),
    ],
)
def test_a_document_that_cannot_be_read_changes_nothing(
    here: Tenant, field: str, host: str, document: Any
) -> None:
    refused = imported(here, document, host)
    assert refused.status_code == 422
    assert refused.json()["field"].removeprefix("body.") == field
    assert listed(here) == recorded(here) == []


# --- the application's client, through which people sign in -------------------------------------


def its_client(tenant: Tenant) -> str:
    """The id of the application's client, which exists since somebody has signed in."""
    with tenant.running.database.write() as tx:
        (application,) = applications.of_workspace(tx, tenant.id)
        now = tenant.running.clock()
        return builtin_clients.application_client_of(tx, application, {HOST}, now=now).id


def test_the_applications_client_is_read_only(here: Tenant) -> None:
    path = f"/clients/{its_client(here)}"
    shown = here.call("GET", path).json()
    assert (shown["grant_types"], shown["name"]) == ([], "Viewer")
    everything = {"grant_types": ["authorization_code"], "redirect_uris": ["https://evil.example/"]}
    assert here.call("PATCH", path, everything).status_code == 403
    assert here.call("DELETE", path).status_code == 403
    assert here.call("POST", f"{path}/rotate-secret", {}).status_code == 409
    assert here.call("GET", path).json() == shown


def test_the_applications_client_goes_with_the_application(here: Tenant) -> None:
    id = its_client(here)
    declared(here)
    deleted = here.call("DELETE", "/applications/viewer?force=true")
    assert deleted.status_code == 204, deleted.text
    assert here.call("GET", f"/clients/{id}").status_code == 404
    assert here.call("GET", PATH).status_code == 404
