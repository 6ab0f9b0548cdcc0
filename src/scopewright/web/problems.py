"""Errors as problem documents (RFC 9457), and the one table of their statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scopewright.core.errors import (
    Conflict,
    Escalation,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    NotNow,
    OAuthError,
    ScopewrightError,
    SignInTooOld,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unproven,
)
from scopewright.core.scopes import spell
from scopewright.guard.dpop import ALGORITHMS

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a class of errors is spoken of: HTTP status, slug of its page, title."""

    status: int
    slug: str
    title: str

    @property
    def is_denial(self) -> bool:
        """Whether it is about who asks, and not about what is asked."""
        return self.status in (401, 403, 429)


# The most special class first: the first that fits is taken.
TABLE: dict[type[ScopewrightError], Kind] = {
    Escalation: Kind(403, "escalation", "You may not give what you do not hold"),
    Forbidden: Kind(403, "forbidden", "A scope is missing"),
    SignInTooOld: Kind(401, "sign-in-too-old", "Sign in again first"),
    Unauthenticated: Kind(401, "unauthenticated", "A good credential is needed"),
    NotFound: Kind(404, "not-found", "There is no such thing here"),
    Conflict: Kind(409, "conflict", "Something stands against this"),
    NotNow: Kind(409, "not-now", "Its present state refuses this"),
    Invalid: Kind(422, "invalid", "A value is refused"),
    Malformed: Kind(400, "malformed", "The request could not be read"),
    TooLarge: Kind(413, "too-large", "The request is too large"),
    TooMany: Kind(429, "too-many-requests", "Too many requests"),
    OAuthError: Kind(400, "oauth", "The request is refused"),
}
_BY_FACTS = (NotFound, Conflict, NotNow, Invalid, Malformed, TooLarge, Unauthenticated)
BUG = Kind(500, "internal-error", "Something went wrong here")


def kind_of(error: ScopewrightError) -> Kind:
    """The row of the table that fits."""
    return next((kind for cls, kind in TABLE.items() if isinstance(error, cls)), BUG)


def document(error: ScopewrightError, *, public_url: str) -> dict[str, Any]:
    """The problem document: `type title status detail` and the facts."""
    kind = kind_of(error)
    return {
        "type": f"{public_url}/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail or kind.title + ".",
        **error.facts,
    }


def error_of(told: Mapping[str, Any]) -> ScopewrightError:
    """The error that a problem document of ours tells of; a bug where it is none that we know."""
    facts = {k: v for k, v in told.items() if k not in ("type", "title", "status", "detail")}
    slug, detail = str(told.get("type", "")).rpartition("/")[2], str(told.get("detail", ""))
    cls = next((cls for cls, kind in TABLE.items() if kind.slug == slug), ScopewrightError)
    if issubclass(cls, Forbidden):
        return cls(detail, missing=facts.get("missing", ()))
    if issubclass(cls, SignInTooOld):
        return cls(detail, max_age=int(facts.get("max_age", 0)))
    return cls(detail, **facts) if cls in _BY_FACTS else ScopewrightError(detail)


def headers(error: ScopewrightError) -> dict[str, str]:
    """What goes with it: the challenge of RFC 6750 §3, or when to come back (RFC 9110 §10.2.3)."""
    if isinstance(error, (Unauthenticated, Forbidden)):
        return {"www-authenticate": challenge(error)}
    if isinstance(error, TooMany):
        return {"retry-after": str(error.retry_after)}
    return {}


def challenge(error: Unauthenticated | Forbidden) -> str:
    """The `WWW-Authenticate` value. Without a credential there is no error code (RFC 6750 §3.1)."""
    attributes: Mapping[str, str]
    if isinstance(error, Unproven):
        return f'DPoP error="{error.code}", algs="{" ".join(ALGORITHMS)}"'
    if isinstance(error, SignInTooOld):  # RFC 9470 §3
        attributes = {
            "error": "insufficient_user_authentication",
            "error_description": error.detail,
            "max_age": str(error.max_age),
        }
    elif isinstance(error, Forbidden):
        attributes = {"error": "insufficient_scope", "scope": spell(frozenset(error.missing))}
    elif error.facts.get("presented"):
        told = {"error_description": error.detail} if error.facts.get("expired") else {}
        attributes = {"error": "invalid_token", **told}
    else:
        attributes = {}
    spelled = "".join(f', {name}="{value}"' for name, value in attributes.items() if value)
    return 'Bearer realm="scopewright"' + spelled
