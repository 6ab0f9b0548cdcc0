"""Routes of applications at the gateway: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import BaseModel, Field

from scopewright.api.bodies import Body, Name, Text, told
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.gateway import GatewayRoute
from scopewright.core.openapi_security import LeftOut
from scopewright.services.gateway_routes import RouteSettings

SETS = ("methods", "scopes", "credentials")
Host = Annotated[Text, told(pattern=r"^[A-Za-z0-9.:\[\]-]+$", minLength=1, maxLength=260)]
RoutePath = Annotated[Text, told(pattern=r"^/[^%;?#\\]*$", maxLength=1000)]
Methods = Annotated[
    list[Annotated[Text, told(pattern="^[A-Z]+$", maxLength=32)]], Field(max_length=20)
]
Scopes = Annotated[list[Name], Field(max_length=100)]
Credential = Literal["api_key", "browser", "token"]
Credentials = Annotated[list[Credential], Field(max_length=3)]


class NewGatewayRoute(Body):
    """What requests to an application need: the scopes named, or nothing where it is public."""

    host: Host
    path: RoutePath
    methods: Methods = Field([])
    scopes: Scopes = Field([])
    credentials: Credentials = Field(["api_key", "browser", "token"])
    public: bool = False


class GatewayRouteChange(Body):
    """What to change about a route; null counts as not named."""

    host: Host | None = None
    path: RoutePath | None = None
    methods: Methods | None = None
    scopes: Scopes | None = None
    credentials: Credentials | None = None
    public: bool | None = None


class NewRouteImport(Body):
    """An OpenAPI 3 document, and the host at which the application serves what it describes."""

    host: Host
    document: dict[str, Any]


class GatewayRouteShape(BaseModel):
    """A route; without methods it is for all of them, and a public one asks for nothing."""

    id: str
    host: str
    path: str
    methods: list[str]
    scopes: list[str]
    credentials: list[Credential]
    public: bool
    created_at: datetime

    @classmethod
    def of(cls, route: GatewayRoute) -> GatewayRouteShape:
        return cls.model_validate(
            {
                "id": route.id,
                "host": route.host,
                "path": route.path,
                "methods": sorted(route.methods),
                "scopes": sorted(route.scopes),
                "credentials": sorted(route.credentials),
                "public": route.is_public,
                "created_at": route.created_at,
            }
        )


class LeftOutShape(BaseModel):
    """Operations of a document for which no route was made; without methods: all at this path."""

    path: str
    methods: list[str]
    reason: str

    @classmethod
    def of(cls, left_out: LeftOut) -> LeftOutShape:
        return cls(path=left_out.path, methods=sorted(left_out.methods), reason=left_out.reason)


class ImportShape(BaseModel):
    """What became of a document."""

    made: list[GatewayRouteShape]
    left_out: list[LeftOutShape]


def index(ask: AskHere, name: str, window: WindowHere) -> Listed[GatewayRouteShape]:
    """The routes of an application."""
    page = ask.services.gateway_routes.page(ask.caller, application=name, window=window)
    return ask.listed(page, GatewayRouteShape.of)


def show(ask: AskHere, name: str, id: str) -> GatewayRouteShape:
    """One route of an application."""
    return GatewayRouteShape.of(
        ask.services.gateway_routes.show(ask.caller, application=name, id=id)
    )


def declare(ask: AskHere, name: str, body: NewGatewayRoute) -> GatewayRouteShape:
    """Declare what requests to an application need; it counts at once."""
    settings = RouteSettings(**_named(body.model_dump()))
    route = ask.services.gateway_routes.declare(ask.caller, application=name, settings=settings)
    return GatewayRouteShape.of(route)


def change(ask: AskHere, name: str, id: str, body: GatewayRouteChange) -> GatewayRouteShape:
    """Change what is named; a list replaces the present one."""
    changed = _named(body.model_dump(exclude_none=True))
    return GatewayRouteShape.of(
        ask.services.gateway_routes.change(ask.caller, application=name, id=id, changed=changed)
    )


def delete(ask: AskHere, name: str, id: str) -> Response:
    """Take a route away: what it alone has let in is refused from now on."""
    ask.services.gateway_routes.delete(ask.caller, application=name, id=id)
    return Response(status_code=204)


def import_document(ask: AskHere, name: str, body: NewRouteImport) -> ImportShape:
    """Make routes of the `security` parts of an OpenAPI 3 document; what is there stays."""
    imported = ask.services.gateway_routes.import_document(
        ask.caller, application=name, host=body.host, document=body.document
    )
    return ImportShape(
        made=[GatewayRouteShape.of(route) for route in imported.made],
        left_out=[LeftOutShape.of(each) for each in imported.left_out],
    )


def _named(said: dict[str, Any]) -> dict[str, Any]:
    """The settings as the service names them."""
    if "public" in said:
        said["is_public"] = said.pop("public")
    return {name: frozenset(value) if name in SETS else value for name, value in said.items()}
