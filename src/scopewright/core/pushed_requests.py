"""An authorization request that its client sent ahead, and the name it got for it (RFC 9126)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.errors import InvalidRequest, RequestUriNotSupported
from scopewright.core.model import Client
from scopewright.core.oauth import hash_secret

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=60)  # FAPI 2.0 §5.3.2.2: less than 600
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """What a client has pushed; `id` is the hash of what its name ends with."""

    id: str
    workspace_id: str
    client_id: str
    parameters: Parameters
    created_at: datetime
    expires_at: datetime


def pushed_id(request_uri: str) -> str:
    """The id of the pushed request that has this name.

    Raises:
        RequestUriNotSupported: it names something else, which nobody here will fetch.
    """
    if not request_uri.startswith(PREFIX):
        raise RequestUriNotSupported("Push the request instead: nothing is fetched from elsewhere.")
    return hash_secret(request_uri.removeprefix(PREFIX))


def to_push(client: Client, parameters: Parameters) -> AuthorizationRequest:
    """What is kept of a form at the endpoint: the request, without what proved its client (§2.1).

    Raises:
        InvalidRequest: a request_uri stands in it.
    """
    kept = [(name, value) for name, value in parameters if name not in _CREDENTIALS]
    if any(name == "request_uri" for name, _ in kept):
        raise InvalidRequest("A request_uri cannot be pushed.")
    if not any(name == "client_id" for name, _ in kept):
        kept.append(("client_id", client.client_id))
    return AuthorizationRequest(kept)


def check_unpushed(client: Client) -> None:
    """Let a client send its request through the browser.

    Raises:
        InvalidRequest: it has registered that it never does (§6).
    """
    if client.registration.require_pushed_authorization_requests:
        raise InvalidRequest("Push the authorization request first (RFC 9126).")
