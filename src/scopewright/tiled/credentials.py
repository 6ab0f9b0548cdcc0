"""What Tiled is told of a good credential, and with which one of its own it asks about them."""

from __future__ import annotations

import os
from uuid import NAMESPACE_URL, UUID, uuid5

from scopewright.core.scopes import spell
from scopewright.guard import Claims
from scopewright.guard.jws import refused
from scopewright.tiled.scopes import as_tiled_says

CREDENTIAL = "SCOPEWRIGHT_GUARD_KEY"


def credential_of(said: str) -> str | None:
    """The credential of the configuration, else of the environment, else none."""
    return said or os.environ.get(CREDENTIAL) or None


def tiled_claims(claims: Claims) -> dict[str, object]:
    """The claims that Tiled reads: `sub` as 32 hexadecimal digits, `scope`, and who it is.

    A person is known by `user`. A service has `sub_typ` and no identity, so that Tiled neither
    takes it for a person nor makes it one, with a role of its own.

    Raises:
        InvalidToken: it is restricted to tags, of which Tiled would hear nothing: it would be more
            there than it is here.
    """
    if "tags" in claims.values:
        raise refused("restricted to tags")
    said: dict[str, object] = {
        "sub": _uuid(claims).hex,
        "scope": spell(as_tiled_says(claims.scopes)),
    }
    user = claims.values.get("user") or claims.values.get("username")
    if isinstance(user, str):
        return {**said, "user": user}
    return {**said, "sub_typ": "service", "ids": []}


def _uuid(claims: Claims) -> UUID:
    """The principal's; of a client that is known by an address, one that is always the same."""
    try:
        return UUID(claims.subject)
    except ValueError:
        return uuid5(NAMESPACE_URL, f"{claims.issuer}|{claims.subject}")
