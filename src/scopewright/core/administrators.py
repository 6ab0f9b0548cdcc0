"""Who administers the whole instance: the settings name them by address."""

from __future__ import annotations

from collections.abc import Collection

from scopewright.core.model import EMAIL_PROVIDER, Identity


def administers(identity: Identity | None, addresses: Collection[str]) -> bool:
    """Whether this identity proves one of these addresses, in whatever letter case."""
    if identity is None or identity.provider != EMAIL_PROVIDER:
        return False
    return identity.subject.lower() in {address.lower() for address in addresses}
