"""What the OpenAPI document says beyond the handlers' types: refusals, credentials, links."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_type_hints

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from scopewright import metrics
from scopewright.api import ingest
from scopewright.api.batches import JSON, LINES
from scopewright.api.rehearsal import RehearsedShape, can_be_rehearsed
from scopewright.api.routes import ROUTES, Route
from scopewright.api.shapes import Problem
from scopewright.web import events, problems

DATA_PLANE = ("/data/", "/exports/")
_CREDENTIALS: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, or the secret of an API key.",
    },
    "browser": {
        "type": "apiKey",
        "in": "cookie",
        "name": "scopewright",
        "description": "The cookie of a signed-in browser; what changes something needs"
        " its anti-forgery token too.",
    },
}
_REFUSED = {
    400: "The request could not be read",
    401: "A good credential is needed",
    403: "A scope is missing",
    404: "There is no such thing here",
    409: "Something stands against this",
    413: "The request is too large",
    422: "A value is refused",
    429: "Too many requests",
}
_HEADERS = {401: "WWW-Authenticate", 403: "WWW-Authenticate", 429: "Retry-After"}
_PAYLOAD = {"type": "object"}
_BATCH = {
    "required": True,
    "content": {
        JSON: {
            "schema": {"anyOf": [_PAYLOAD, {"type": "array", "items": _PAYLOAD, "minItems": 1}]}
        },
        LINES: {"schema": {"type": "string", "minLength": 1, "description": "One object a line."}},
    },
}
_AFTER = {
    "name": events.LAST_EVENT_ID.decode().title().replace("-Id", "-ID"),
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The id of the last event that was read.",
}
_BY_HANDLER: dict[Callable[..., Any], dict[str, Any]] = {
    ingest.submit: {"requestBody": _BATCH},
    ingest.follow: {"parameters": [_AFTER]},
}
_VARIABLE = re.compile(r"\{(\w+)\}")
# Which member of the answer stands in the path of what was made, where they are called differently.
_NAMED_IN_ANSWER = {"/clients": "client_id", "/api-keys": "id"}
# Posting to members makes an invitation; in a new workspace the old credentials do not work.
_LEADING_NOWHERE = ("/members", "/workspaces")


def responses(route: Route) -> dict[int | str, dict[str, Any]]:
    """Every answer of a route by its status, less what FastAPI finds in the handler's type."""
    found: dict[int | str, dict[str, Any]] = {status: _refusal(status) for status in _REFUSED}
    if route.also is not None:
        found[route.also] = {"model": get_type_hints(route.handler)["return"]}
    if answer_class(route) is StreamingResponse:
        content = {events.MEDIA_TYPE: {"schema": {"type": "string"}}}
        found[route.status] = {"description": "Events, as they come", "content": content}
    if answer_class(route) is PlainTextResponse:
        content = {metrics.MEDIA_TYPE.partition(";")[0]: {"schema": {"type": "string"}}}
        found[route.status] = {"description": "Figures", "content": content}
    linked = _links(route)
    if linked:
        for status in filter(None, (route.status, route.also)):
            found.setdefault(status, {})["links"] = linked
    return found


def answer_class(route: Route) -> type[Response]:
    """JSON, plain text, or a stream of events."""
    answer = get_type_hints(route.handler)["return"]
    return answer if answer in (StreamingResponse, PlainTextResponse) else JSONResponse


def additions(route: Route) -> dict[str, Any]:
    """The operation that opens a route, and what a handler reads by itself."""
    said = dict(_BY_HANDLER.get(route.handler, {}))
    if route.operation:
        said["x-operation"] = route.operation
    if route.dangerous:
        said["x-fresh-sign-in"] = True
    if route.path.startswith(DATA_PLANE):
        said["security"] = [{"bearer": []}, {}]
    return said


def operation_id(route: Route) -> str:
    """`clients.register`: the handler's module and name."""
    return f"{tag(route)}.{route.handler.__name__}"


def tag(route: Route) -> str:
    """The noun, as its module is called."""
    return route.handler.__module__.rpartition(".")[2]


def complete(application: FastAPI) -> Callable[[], dict[str, Any]]:
    """The application's document, with what all of its operations share."""
    describe = application.openapi

    def document() -> dict[str, Any]:
        described = describe()
        schemas = described["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        schemas["Rehearsed"] = RehearsedShape.model_json_schema()
        for route in filter(can_be_rehearsed, ROUTES):
            operation = described["paths"][route.path][route.method.lower()]
            _add_rehearsal(operation["responses"])
        described["components"]["securitySchemes"] = _CREDENTIALS
        described["security"] = [{name: []} for name in _CREDENTIALS]
        return described

    return document


def _add_rehearsal(responses: dict[str, Any]) -> None:
    """200 is also the answer of a rehearsal, whatever the route answers else."""
    told = {"$ref": "#/components/schemas/Rehearsed"}
    content = responses.get("200", {}).get("content", {}).get(JSON)
    if content is None:
        content = {JSON: {"schema": told}}
        responses["200"] = {"description": "What would be changed", "content": content}
    elif told not in content["schema"].get("anyOf", ()):
        content["schema"] = {"anyOf": [content["schema"], told]}


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    said: dict[str, Any] = {
        "description": _REFUSED[status],
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }
    if status in _HEADERS:
        said["headers"] = {_HEADERS[status]: {"required": True, "schema": {"type": "string"}}}
    return said


def _links(route: Route) -> dict[str, Any]:
    """From what a POST makes to the routes of that one thing; from what a PUT puts to its own."""
    if route.path.endswith(_LEADING_NOWHERE) or route.method not in ("POST", "PUT"):
        return {}
    known = {name: f"$request.path.{name}" for name in _VARIABLE.findall(route.path)}
    start = route.path
    if route.method == "POST":
        start += "/{"
        made = next((r.path for r in ROUTES if r.path.startswith(start)), None)
        if made is None:
            return {}
        name = _VARIABLE.findall(made.removeprefix(route.path))[0]
        member = _NAMED_IN_ANSWER.get(route.path[route.path.rfind("/") :], name)
        known[name] = f"$response.body#/{member}"
    return {
        operation_id(other): _link(other, known)
        for other in ROUTES
        if other.path.startswith(start) and _leads_to(other, known) and other is not route
    }


def _leads_to(other: Route, known: dict[str, str]) -> bool:
    missing = set(_VARIABLE.findall(other.path)) - set(known)
    return not missing or other.method == "PUT"


def _link(other: Route, known: dict[str, str]) -> dict[str, Any]:
    names = _VARIABLE.findall(other.path)
    return {
        "operationId": operation_id(other),
        "parameters": {name: known[name] for name in names if name in known},
    }
