"""Bearer, basic, API key and cookie: from headers to what was presented, still unproven."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import unquote_plus

from starlette.types import Message, Scope, Send

from scopewright.core.caller import Presented, is_api_key
from scopewright.core.client_authentication import (
    ASSERTION_TYPE,
    NONE,
    PRIVATE_KEY_JWT,
    SECRET_BASIC,
    SECRET_METHODS,
    SECRET_POST,
    ClientCertificate,
    ClientCredential,
)
from scopewright.core.errors import (
    InvalidClient,
    InvalidRequest,
    InvalidToken,
    Malformed,
    Unauthenticated,
)
from scopewright.guard.jws import unverified
from scopewright.guard.possession import Possession
from scopewright.web.certificates import certificate_of
from scopewright.web.http import unauthenticated

SIGN_IN_COOKIE = "scopewright"
LONGEST_CREDENTIAL = 16 * 1024
_NONE, _ASSERTION = frozenset({NONE}), frozenset({PRIVATE_KEY_JWT})
_BASIC, _POST = frozenset({SECRET_BASIC}), frozenset({SECRET_POST})
ORIGIN = "scopewright.origin"  # in an ASGI scope: where it was sent to, if not to us
UNDER_DPOP = "scopewright.dpop"  # in the scope of a request whose answer brings a fresh nonce
KNOWN_CALLER = "scopewright.caller"  # in an ASGI scope: who asks, where another edge found it out
QUERY_KEYS = "scopewright.query_keys"  # in an ASGI scope: the keys that its address has borne
SCHEMES = ("bearer", "apikey", "dpop")


def presented_of(authorization: str | None, scope: Scope) -> Presented | None:
    """What this request presents: under Bearer, Apikey or DPoP, or a key in its address.

    RFC 6750 §2.1, RFC 9449 §7.1; None for other schemes.

    Raises:
        Malformed: two credentials, so that two readers could take it for different ones.
    """
    in_header, in_query = _in_header(authorization, scope), set(scope.get(QUERY_KEYS, ()))
    if not in_query:
        return in_header
    if authorization is not None:
        in_query.add("" if in_header is None else in_header.secret)
    if len(in_query) > 1:
        raise Malformed("The request presents two credentials: present one.")
    if in_header is not None:
        return in_header
    secret = in_query.pop()
    return Presented(secret if is_api_key(secret) else "", scope)  # no token belongs there


def is_presented(authorization: str | None, scope: Scope) -> bool:
    """Whether a request presents anything, good or bad, that is not a cookie."""
    return authorization is not None or QUERY_KEYS in scope


def refused(authorization: str | None, scope: Scope) -> Unauthenticated:
    """What is said to whoever is not let in: the same of every bad credential."""
    scheme = (authorization or "").partition(" ")[0].lower()
    if authorization is not None and scheme not in SCHEMES:
        return Unauthenticated(
            "This scheme is not taken here: present an access token as Bearer or DPoP, an API key"
            " as Bearer or Apikey.",
            presented=True,
        )
    return unauthenticated(presented=is_presented(authorization, scope))


def _in_header(authorization: str | None, scope: Scope) -> Presented | None:
    if authorization is None or len(authorization) > LONGEST_CREDENTIAL:
        return None
    scheme, _, secret = authorization.partition(" ")
    scheme, secret = scheme.lower(), secret.strip()
    if scheme not in SCHEMES or not secret:
        return None
    if scheme == "dpop":
        scope[UNDER_DPOP] = True
    return Presented(secret, scope, scheme == "dpop")


def brings_proof(scope: Scope) -> bool:
    """Whether a DPoP proof comes with this request; its answer then brings a fresh nonce."""
    for name, _ in scope["headers"]:  # a loop: this is asked of every token request
        if name == b"dpop":
            scope[UNDER_DPOP] = True
            return True
    return False


def possession_of(scope: Scope) -> Possession:
    """What this request shows of its sender's keys."""
    proofs = tuple(value.decode("latin-1") for name, value in scope["headers"] if name == b"dpop")
    certificate = certificate_of(scope)
    x5t_s256 = None if certificate is None else certificate.thumbprint
    path = scope["raw_path"].decode("latin-1")
    return Possession(scope["method"], path, proofs, x5t_s256, origin=scope.get(ORIGIN))


