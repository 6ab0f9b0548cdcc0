"""For resource servers: is this credential good, here, now, for this?

    from fastapi import Depends, FastAPI
    from scopewright.guard import Guard

    guard = Guard(issuer="https://auth.example/w/0192…", audience="0192…")

    @app.get("/readings", dependencies=[Depends(guard.requires("sensor:read"))])

Read `guard.py` first; `verifier.py` is the decision itself. The server uses it too, and nothing
here knows the server. Names are loaded when first used, so the pytest plugin costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scopewright.core.access_lists import ALL, AccessLists
    from scopewright.core.access_policies import Asker
    from scopewright.core.access_tags import AccessTags
    from scopewright.core.errors import InvalidToken, Unauthenticated
    from scopewright.core.visibility import Columns, Filter
    from scopewright.guard.access_policies import (
        AccessPolicy,
        access_policy,
        asker_of,
        check_access,
    )
    from scopewright.guard.asked_policy import AskedPolicy
    from scopewright.guard.binding import Binding
    from scopewright.guard.guard import Guard, Policy
    from scopewright.guard.jws import KeySet
    from scopewright.guard.possession import Possession
    from scopewright.guard.refusals import (
        InsufficientAuthentication,
        InsufficientScope,
        Unavailable,
        Undeclared,
    )
    from scopewright.guard.rules import PUBLIC, Rules, any_of, public
    from scopewright.guard.verifier import Claims, verify

_HOMES = {
    "ALL": "scopewright.core.access_lists",
    "AccessLists": "scopewright.core.access_lists",
    "AccessPolicy": "scopewright.guard.access_policies",
    "AccessTags": "scopewright.core.access_tags",
    "AskedPolicy": "scopewright.guard.asked_policy",
    "Asker": "scopewright.core.access_policies",
    "Binding": "scopewright.guard.binding",
    "Claims": "scopewright.guard.verifier",
    "Columns": "scopewright.core.visibility",
    "Filter": "scopewright.core.visibility",
    "Guard": "scopewright.guard.guard",
    "InsufficientAuthentication": "scopewright.guard.refusals",
    "InsufficientScope": "scopewright.guard.refusals",
    "InvalidToken": "scopewright.core.errors",
    "KeySet": "scopewright.guard.jws",
    "PUBLIC": "scopewright.guard.rules",
    "Policy": "scopewright.guard.guard",
    "Possession": "scopewright.guard.possession",
    "Rules": "scopewright.guard.rules",
    "Unauthenticated": "scopewright.core.errors",
    "Unavailable": "scopewright.guard.refusals",
    "Undeclared": "scopewright.guard.refusals",
    "access_policy": "scopewright.guard.access_policies",
    "any_of": "scopewright.guard.rules",
    "asker_of": "scopewright.guard.access_policies",
    "check_access": "scopewright.guard.access_policies",
    "public": "scopewright.guard.rules",
    "verify": "scopewright.guard.verifier",
}

__all__ = [
    "ALL",
    "PUBLIC",
    "AccessLists",
    "AccessPolicy",
    "AccessTags",
    "AskedPolicy",
    "Asker",
    "Binding",
    "Claims",
    "Columns",
    "Filter",
    "Guard",
    "InsufficientAuthentication",
    "InsufficientScope",
    "InvalidToken",
    "KeySet",
    "Policy",
    "Possession",
    "Rules",
    "Unauthenticated",
    "Unavailable",
    "Undeclared",
    "access_policy",
    "any_of",
    "asker_of",
    "check_access",
    "public",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
