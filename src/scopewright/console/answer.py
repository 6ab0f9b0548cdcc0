"""The answer to a client, as its browser takes it there: a redirect, or a form that is posted."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from scopewright.console.render import page
from scopewright.core.authorization_response import FORM_POST, AuthorizationResponse
from scopewright.languages import spoken

_SUBMIT = "document.forms[0].submit()"


def answered(response: AuthorizationResponse) -> Response:
    """The browser's way back. Without scripts, a form waits for its button."""
    if response.response_mode != FORM_POST:
        return RedirectResponse(response.url, 303, {"cache-control": "no-store"})
    return page(
        "form_post.html",
        leads_to=response.redirect_uri,
        script=_SUBMIT,
        destination=destination_of(response.redirect_uri),
        action=response.redirect_uri,
        fields=response.parameters,
    )


def destination_of(redirect_uri: str) -> str:
    """Where the browser will be sent, short enough to be read: a host, or an app's scheme."""
    parts = urlsplit(redirect_uri)
    return parts.netloc or spoken().says("the app %(scheme)s") % {"scheme": parts.scheme}