def bringing(nonce: str, send: Send) -> Send:
    """Sends the answer to a request under DPoP: with the nonce for the next one (RFC 9449 §8.2)."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            fresh = (b"dpop-nonce", nonce.encode())
            message = {**message, "headers": [*message["headers"], fresh]}
        await send(message)

    return sending


def client_credential_of(
    authorization: str | None, form: Mapping[str, str], scope: Scope
) -> ClientCredential:
    """What a client presents: by Basic header, form, or both; an assertion; a certificate.

    RFC 6749 §2.3.1, RFC 7521 §4.2, RFC 8705 §2.

    Raises:
        InvalidClient: no client id where one is needed, or something that cannot be read.
        InvalidRequest: the header and the form name different clients or secrets, or a secret
            stands beside an assertion.
    """
    basic, certificate = _basic(authorization), certificate_of(scope)
    posted_id, posted_secret = form.get("client_id"), form.get("client_secret")
    if "client_assertion" in form or "client_assertion_type" in form:
        if basic is not None or posted_secret is not None:
            raise InvalidRequest("Use one method of client authentication, not two.")
        return _asserted(form, certificate)
    if basic is None:
        # An assertion that is the grant says itself who asks (RFC 7523 §3.1).
        if posted_id is None and "assertion" not in form:
            raise InvalidClient("Client authentication failed.")
        methods = _NONE if posted_secret is None else _POST
        return ClientCredential(posted_id or "", posted_secret, methods, certificate=certificate)
    client_id, secret = basic
    if posted_id not in (None, client_id) or posted_secret not in (None, secret):
        raise InvalidRequest("The header and the form present different clients.")
    methods = SECRET_METHODS if posted_secret else _BASIC
    return ClientCredential(client_id, secret, methods, certificate=certificate)


def _asserted(form: Mapping[str, str], certificate: ClientCertificate | None) -> ClientCredential:
    """Who the assertion says has made it, unless the form says who that is (RFC 7521 §4.2)."""
    assertion, client_id = form.get("client_assertion"), form.get("client_id")
    if assertion is None or form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClient("Client authentication failed.")
    if client_id is None:
        client_id = _unverified_subject(assertion)
    return ClientCredential(client_id, None, _ASSERTION, assertion, certificate)


def _unverified_subject(assertion: str) -> str:
    try:
        _, claims = unverified(assertion)
    except InvalidToken:
        raise InvalidClient("Client authentication failed.") from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable():  # it is looked up as it stands
        raise InvalidClient("Client authentication failed.")
    return subject


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Id and secret of a Basic header; both are form-encoded within it (RFC 6749 §2.3.1)."""
    if authorization is None or authorization[:6].lower() != "basic ":
        return None
    try:
        decoded = b64decode(authorization[6:].strip(), validate=True).decode("utf-8")
        client_id, colon, secret = decoded.partition(":")
        if "%" in decoded or "+" in decoded:
            client_id = unquote_plus(client_id, errors="strict")
            secret = unquote_plus(secret, errors="strict")
    except ValueError:  # not ASCII, not base64 or not UTF-8
        raise InvalidClient("Client authentication failed.") from None
    if not colon or "\x00" in client_id + secret:
        raise InvalidClient("Client authentication failed.")
    return client_id, secret


def cookie_of(cookies: str | None, name: str) -> str | None:
    """The value of one cookie. What other programs on this host have set cannot hide it."""
    for pair in (cookies or "").split(";"):
        key, equals, value = pair.strip().partition("=")
        if equals and key == name:
            return value
    return None
