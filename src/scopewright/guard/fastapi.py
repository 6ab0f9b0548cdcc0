"""For FastAPI's generated documentation: what a route asks for, as OpenAPI's `security`.

`Depends(guard.requires("sensor:read"))` documents itself. FastAPI's own spelling does the same:

bearer = ScopewrightBearer(guard, scopes={"sensor:read": "Read the sensors."})

@app.get("/readings")
def readings(claims: Annotated[Claims, Security(bearer, scopes=["sensor:read"])]): ...
"""

from functools import cache
from inspect import Parameter, Signature
from typing import Any

from fastapi import FastAPI, Security
from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes
from starlette.requests import HTTPConnection
from starlette.routing import Route

from scopewright.guard.connections import Checks, check_async
from scopewright.guard.rules import Needs, alternatives, declare, public, scope_names
from scopewright.guard.verifier import Claims

NAME = "Scopewright"


class ScopewrightBearer(OAuth2):
    """A security scheme that checks; `scopes` describes scopes for the documentation.

    An `OAuth2`, for before version 0.123 FastAPI documents the scopes of no other scheme.
    """

    def __init__(self, guard: Checks, *, scopes: dict[str, str] | None = None) -> None:
        self.model, self.scheme_name = _model(guard.issuer), NAME
        _described(guard.issuer).update(scopes or {})
        self._guard = guard
        declare(self, frozenset())

    async def __call__(  # type: ignore[override]
        self, connection: HTTPConnection, needed: SecurityScopes
    ) -> Claims:
        return await check_async(self._guard, scope_names(needed.scopes), connection)


class _Documented(OAuth2):
    """A security scheme that leaves the check to the dependency that names it."""

    def __init__(self, issuer: str, alternative: int) -> None:
        self.model = _model(issuer)
        self.scheme_name = NAME if alternative == 1 else f"{NAME}-{alternative}"

    async def __call__(self) -> None:  # type: ignore[override]
        """Passes everybody."""


def documenting_signature(issuer: str, needs: Needs) -> Signature:
    """The signature of a dependency that asks for these scopes.

    In OpenAPI, schemes of different names are alternatives, and the scopes of one are all needed.
    """
    connection = Parameter("connection", Parameter.POSITIONAL_OR_KEYWORD, annotation=HTTPConnection)
    schemes = []
    for number, scopes in enumerate(alternatives(needs), start=1):
        for scope in sorted(scopes):
            _described(issuer).setdefault(scope, "")
        documented = Security(_scheme(issuer, number), scopes=sorted(scopes))
        name, kind = f"scheme_{number}", Parameter.KEYWORD_ONLY
        schemes.append(Parameter(name, kind, default=documented, annotation=Any))
    return Signature([connection, *schemes])


def public_documentation(app: FastAPI) -> FastAPI:
    """Declares that anybody may read what FastAPI generates: `/openapi.json`, `/docs`, `/redoc`."""
    generated = {
        app.openapi_url,
        app.docs_url,
        app.redoc_url,
        app.swagger_ui_oauth2_redirect_url,
    }
    for route in app.routes:
        if isinstance(route, Route) and route.path in generated:
            public(route.endpoint)
    return app


@cache
def _scheme(issuer: str, alternative: int) -> _Documented:
    return _Documented(issuer, alternative)


@cache
def _model(issuer: str) -> OAuth2Model:
    """One for each issuer, so that every route's part of the documentation says the same."""
    flow = OAuthFlowClientCredentials(tokenUrl=f"{issuer}/token", scopes={})
    return OAuth2Model(flows=OAuthFlows(clientCredentials=flow))


def _described(issuer: str) -> dict[str, str]:
    """The scopes that the documentation lists with the scheme, and their descriptions."""
    flow = _model(issuer).flows.clientCredentials
    assert flow is not None
    return flow.scopes
