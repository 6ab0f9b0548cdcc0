"""The target of the load: a running authorization server, and how its answers are checked.

What is measured is the same for all: the endpoints come from the server's own discovery document,
the client authenticates by HTTP Basic, and each answer is verified before it is counted.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bench.load import Request

SCOPE = "sensor:read"
FORM = "application/x-www-form-urlencoded"


class WrongAnswer(Exception):
    """A server answered something that must not be measured."""


@dataclass(frozen=True)
class Target:
    """One server under load.

    ``pids``: the processes whose processor time counts, the server's first, then its database's.
    ``introspected``: form fields that ask for a token this server can introspect.
    """

    name: str
    pids: list[int]
    issuer: str
    client_id: str
    client_secret: str
    introspected: dict[str, str] = field(default_factory=dict)

    @property
    def metadata_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def metadata(self) -> dict[str, Any]:
        return answer(Request(self.metadata_url))

    def form(self, endpoint: str, **fields: str) -> Request:
        """A POST to the discovered ``endpoint``, authenticated as the client."""
        pair = f"{self.client_id}:{self.client_secret}".encode()
        return Request(
            self.metadata()[endpoint],
            method="POST",
            headers={
                "Authorization": f"Basic {base64.b64encode(pair).decode()}",
                "Content-Type": FORM,
            },
            body=str(httpx.QueryParams(fields)),
        )


def answer(request: Request) -> dict[str, Any]:
    """Send ``request`` once; the JSON answered, or `WrongAnswer`."""
    response = httpx.request(
        request.method, request.url, headers=request.headers, content=request.body, timeout=10
    )
    if response.status_code != 200:
        raise WrongAnswer(f"{request.url}: {response.status_code} {response.text[:500]}")
    document = response.json()
    if not isinstance(document, dict):
        raise WrongAnswer(f"{request.url}: not a JSON object")
    return document


def token_request(target: Target) -> Request:
    """Client credentials; the JWT's signature is verified with the server's own key set."""
    request = target.form("token_endpoint", grant_type="client_credentials", scope=SCOPE)
    check_access_token(target, answer(request)["access_token"])
    return request


def introspection_request(target: Target) -> Request:
    """Introspection of a token of the client's own, which must be active."""
    fields = {"grant_type": "client_credentials", "scope": SCOPE, **target.introspected}
    token = answer(target.form("token_endpoint", **fields))["access_token"]
    request = target.form("introspection_endpoint", token=token)
    seen = answer(request)
    _require(seen.get("active") is True and seen.get("scope") == SCOPE, request.url, seen)
    return request


def jwks_request(target: Target) -> Request:
    """The key set, which must hold public P-256 keys and nothing private."""
    request = Request(target.metadata()["jwks_uri"])
    keys = answer(request)["keys"]
    _require(any(key.get("crv") == "P-256" for key in keys), request.url, keys)
    _require(not any("d" in key for key in keys), request.url, "a private key")
    return request


def discovery_request(target: Target) -> Request:
    """The discovery document, which must name its own issuer and a token endpoint."""
    document = target.metadata()
    named = document.get("issuer") == target.issuer and "token_endpoint" in document
    _require(named, target.metadata_url, document)
    return Request(target.metadata_url)


def check_access_token(target: Target, token: str) -> None:
    """Raise unless ``token`` is the server's own ES256 JWT for the scope asked for."""
    keys = KeySet.import_key_set(answer(jwks_request(target)))  # type: ignore[arg-type]
    try:
        claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
    except JoseError as error:
        raise WrongAnswer(f"{target.issuer}: an access token that does not verify") from error
    good = claims.get("iss") == target.issuer and SCOPE in claims.get("scope", "").split()
    _require(good, target.issuer, claims)


def _require(condition: bool, where: str, seen: object) -> None:
    if not condition:
        raise WrongAnswer(f"{where}: {seen!r}")
