"""How a refusal is said over HTTP: status, `WWW-Authenticate` and a short body.

The challenges are those of RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3 and RFC 9728 §5.1.

The cause of a refusal is for the log; the answer never repeats anything of the credential.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from scopewright.core.errors import (
    Forbidden,
    InvalidDpopProof,
    InvalidToken,
    NotFound,
    ScopewrightError,
    Unauthenticated,
    UseDpopNonce,
)
from scopewright.core.scopes import Scopes, spell

LOG = logging.getLogger("scopewright.guard")
CLAIMS_KEY = "scopewright.claims"  # where the middleware leaves the claims, in scope or environ


class Unavailable(ScopewrightError):
    """What decides cannot be asked now: neither yes nor no. Answered 503, never a guess."""

    def __init__(self, cause: str) -> None:
        super().__init__("The credential cannot be checked now.", cause=cause)


class InsufficientScope(Forbidden):
    """The credential is good; `missing` of the `needed` scopes are not among its own."""

    def __init__(self, *, needed: Scopes, missing: Scopes) -> None:
        super().__init__(f"This needs {' '.join(sorted(missing))}.", missing=missing)
        self.needed = needed


class NoCredential(Unauthenticated):
    """Nothing was presented; the route needs these scopes."""

    def __init__(self, needed: Scopes) -> None:
        super().__init__("A credential is needed.", cause="no credential")
        self.needed = needed


class InsufficientAuthentication(Unauthenticated):
    """The credential is good, but the person has to sign in again, or more strongly.

    `max_age` (in seconds) and `acr_values` are what to ask the issuer for (RFC 9470 §4).
    """

    def __init__(self, *, max_age: int | None, acr_values: tuple[str, ...]) -> None:
        super().__init__("This needs another authentication.", presented=True)
        self.max_age, self.acr_values = max_age, acr_values


class Undeclared(Forbidden):
    """This route does not say which scopes it needs, so nobody may pass."""

    def __init__(self) -> None:
        super().__init__("This route declares no scope, so it is refused.")


class WouldWait(Exception):
    """The answer needs the network, and the caller must not wait for it here."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response that any framework can send."""

    status: int
    headers: dict[str, str]
    detail: str

    @property
    def body(self) -> bytes:
        return json.dumps({"detail": self.detail}).encode()


def refusal(
    error: ScopewrightError, *, metadata_url: str | None = None, algs: Sequence[str] = ()
) -> Refusal:
    """What to answer to this error; with `algs`, those of DPoP proofs, in that scheme's words."""
    LOG.info("refused: %s %s", type(error).__name__, error.cause)
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if isinstance(error, Unavailable):
        return Refusal(503, {**headers, "Retry-After": "5"}, error.detail)
    if isinstance(error, NotFound):
        return Refusal(404, headers, error.detail)
    if isinstance(error, Undeclared):
        return Refusal(403, headers, error.detail)
    status, said = _challenge(error)
    if metadata_url is not None:
        said["resource_metadata"] = metadata_url
    if algs:
        said["algs"] = " ".join(algs)
    scheme = "DPoP" if algs else "Bearer"
    words = ", ".join(f'{name}="{value}"' for name, value in said.items() if value)
    headers["WWW-Authenticate"] = f"{scheme} {words}" if words else scheme
    return Refusal(status, headers, error.detail)


def _challenge(error: ScopewrightError) -> tuple[int, dict[str, str]]:
    match error:
        case InsufficientScope(needed=needed):  # all, so that a client knows what to ask for
            said = {"error": "insufficient_scope", "scope": spell(needed)}
            return 403, {**said, "error_description": error.detail}
        case InsufficientAuthentication(acr_values=acr_values, max_age=max_age):
            said = {"error": "insufficient_user_authentication", "error_description": error.detail}
            age = "" if max_age is None else str(max_age)
            return 401, {**said, "acr_values": " ".join(acr_values), "max_age": age}
        case InvalidToken() | InvalidDpopProof() | UseDpopNonce():
            return 401, {"error": error.code, "error_description": error.detail}
        case NoCredential(needed=needed):  # RFC 6750 §3.1: and so no error code
            return 401, {"scope": spell(needed)}
    raise error
