"""The plugin for Tiled, named in its configuration; tested with 0.2.20, and fit for 0.2.18.

    authentication:
      providers:
      - {provider: ours, authenticator: "scopewright.tiled:Authenticator", args: {…}}
    access_control: {access_policy: "scopewright.tiled:Policy", args: {…}}

`Authenticator` takes our tokens and API keys; `Policy` asks our server where somebody may do what;
`SimpleAccessPolicy` does it by lists. `python -m scopewright.tiled` keeps Tiled's own tags and
roles as ours are. Names are loaded when first used: what is not used needs no Tiled.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scopewright.tiled.authenticator import Authenticator
    from scopewright.tiled.lists import SimpleAccessPolicy
    from scopewright.tiled.policy import Policy

_HOMES = {
    "Authenticator": "scopewright.tiled.authenticator",
    "Policy": "scopewright.tiled.policy",
    "SimpleAccessPolicy": "scopewright.tiled.lists",
}

__all__ = ["Authenticator", "Policy", "SimpleAccessPolicy"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
