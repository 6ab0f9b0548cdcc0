"""The API as an ASGI application, made from the routes table; errors become problem documents."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, get_origin

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from scopewright import __version__, log
from scopewright.api import openapi
from scopewright.api.entrance import Entrance, enter, entrance_of
from scopewright.api.freshness import check_fresh
from scopewright.api.rehearsal import can_be_rehearsed, rehearsable, rehearse
from scopewright.api.routes import ROUTES, Route
from scopewright.api.visitor import visit
from scopewright.core.errors import Invalid, Malformed, NotFound, ScopewrightError, TooLarge
from scopewright.web import problems
from scopewright.web.http import WORKSPACE, parse_json


def build(entrance: Entrance) -> FastAPI:
    """The application; whatever it needs stands in `entrance`."""
    application = FastAPI(
        title="Scopewright",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
    )
    application.state.entrance = entrance
    application.router.routes.extend(_routes())
    application.openapi = openapi.complete(application)  # type: ignore[method-assign]
    application.add_exception_handler(ScopewrightError, _refused)
    application.add_exception_handler(RequestValidationError, _invalid)
    application.add_exception_handler(HTTPException, _http_error)
    application.add_exception_handler(Exception, _bug)
    return application


@cache
def _routes() -> list[BaseRoute]:
    """Every route. They know no application, so those of one process have them in common."""
    router = APIRouter(route_class=StrictRoute)
    for route in ROUTES:
        _add(router, route)
    return router.routes


def _add(router: APIRouter, route: Route) -> None:
    router.add_api_route(
        route.path,
        route.handler,
        methods=[route.method],
        status_code=route.status,
        dependencies=_entry(route),
        response_class=openapi.answer_class(route),
        responses=openapi.responses(route),
        operation_id=openapi.operation_id(route),
        tags=[openapi.tag(route)],
        openapi_extra=openapi.additions(route),
    )


def _entry(route: Route) -> list[Any]:
    """Who comes is known before a rehearsal begins."""
    is_within = "{ws}" in route.path
    entry = [Depends(enter(route.operation, restricted=route.restricted))] if is_within else []
    if not can_be_rehearsed(route):
        return entry
    if not is_within:
        return [Depends(visit), Depends(rehearse)]
    return [*entry, Depends(rehearse), Depends(check_fresh(is_dangerous=route.dangerous))]


class StrictRequest(Request):
    """Reads JSON by our own strict rules; only batches of data may be larger than a body."""

    async def json(self) -> Any:
        limits, body = entrance_of(self).settings.limits, await self.body()
        if len(body) > limits.body:
            raise TooLarge(f"A body here has at most {limits.body} bytes.")
        return parse_json(body, depth=limits.json_depth)


class StrictRoute(APIRoute):
    """Refuses query parameters that the route does not know, and those that stand twice.

    A parameter that is a list may stand as often as it likes. No answer may be kept: most are about
    people, and some are secrets.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        fields = [*self.dependant.query_params]
        for dependency in self.dependant.dependencies:
            fields += dependency.query_params
        known = {field.alias for field in fields}
        lists = {f.alias for f in fields if get_origin(f.field_info.annotation) is list}

        async def strictly(request: Request) -> Response:
            seen: set[str] = set()
            for name, _ in request.query_params.multi_items():
                if name not in known:
                    raise Invalid("There is no such parameter here.", field=name)
                if name in seen - lists:
                    raise Invalid("The parameter stands more than once.", field=name)
                seen.add(name)
            answer = await rehearsable(handle, StrictRequest(request.scope, request.receive))
            answer.headers["cache-control"] = "no-store"
            return answer

        return strictly


# --- errors -------------------------------------------------------------------------------------


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ScopewrightError)
    entrance, kind = entrance_of(request), problems.kind_of(error)
    if kind.is_denial:
        entrance.metrics.denial(request.scope.get(WORKSPACE), kind.slug)
    document = problems.document(error, public_url=entrance.public_url)
    return JSONResponse(
        document,
        status_code=document["status"],
        headers={"cache-control": "no-store", **problems.headers(error)},
        media_type=problems.MEDIA_TYPE,
    )


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return await _refused(request, Invalid(f"{field}: {first['msg']}.", field=field))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, ScopewrightError):
        return await _refused(request, error.__cause__)
    if error.status_code == 404:
        return await _refused(request, NotFound("There is nothing at this path."))
    if error.status_code == 405:
        document = {"title": "The method is not allowed here", "status": 405}
        return _plain(request, 405, "method-not-allowed", document, {"allow": _allowed(request)})
    return await _refused(request, Malformed("The request could not be read."))


def _allowed(request: Request) -> str:
    """Every method of the path (RFC 9110 §15.5.6); the router itself names one route's only."""
    routes = (route for route in request.app.routes if isinstance(route, APIRoute))
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in here for method in route.methods or ()}))


async def _bug(request: Request, error: Exception) -> Response:
    log.logger().error("unexpected", path=request.url.path, exc_info=error)
    bug = problems.BUG
    return _plain(request, bug.status, bug.slug, {"title": bug.title, "status": bug.status}, {})


def _plain(
    request: Request, status: int, slug: str, document: dict[str, Any], headers: dict[str, str]
) -> Response:
    type_ = f"{entrance_of(request).public_url}/problems/{slug}"
    content = {"type": type_, "detail": f"{document['title']}.", **document}
    return JSONResponse(content, status, headers, media_type=problems.MEDIA_TYPE)
