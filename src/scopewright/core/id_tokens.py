"""What an ID token says, and which claims about a person are told (OpenID Connect Core §2, §5).

An ID token tells a client who signed in; it opens nothing, and no resource server takes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scopewright.core import base64url
from scopewright.core.errors import InvalidToken
from scopewright.core.model import EMAIL_PROVIDER, Principal, Session
from scopewright.core.scopes import Scopes

OPENID = "openid"
TYPE = "JWT"
CLAIMS_OF_SCOPE: Mapping[str, tuple[str, ...]] = {  # §5.4
    "profile": ("name", "preferred_username"),
    "email": ("email", "email_verified"),
}
CLAIMS = (  # all that an ID token or userinfo may say in registered names
    *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),
    *(name for names in CLAIMS_OF_SCOPE.values() for name in names),
)
# How each provider has a person prove it (RFC 8176 §2): a letter's link or code is used once.
METHODS_OF_PROVIDER: Mapping[str, tuple[str, ...]] = {EMAIL_PROVIDER: ("otp",)}


@dataclass(frozen=True, slots=True)
class IdToken:
    """What one client is told about one sign-in.

    `nonce` is there for a code alone: a refresh repeats none (§12.2). There is no `azp`: the client
    is the only audience (§2).
    """

    issuer: str
    client_id: str
    person: Principal
    session: Session
    scopes: Scopes
    issued_at: datetime
    expires_at: datetime
    access_token: str
    nonce: str | None = None

    def claims(self) -> dict[str, Any]:
        """As they are signed; times in whole Unix seconds."""
        claims: dict[str, Any] = {
            **told(self.person, scopes=self.scopes, asked=_asked(self.session, "id_token")),
            "iss": self.issuer,
            "sub": self.person.id,
            "aud": self.client_id,
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
            "auth_time": int(self.session.authenticated_at.timestamp()),
            "sid": self.session.id,
            "at_hash": half_hash(self.access_token),
        }
        methods = self.person.identity and METHODS_OF_PROVIDER.get(self.person.identity.provider)
        optional = {"nonce": self.nonce, "acr": self.session.terms.acr, "amr": methods}
        return claims | {name: value for name, value in optional.items() if value is not None}


def half_hash(token: str) -> str:
    """The `at_hash` of an access token (§3.1.3.6), for the algorithms that end in 256."""
    return base64url.encoded(hashlib.sha256(token.encode()).digest()[:16])


def userinfo_claims(
    person: Principal, *, scopes: Scopes, session: Session | None
) -> dict[str, Any]:
    """The standard claims that userinfo answers a token of this session with (§5.3.2)."""
    asked = {} if session is None else _asked(session, "userinfo")
    return {"sub": person.id, **told(person, scopes=scopes, asked=asked)}


def told(person: Principal, *, scopes: Scopes, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the person and asked for, by scope (§5.4) or by name (§5.5).

    A claim that is unknown here is left out, essential or not (§5.5.1).
    """
    names = set(asked).union(*(CLAIMS_OF_SCOPE.get(scope, ()) for scope in scopes))
    return {name: value for name, value in _known(person).items() if name in names}


def _known(person: Principal) -> dict[str, Any]:
    identity = person.identity
    if identity is None:
        return {}
    known = {"name": person.name, "preferred_username": identity.subject}
    if identity.provider != EMAIL_PROVIDER:
        return known
    # Whoever signs in by letter has proven the address.
    return {**known, "email": identity.subject, "email_verified": True}


def _asked(session: Session, place: str) -> Mapping[str, Any]:
    """One member of the `claims` parameter; it asks for the claims that it names (§5.5)."""
    asked: Mapping[str, Any] = (session.terms.claims or {}).get(place, {})
    return asked


# --- as a hint ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hint:
    """What one of our ID tokens says when it comes back (`id_token_hint`), expired or not."""

    client_id: str
    subject: str
    session_id: str


def read_hint(claims: Mapping[str, object], *, issuer: str) -> Hint:
    """The hint in claims that we have signed (§3.1.2.1, RP-Initiated Logout §2).

    Raises:
        InvalidToken: they are not of an ID token of this issuer.
    """
    texts = (claims.get("aud"), claims.get("sub"), claims.get("sid"))
    client_id, subject, session_id = (text if isinstance(text, str) else None for text in texts)
    if claims.get("iss") != issuer or client_id is None or subject is None or session_id is None:
        raise InvalidToken("This is not an ID token of this issuer.")
    return Hint(client_id, subject, session_id)
