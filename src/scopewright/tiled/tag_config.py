"""The access tags of a workspace in the shape that Tiled compiles: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scopewright.core.scopes import NONE, Scopes
from scopewright.tiled.scopes import as_tiled_says
from scopewright.tiled.workspace import Known, Role

Config = dict[str, dict[str, Any]]


class TagConfig:
    """Spells out groups and roles, so that nothing but names and scopes is left.

    `known` are Tiled's scopes: others mean nothing there. Who is disabled is left out.
    """

    def __init__(
        self,
        *,
        roles: Mapping[str, Role],
        principals: Mapping[str, Known],
        members: Callable[[str], Iterable[str]],
        known: Scopes,
    ) -> None:
        self._roles, self._principals, self._members = roles, principals, members
        self._known = known

    def of(self, tags: Iterable[Mapping[str, Any]]) -> Config:
        """`tags` and `tag_owners` for Tiled's compiler."""
        tags = list(tags)
        owners = {tag["name"]: self._owners(tag["owners"]) for tag in tags}
        return {
            "tags": {
                tag["name"]: {
                    "users": self._grants(tag),
                    "auto_tags": [{"name": nested["name"]} for nested in tag["auto_tags"]],
                }
                for tag in tags
            },
            "tag_owners": {
                tag: {"users": [{"name": name} for name in sorted(names)]}
                for tag, names in owners.items()
                if names
            },
        }

    def _grants(self, tag: Mapping[str, Any]) -> list[dict[str, Any]]:
        given: dict[str, Scopes] = {}
        for grant in (*tag["users"], *tag["groups"]):
            scopes = self._scopes(grant)
            for name in self._names(grant["id"]):
                given[name] = given.get(name, NONE) | scopes
        return [
            {"name": name, "scopes": sorted(scopes)}
            for name, scopes in sorted(given.items())
            if scopes
        ]

    def _owners(self, owners: Mapping[str, Any]) -> set[str]:
        named = (*owners["users"], *owners["groups"])
        return {name for owner in named for name in self._names(owner["id"])}

    def _scopes(self, grant: Mapping[str, Any]) -> Scopes:
        if grant["role"] is None:
            return as_tiled_says(grant["scopes"]) & self._known
        role = self._roles.get(grant["role"])
        return NONE if role is None else as_tiled_says(role.scopes) & self._known

    def _names(self, id: str) -> set[str]:
        """Whom a principal's id means at Tiled: itself, or all who are in the group."""
        principal = self._principals.get(id)
        if principal is None:
            return set()
        ids = self._members(id) if principal.kind == "group" else (id,)
        found = (self._principals[one] for one in ids if one in self._principals)
        return {one.name for one in found if one.kind != "group" and not one.is_disabled}
