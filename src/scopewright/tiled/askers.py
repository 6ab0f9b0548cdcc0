"""Who asks Tiled for something, as our policies know them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scopewright.core.access_policies import Asker
from scopewright.tiled.scopes import plain


def asker_of(
    principal: Any,
    *,
    provider: str | None,
    scopes: Iterable[str],
    only_tags: Iterable[str] | None,
) -> Asker | None:
    """Whoever Tiled says it is: by their identity of this provider, services by their UUID.

    None for somebody who has no such identity: who it is, is not known here, and that is not the
    same as a visitor who has shown nothing. Without a `provider` a single identity will do.
    """
    tags = None if only_tags is None else frozenset(only_tags)
    if principal is None:
        return Asker(scopes=plain(scopes), only_tags=tags)
    is_service = principal.type == "service"
    name = str(principal.uuid) if is_service else _name(principal, provider)
    if not name:
        return None
    return Asker(name, is_service=is_service, scopes=plain(scopes), only_tags=tags)


def _name(principal: Any, provider: str | None) -> str | None:
    names = {
        str(identity.id)
        for identity in principal.identities
        if provider is None or identity.provider == provider
    }
    return names.pop() if len(names) == 1 else None
