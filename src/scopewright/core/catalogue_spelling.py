"""What the spelling of a catalogue's names seems to say: reading or writing, full role or lesser.

Guesses, good enough to ask an author whether something was meant. Nothing that decides looks here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition
from scopewright.core.presets import READING

READING_WORDS = READING | {"r", "list", "view"}
WRITING_WORDS = frozenset(
    {"c", "d", "m", "u", "w", "create", "delete", "move", "remove", "update", "write"}
)
UPDATE_OR_USE = "u"
READING_ROLES = ("readonly", "read-only", "reader", "viewer")
FULL_ROLES = ("fullaccess", "full-access", "admin", "administrator", "manager", "owner")
MANY_TIMES = 3  # a way of spelling is odd where another is so many times as common

_SEPARATOR = re.compile(r"[.:]")
_WORDS = READING_WORDS | WRITING_WORDS


class Verbs:
    """Which scopes read and which write, by their action or else by a word of their name."""

    def __init__(self, scopes: Sequence[ScopeDefinition]) -> None:
        self._actions = {scope.name: scope.action for scope in scopes}
        self._beside = Counter(_without_last_word(scope.name) for scope in scopes)

    def reads(self, scope: str) -> bool:
        """Whether its holder sees something by it, and no more."""
        return self._verb(scope) in READING_WORDS

    def writes(self, scope: str) -> bool:
        """Whether its holder changes something by it."""
        if self._actions.get(scope) is not None:
            return not self.reads(scope)
        return self._verb(scope) in WRITING_WORDS and not self.is_ambiguous(scope)

    def is_ambiguous(self, scope: str) -> bool:
        """Whether it ends in a `u` that may be for update or for use: nothing beside it tells."""
        alone = self._beside[_without_last_word(scope)] == 1
        return self._verb(scope) == UPDATE_OR_USE and alone

    def _verb(self, scope: str) -> str:
        """The declared action; else the last word, or the first in names such as `read:data`."""
        declared = self._actions.get(scope)
        if declared is not None:
            return declared
        words = _SEPARATOR.split(scope.casefold())
        return words[0] if len(words[0]) > 1 and words[0] in _WORDS else words[-1]


def is_reading_role(name: str) -> bool:
    """Whether a role is called as if it could only read."""
    return name.casefold().endswith(READING_ROLES)


def lesser_roles(
    roles: Sequence[RoleDefinition],
) -> Iterator[tuple[RoleDefinition, RoleDefinition]]:
    """Roles, each with what seems to be the full one to it: `iot.timUser` with `iot.timAdmin`.

    That is about the same resource, and called alike but for an end that says so.
    """
    ends = {role.name: _beginning_of_full(role.name) for role in roles}
    full = [(beginning, role) for role in roles if (beginning := ends[role.name]) is not None]
    for role in roles:
        if ends[role.name] is None:
            its = [
                (len(beginning), other)
                for beginning, other in full
                if other.resource == role.resource and role.name.startswith(beginning)
            ]
            if its:
                yield role, max(its, key=lambda found: found[0])[1]


def oddly_spelled(names: Sequence[str]) -> Iterator[str]:
    """The names with capitals, or other separators, where most of the names are spelled alike."""
    shapes = {name: (name.count(":"), name.count("."), name != name.lower()) for name in names}
    common = Counter(shapes.values())
    for name, shape in shapes.items():
        if common[shape] * MANY_TIMES <= max(common.values()):
            yield name


def _beginning_of_full(name: str) -> str | None:
    """What stands before the end that says that a role is the full one."""
    folded = name.casefold()
    ends = [end for end in FULL_ROLES if folded.endswith(end)]
    return name[: -len(max(ends, key=len))] if ends else None


def _without_last_word(name: str) -> str:
    return name[: -len(_SEPARATOR.split(name)[-1])]
