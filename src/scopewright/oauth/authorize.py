"""The authorize endpoint (RFC 6749 §3.1): read the request, begin, send the browser on.

What follows stands at `{issuer}/authorize/{aut_id}`, the page of `console/consent.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.authorization_response import AuthorizationResponse
from scopewright.services.authorization.requests import AuthorizationRequests
from scopewright.web.visit import Reception, Visit


def authorize_routes(
    requests: AuthorizationRequests,
    reception: Reception,
    answered: Callable[[AuthorizationResponse], Response],
) -> Sequence[BaseRoute]:
    """`GET` and `POST {issuer}/authorize` (OpenID Connect Core §3.1.2.1 wants both).

    `answered` takes an error back to the client in the mode that it asked for.
    """

    def authorize(visit: Visit) -> Response:
        request = AuthorizationRequest(visit.parameters())
        begun = requests.begin(visit.path["workspace_id"], request)
        if isinstance(begun, AuthorizationResponse):
            return answered(begun)
        return RedirectResponse(begun, 303, {"cache-control": "no-store"})

    path = "/w/{workspace_id}/authorize"
    return [Route(path, reception.endpoint(authorize), methods=["GET", "POST"])]
