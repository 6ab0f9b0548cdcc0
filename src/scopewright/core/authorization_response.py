"""What the client is answered, where, and how the browser takes it there (RFC 6749 §4.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from scopewright.core.errors import OAuthError

QUERY, FORM_POST = "query", "form_post"
RESPONSE_MODES = (QUERY, FORM_POST)


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """A code or an error on its way to a redirect URI.

    It goes in the URI's query, or as a form that the browser posts there (OAuth 2.0 Form Post
    Response Mode §2).
    """

    redirect_uri: str
    said: Mapping[str, str]
    issuer: str
    state: str | None
    response_mode: str = QUERY

    @property
    def parameters(self) -> Mapping[str, str]:
        """What is said, by whom (RFC 9207 §2), and what the client wants to hear again."""
        repeated = {} if self.state is None else {"state": self.state}
        return {**self.said, "iss": self.issuer, **repeated}

    @property
    def url(self) -> str:
        """The redirect URI with the parameters in its query; what stands there stays."""
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode(self.parameters)}"


def spelled(error: OAuthError) -> dict[str, str]:
    """An error as RFC 6749 §4.1.2.1 says it."""
    return {"error": error.code, "error_description": error.detail}
