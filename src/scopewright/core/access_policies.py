"""What may be done with one resource, whatever kind of policy says so: who asks, and the one rule.

A policy answers two questions: `allowed`, which scopes somebody has on a resource, and `visible`,
which resources they see and have some scopes on. A credential's scopes bound both.
"""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.core.errors import NotFound
from scopewright.core.scopes import NONE, Scopes

SEEING = "read:metadata"  # without it a resource is not there
PUBLIC_SCOPES = frozenset({SEEING, "read:data"})  # what somebody unknown may have at most


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, by the `name` that policies know it by: a user name, or a service's id; or nobody.

    `scopes` are its credential's. `only_tags` restricts that to resources with one of these tags.
    `id` is the principal's, where it is known: names may be shared, ids never are.
    """

    name: str | None = None
    is_service: bool = False
    scopes: Scopes = NONE
    only_tags: frozenset[str] | None = None
    id: str | None = None


def anonymous(*, admitted: bool) -> Asker:
    """Whoever shows nothing: may read what is public, where such visitors are admitted."""
    return Asker(scopes=PUBLIC_SCOPES if admitted else NONE)


def missing_on(needed: Scopes, *, allowed: Scopes) -> Scopes:
    """What somebody lacks on a resource of all that is needed.

    Raises:
        NotFound: it may not even be seen, so that it is there is not told.
    """
    if SEEING not in allowed:
        raise NotFound("There is nothing here by this name.")
    return needed - allowed
