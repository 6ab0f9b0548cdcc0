"""How a refusal is said over HTTP: status, `WWW-Authenticate` (RFC 6750 §3) and a short body.

The cause of a refusal is for the log; the answer never repeats anything of the credential.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

from scopewright.core.errors import Forbidden, InvalidToken, ScopewrightError, Unauthenticated
from scopewright.core.scopes import Scopes

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


def refusal(error: ScopewrightError, *, metadata_url: str | None = None) -> Refusal:
    """What to answer to this error, with the pointer of RFC 9728 §5.1 where there is one."""
    LOG.info("refused: %s %s", type(error).__name__, error.cause)
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if isinstance(error, Unavailable):
        return Refusal(503, {**headers, "Retry-After": "5"}, error.detail)
    if isinstance(error, Undeclared):
        return Refusal(403, headers, error.detail)
    status, said = _challenge(error)
    if metadata_url is not None:
        said["resource_metadata"] = metadata_url
    words = ", ".join(f'{name}="{value}"' for name, value in said.items())
    headers["WWW-Authenticate"] = f"Bearer {words}" if words else "Bearer"
    return Refusal(status, headers, error.detail)


def _challenge(error: ScopewrightError) -> tuple[int, dict[str, str]]:
    match error:
        case InsufficientScope(needed=needed):  # all, so that a client knows what to ask for
            said = {"error": "insufficient_scope", "scope": " ".join(sorted(needed))}
            return 403, {**said, "error_description": error.detail}
        case InvalidToken():
            return 401, {"error": "invalid_token", "error_description": error.detail}
        case Unauthenticated():
            return 401, {}  # RFC 6750 §3.1: no error code where no credential was sent
    raise error
