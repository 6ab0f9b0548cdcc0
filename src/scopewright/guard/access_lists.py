"""Access lists from a configuration, as Tiled's files say it.

policy = access_lists({"access_lists": {"alice": ["A"], "cara": "…SimpleAccessPolicy.ALL"},
                       "public": ["D"], "scopes": ["read:metadata", "read:data"]})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopewright.core.access_lists import ALL, AccessLists, Listed
from scopewright.core.errors import Invalid
from scopewright.guard.access_settings import mapping, names, refuse_unknown

KNOWN = ("access_lists", "public", "scopes", "provider", "key", "admins")


def access_lists(said: Mapping[str, Any]) -> AccessLists:
    """The policy that a configuration describes. `provider`, `key` and `admins` decide nothing.

    Raises:
        Invalid: something is of a wrong type, or not known; the detail names the place.
    """
    refuse_unknown(said, KNOWN, "access_lists")
    lists = mapping(said.get("access_lists", {}), "access_lists")
    scopes = said.get("scopes")
    return AccessLists(
        {name: _listed(value, f"access_lists.{name}") for name, value in lists.items()},
        public=names(said.get("public", []), "public"),
        scopes=None if scopes is None else names(scopes, "scopes"),
    )


def _listed(value: object, place: str) -> Listed:
    if isinstance(value, str):
        if value != "ALL" and not value.endswith((".ALL", ":ALL")):
            raise Invalid(f"{place}: a list of names, or ALL.", field=place)
        return ALL
    return names(value, place)
