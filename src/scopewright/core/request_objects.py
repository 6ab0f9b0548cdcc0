"""What a signed authorization request says, once its signature is checked (RFC 9101)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.errors import InvalidRequest, InvalidRequestObject
from scopewright.core.model import Client
from scopewright.core.numeric_dates import moment
from scopewright.core.trusted_issuers import is_meant_for

LONGEST_LIFE = timedelta(hours=1)
LEEWAY = timedelta(seconds=10)  # for clients whose clock runs ahead
_OF_THE_TOKEN = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})  # RFC 7519 §4.1


def check_unsigned(client: Client) -> None:
    """Let a client send its request without a signature.

    Raises:
        InvalidRequest: it has registered that it never does (RFC 9101 §10.5).
    """
    if client.registration.require_signed_request_object:
        raise InvalidRequest("This client signs its requests (RFC 9101).")


def check_claims(
    claims: Mapping[str, object], *, client: Client, issuer: str, now: datetime
) -> datetime:
    """When a request object of this client that is good for this issuer now ends.

    Raises:
        InvalidRequestObject: made by or for another, too old, too early, or without an end.
    """
    if claims.get("iss") != client.client_id or claims.get("sub") == client.client_id:
        raise InvalidRequestObject("The request object is not this client's.")  # RFC 9101 §10.8
    if not is_meant_for(claims.get("aud"), issuer):
        raise InvalidRequestObject("The request object is for another issuer.")
    ends, begins = _moment(claims, "exp"), _moment(claims, "nbf")
    if ends is None or not now < ends <= now + LONGEST_LIFE + LEEWAY:
        raise InvalidRequestObject("The request object ends within an hour, and has not yet.")
    if begins is not None and not now - LONGEST_LIFE <= begins <= now + LEEWAY:
        raise InvalidRequestObject("The request object begins in the last hour.")
    return ends


def request_within(
    claims: Mapping[str, object], sent: AuthorizationRequest, *, client: Client
) -> AuthorizationRequest:
    """The request that the object holds; what else was sent beside it is not read (RFC 9101 §6.3).

    Raises:
        InvalidRequestObject: it holds another request, or what is no parameter.
        InvalidRequest: client_id or response_type differ outside it (OIDC Core §6.1).
    """
    if "request" in claims or "request_uri" in claims:  # RFC 9101 §4
        raise InvalidRequestObject("A request object holds no other.")
    said = {name: value for name, value in claims.items() if name not in _OF_THE_TOKEN}
    said.setdefault("client_id", client.client_id)
    if said["client_id"] != client.client_id:
        raise InvalidRequest("The request object names another client.")
    outside = {value for name, value in sent.parameters if name == "response_type"}
    if not outside <= {said.get("response_type")}:
        raise InvalidRequest("The response_type differs from the one in the request object.")
    return AuthorizationRequest(
        [(name, text) for name, value in said.items() for text in _spelled(name, value)]
    )


def _spelled(name: str, value: object) -> list[str]:
    """A claim as the parameters that say the same; `resource` alone may stand more than once."""
    if name == "resource" and isinstance(value, list):
        return [text for member in value for text in _spelled(name, member)]
    if isinstance(value, dict | list):
        with suppress(RecursionError):
            return [json.dumps(value, separators=(",", ":"))]
    if isinstance(value, str) and "\x00" not in value and value.isprintable():
        return [value]
    if type(value) is int:
        return [str(value)]
    raise InvalidRequestObject(f"The request object's {name[:50]} is no parameter.")


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    """None where it is missing."""
    if claims.get(name) is None:
        return None
    found = moment(claims[name])
    if found is None:
        raise InvalidRequestObject(f"The request object's {name} is no moment.")
    return found
