"""The authorize endpoint (RFC 6749 §3.1): read the request, begin, send the browser on.

What follows stands at `{issuer}/authorize/{aut_id}`, the page of `console/consent.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from scopewright.core.authorization_request import REQUEST_LIFETIME, AuthorizationRequest
from scopewright.core.authorization_response import AuthorizationResponse
from scopewright.languages import known
from scopewright.services.authorization.requests import AuthorizationRequests
from scopewright.web.cookies import LANGUAGE_COOKIE, Cookies
from scopewright.web.visit import Reception, Visit


def authorize_routes(
    requests: AuthorizationRequests,
    reception: Reception,
    answered: Callable[[AuthorizationResponse], Response],
    cookies: Cookies,
) -> Sequence[BaseRoute]:
    """`GET` and `POST {issuer}/authorize` (OpenID Connect Core §3.1.2.1 wants both).

    `answered` takes an error back to the client in the mode that it asked for. While the request
    lives, the pages speak the client's `ui_locales`, unless the person has chosen a language.
    """

    def authorize(visit: Visit) -> Response:
        request = AuthorizationRequest(visit.parameters())
        begun = requests.begin(visit.path["workspace_id"], request)
        if isinstance(begun, AuthorizationResponse):
            return answered(begun)
        response = RedirectResponse(begun.url, 303, {"cache-control": "no-store"})
        language = known(begun.ui_locales)
        if language and visit.cookie(cookies.name(LANGUAGE_COOKIE)) is None:
            response.headers["set-cookie"] = cookies.spelled(
                LANGUAGE_COOKIE, language, max_age=int(REQUEST_LIFETIME.total_seconds())
            )
        return response

    path = "/w/{workspace_id}/authorize"
    return [Route(path, reception.endpoint(authorize), methods=["GET", "POST"])]
