"""For FastAPI's generated documentation: the same check, with its padlock in `/docs`.

bearer = ScopewrightBearer(guard)

@app.get("/readings")
def readings(claims: Annotated[Claims, Security(bearer, scopes=["sensor:read"])]): ...
"""

from __future__ import annotations

from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from scopewright.guard.guard import Guard
from scopewright.guard.rules import declare, scope_names
from scopewright.guard.starlette import dependency
from scopewright.guard.verifier import Claims


class ScopewrightBearer(SecurityBase):
    """A security scheme; `scopes` may describe the scopes for the documentation."""

    def __init__(self, guard: Guard, *, scopes: dict[str, str] | None = None) -> None:
        flow = OAuthFlowClientCredentials(tokenUrl=f"{guard.issuer}/token", scopes=scopes or {})
        self.model = OAuth2Model(flows=OAuthFlows(clientCredentials=flow))
        self.scheme_name = "Scopewright"
        self._guard = guard
        declare(self, frozenset())

    async def __call__(self, connection: HTTPConnection, needed: SecurityScopes) -> Claims:
        return await dependency(self._guard, scope_names(needed.scopes))(connection)
