"""Route rules of the gateway: which scopes a request to an application needs.

The most specific rule decides; what no rule declares is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scopewright.core.scopes import Scopes


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """One rule. `path` may end with `/*` (this level) or `/**` (all below).

    No `methods` means every method. `credentials` are the kinds that are let in: `browser`,
    `token`, `api_key`. A public route asks for nothing.
    """

    id: str
    application_id: str
    host: str
    path: str
    methods: frozenset[str]
    scopes: Scopes
    credentials: frozenset[str]
    is_public: bool
    created_at: datetime
