"""What an API key carries now: as much as every key of its chain allows.

A key that was made by presenting another one has that for its parent. INVARIANT: it is never more
than its parent in scopes, tags or life; that is decided at each use, so that whatever ends or
narrows a parent ends or narrows its children at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from scopewright.core.model import ApiKey, KeyPolicy
from scopewright.core.scopes import Requested, Scopes
from scopewright.core.wholes import NO_WHOLES, Wholes


@dataclass(frozen=True, slots=True)
class Carried:
    """What a key gives now. `tags` None: it is restricted to none."""

    scopes: Scopes
    tags: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When and from where a key was last used, and for which route's pattern."""

    at: datetime
    address: str | None
    route: str


def carried(
    chain: Sequence[ApiKey],
    *,
    held: Scopes,
    policy: KeyPolicy,
    now: datetime,
    wholes: Wholes = NO_WHOLES,
) -> Carried | None:
    """What the first key of a chain gives; None when any of the chain has ended.

    `chain` is the key, its parent, and so on; `held` is what their principal holds now. Whoever
    names a whole means its parts, and the other way round.
    """
    if not all(key.is_live(now) for key in chain):
        return None
    meant = (wholes.meant_by(key.requested) for key in chain)
    scopes = reduce(Requested.narrowed_to, meant).within(held)
    if policy.scopes is not None:
        scopes &= wholes.completed(frozenset(policy.scopes))
    return Carried(scopes, _common_tags(chain))


def inherits(chain: Sequence[ApiKey], *, policy: KeyPolicy) -> bool:
    """Whether a key gives all that its principal holds, now and later."""
    return policy.scopes is None and all(key.inherits and not key.tags for key in chain)


def _common_tags(chain: Sequence[ApiKey]) -> frozenset[str] | None:
    restricted = [frozenset(key.tags) for key in chain if key.tags]
    return frozenset.intersection(*restricted) if restricted else None
