"""The authorize endpoint (RFC 6749 §3.1): read the request, begin, send the browser on.

What follows stands at `{issuer}/authorize/{aut_id}`, the page of `console/consent.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.services.authorization import Authorizations
from scopewright.web.visit import Reception, Visit


def authorize_routes(authorizations: Authorizations, reception: Reception) -> Sequence[BaseRoute]:
    """`GET` and `POST {issuer}/authorize` (OpenID Connect Core §3.1.2.1 wants both)."""

    def authorize(visit: Visit) -> Response:
        request = AuthorizationRequest(visit.parameters())
        url = authorizations.begin(visit.path["workspace_id"], request)
        return RedirectResponse(url, 303, {"cache-control": "no-store"})

    path = "/w/{workspace_id}/authorize"
    return [Route(path, reception.endpoint(authorize), methods=["GET", "POST"])]
