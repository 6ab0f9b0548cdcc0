"""What follows from the claims of a provider: rules that give roles and scopes, and fail closed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scopewright.core.assignments import assignable
from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.model import Assignment, Grant
from scopewright.core.scopes import NONE, Scopes

Value = str | int | bool
LARGEST_STATE = 2048  # bytes as JSON


@dataclass(frozen=True, slots=True)
class Rule:
    """Whoever has this value in this claim gets these roles and scopes."""

    claim: str
    value: Value
    roles: frozenset[str] = NONE
    scopes: Scopes = NONE

    def matches(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claim is this value, or a list with it; of the very same type."""
        said = claims.get(self.claim)
        among = said if isinstance(said, list | tuple | set | frozenset) else (said,)
        return any(type(one) is type(self.value) and one == self.value for one in among)


@dataclass(frozen=True, slots=True)
class Due:
    """The roles and scopes that somebody is to have from one giver."""

    roles: frozenset[str] = NONE
    scopes: Scopes = NONE


def due(rules: Iterable[Rule], claims: Mapping[str, Any]) -> Due:
    """What all rules that match come to; a claim that is missing matches none."""
    matching = [rule for rule in rules if rule.matches(claims)]
    return Due(
        NONE.union(*(rule.roles for rule in matching)),
        NONE.union(*(rule.scopes for rule in matching)),
    )


def within(due: Due, words: Vocabulary) -> Due:
    """As much of it as there is in a workspace; roles in their one spelling."""
    return Due(
        frozenset(name for role in due.roles for name in _assignable(words, role)),
        frozenset(due.scopes & words.by_name.keys()),
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be given and what to be taken, so that one giver's gifts are what is due."""

    give: Due
    take: Due

    def __bool__(self) -> bool:
        return any((self.give.roles, self.give.scopes, self.take.roles, self.take.scopes))


def difference(
    due: Due, assigned: Iterable[Assignment], granted: Iterable[Grant], *, giver: str
) -> Difference:
    """What somebody else gave stays, and is not given a second time."""
    roles = {one.role: one.assigned_by for one in assigned}
    scopes = {one.scope: one.granted_by for one in granted}
    return Difference(
        give=Due(due.roles - roles.keys(), due.scopes - scopes.keys()),
        take=Due(
            frozenset(role for role, by in roles.items() if by == giver) - due.roles,
            frozenset(scope for scope, by in scopes.items() if by == giver) - due.scopes,
        ),
    )


def _assignable(words: Vocabulary, role: str) -> tuple[str, ...]:
    try:
        return (assignable(words, role).name,)
    except (Conflict, NotFound):
        return ()


def check_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state as it may travel in every token of a session.

    Raises:
        Invalid: it is no JSON, or more than 2 KiB of it.
    """
    try:
        size = len(json.dumps(state, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError):
        raise Invalid("What the provider says of you is no JSON.", field="state") from None
    if size > LARGEST_STATE:
        raise Invalid("What the provider says of you is too much for a token.", field="state")
    return state
