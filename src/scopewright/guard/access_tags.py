"""Access tags from a configuration: `roles`, `tags` and `tag_owners`, as Tiled's files say it.

policy = access_tags({"roles": {"reader": {"scopes": ["read:metadata", "read:data"]}},
                      "tags": {"beamline": {"groups": [{"name": "staff", "role": "reader"}]}},
                      "tag_owners": {"beamline": {"users": [{"name": "alice"}]}}},
                     members_of={"staff": ["alice", "bob"]}.__getitem__)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scopewright.core.access_tags import PUBLIC, SERVICE, USER, AccessTags
from scopewright.core.errors import Invalid
from scopewright.core.scopes import NONE, Scopes
from scopewright.core.tag_nesting import check_nesting, with_nested
from scopewright.guard.access_settings import mapping, names, refuse_unknown, tables

MembersOf = Callable[[str], Iterable[str]]
Grants = dict[str, Scopes]


def nobody(_group: str) -> Iterable[str]:
    """Who is in a group, where no groups are known."""
    return ()


def access_tags(
    said: Mapping[str, Any], *, known: Scopes | None = None, members_of: MembersOf = nobody
) -> AccessTags:
    """The policy that a configuration describes.

    `known` are the scopes that may be given, None for any; `members_of` says who is in a group.

    Raises:
        Invalid: it cannot be read, gives what is not known, or nests tags in a circle or deeper
            than five; the detail names the place, and the way round.
    """
    refuse_unknown(said, ("roles", "tags", "tag_owners"), "access_tags")
    reader = _Reader(said, known, members_of)
    return AccessTags(
        {tag: reader.grants(tag) for tag in reader.tags},
        owners=reader.owners(),
        public=frozenset(tag for tag in reader.tags if reader.is_public(tag)),
    )


class _Reader:
    """One configuration, each tag of it worked out once."""

    def __init__(
        self, said: Mapping[str, Any], known: Scopes | None, members_of: MembersOf
    ) -> None:
        self.tags = mapping(said.get("tags"), "tags")
        self._said, self._known, self._members_of = said, known, members_of
        self._roles = {
            name: self._scopes(mapping(role, f"roles.{name}"), f"roles.{name}")
            for name, role in mapping(said.get("roles"), "roles").items()
        }
        self._nested = {tag: self._nested_in(tag) for tag in self.tags}
        check_nesting(self._nested, self.tags, field="tags")

    def grants(self, tag: str) -> Mapping[str, Scopes]:
        """What a tag and all that are nested in it give, by name."""
        found: Grants = {}
        for one in with_nested(self._nested, tag):
            table = self.tags[one]
            for kind in ("users", "groups"):
                for given in tables(table.get(kind), f"tags.{one}.{kind}"):
                    scopes = self._given(given, f"tags.{one}.{kind}")
                    members = [given["name"]]
                    if kind == "groups":
                        members = list(self._members_of(given["name"]))
                    for name in members:
                        found[name] = found.get(name, NONE) | scopes
        return found

    def is_public(self, tag: str) -> bool:
        """Whether `public` is nested in it."""
        return any(PUBLIC in self._nested[one] for one in with_nested(self._nested, tag))

    def owners(self) -> dict[str, frozenset[str]]:
        """Who may put on and take off each tag."""
        found = {}
        for tag, table in mapping(self._said.get("tag_owners"), "tag_owners").items():
            place = f"tag_owners.{tag}"
            if tag not in self.tags:
                raise Invalid(f"{place}: there is no such tag.", field=place)
            refuse_unknown(mapping(table, place), ("users", "groups"), place)
            users = [one["name"] for one in tables(table.get("users"), f"{place}.users")]
            groups = [one["name"] for one in tables(table.get("groups"), f"{place}.groups")]
            members = (name for group in groups for name in self._members_of(group))
            found[tag] = frozenset((*users, *members))
        return found

    # --- what one tag says ----------------------------------------------------------------------

    def _given(self, given: Mapping[str, Any], place: str) -> Scopes:
        refuse_unknown(given, ("name", "role", "scopes"), place)
        place = f"{place} ({given['name']})"
        if ("role" in given) is ("scopes" in given):
            raise Invalid(f"{place}: name either a role or scopes.", field=place)
        if "role" not in given:
            return self._scopes(given, place)
        if given["role"] not in self._roles:
            raise Invalid(f"{place}: there is no role {given['role']}.", field=place)
        return self._roles[given["role"]]

    def _scopes(self, table: Mapping[str, Any], place: str) -> Scopes:
        scopes = names(table.get("scopes"), f"{place}.scopes")
        unknown = NONE if self._known is None else scopes - self._known
        if not scopes or unknown:
            what = f"there is no scope {min(unknown)}" if unknown else "it gives nothing"
            raise Invalid(f"{place}: {what}.", field=place)
        return scopes

    # --- tags in tags ---------------------------------------------------------------------------

    def _nested_in(self, tag: str) -> frozenset[str]:
        place = f"tags.{tag}"
        table = mapping(self.tags[tag], place)
        refuse_unknown(table, ("users", "groups", "auto_tags"), place)
        if tag == PUBLIC or tag.startswith((USER, SERVICE)):
            raise Invalid(f"{place}: what this tag means is fixed.", field=place)
        nested = frozenset(one["name"] for one in tables(table.get("auto_tags"), place))
        for unknown in sorted(nested - self.tags.keys() - {PUBLIC}):
            raise Invalid(f"{place}: there is no tag {unknown}.", field=place)
        return nested
