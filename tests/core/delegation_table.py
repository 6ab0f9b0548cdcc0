"""Every way in which something is given, and what is given by it: a table, as data.

The no-escalation property and its sabotage run once for each row: on a model in `tests/core`, and
over HTTP on the real services. Whoever runs the table says what is held where (`Holdings`) and how
a row's gift is made; the table says what the gift amounts to, and against which scopes it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from scopewright.core.delegation import escalation
from scopewright.core.scopes import Requested, Scopes


class Holdings(Protocol):
    """What is held where, as the table needs to know it. All answers are closed."""

    def close(self, scopes: Scopes) -> Scopes:
        """These scopes and all they imply."""

    def of_roles(self, roles: frozenset[str]) -> Scopes:
        """The closure of these roles."""

    def of_principal(self, principal: str) -> Scopes:
        """All that a principal, or a group, holds now."""

    def through_client(self, client: str) -> Scopes:
        """All that anybody's live session or recorded consent for this client holds."""

    def on_tags(self, principal: str) -> Scopes:
        """All that access tags give to a principal, or a group, whether that holds it or not."""

    def of_tag(self, tag: str) -> Scopes:
        """All that an access tag gives to anybody, itself or by what is nested in it."""


class Kind(Enum):
    """What the two ends of a gift may be."""

    PRINCIPAL = "principal"
    DISABLED = "a principal that may be disabled"
    GROUP = "group"
    ROLE = "role"
    MISSING_ROLE = "a name that no role has"
    SCOPE = "scope"
    OWN_SCOPE = "a scope of the workspace's own"
    CLAIM = "claim"
    STRANGER = "an address without a record"
    CLIENT = "client"
    REQUESTED = "scopes of a key"
    GIVER = "the giver itself"
    TAG = "access tag"


@dataclass(frozen=True)
class Gift:
    """One act of giving: `what` goes to `to`. A key's scopes are `requested`, without `what`."""

    giver: str
    to: str
    what: str = ""
    requested: Requested | None = None


@dataclass(frozen=True)
class WayOfGiving:
    """A row: between which kinds it gives, and what the gift amounts to.

    `everything_guarded` is for API keys: they stay within their holder with plain scopes too.
    """

    name: str
    to: Kind
    what: Kind
    given: Callable[[Holdings, Gift], Scopes]
    everything_guarded: bool = False

    def lacking(self, holdings: Holdings, gift: Gift, *, held: Scopes, guarded: Scopes) -> Scopes:
        """What the giver, who holds `held`, lacks for this gift; empty means it may be given."""
        given = self.given(holdings, gift)
        against = given if self.everything_guarded else guarded
        return escalation(held=held, given=given, guarded=against)


def _scope(holdings: Holdings, gift: Gift) -> Scopes:
    return holdings.close(frozenset({gift.what}))


def _role(holdings: Holdings, gift: Gift) -> Scopes:
    return holdings.of_roles(frozenset({gift.what}))


def _all_it_holds(holdings: Holdings, gift: Gift) -> Scopes:
    return holdings.of_principal(gift.what)


def _all_a_member_gets(holdings: Holdings, gift: Gift) -> Scopes:
    return holdings.of_principal(gift.what) | holdings.on_tags(gift.what)


def _scopes_of_key(holdings: Holdings, gift: Gift) -> Scopes:
    requested = gift.requested or Requested()
    return holdings.of_principal(gift.to) if requested.names is None else requested.names


def _through_client(holdings: Holdings, gift: Gift) -> Scopes:
    return holdings.through_client(gift.what)


def _all_it_gives(holdings: Holdings, gift: Gift) -> Scopes:
    return holdings.of_tag(gift.what)


GRANT = WayOfGiving("a grant", Kind.PRINCIPAL, Kind.SCOPE, _scope)
GRANT_TO_GROUP = WayOfGiving("a grant to a group", Kind.GROUP, Kind.SCOPE, _scope)
ASSIGNMENT = WayOfGiving("an assignment", Kind.PRINCIPAL, Kind.ROLE, _role)
ASSIGNMENT_TO_GROUP = WayOfGiving("an assignment to a group", Kind.GROUP, Kind.ROLE, _role)
MEMBERSHIP = WayOfGiving("membership in a group", Kind.PRINCIPAL, Kind.GROUP, _all_a_member_gets)
NESTED_GROUP = WayOfGiving("a group put into a group", Kind.GROUP, Kind.GROUP, _all_a_member_gets)
SCOPE_INTO_ROLE = WayOfGiving("a scope put into a role", Kind.ROLE, Kind.SCOPE, _scope)
ROLE_INTO_ROLE = WayOfGiving("a role put into a role", Kind.ROLE, Kind.ROLE, _role)
MISSING_INCLUDE = WayOfGiving("mapping a missing include", Kind.MISSING_ROLE, Kind.ROLE, _role)
IMPLICATION = WayOfGiving("a scope made to imply another", Kind.OWN_SCOPE, Kind.SCOPE, _scope)
RULE = WayOfGiving("a rule from claims to roles", Kind.CLAIM, Kind.ROLE, _role)
INVITATION = WayOfGiving("an invitation", Kind.STRANGER, Kind.ROLE, _role)
API_KEY = WayOfGiving(
    "an API key", Kind.GIVER, Kind.REQUESTED, _scopes_of_key, everything_guarded=True
)
KEY_FOR_ANOTHER = WayOfGiving(
    "an API key on somebody's behalf", Kind.GIVER, Kind.PRINCIPAL, _all_it_holds
)
CONTROL = WayOfGiving("control of a principal", Kind.GIVER, Kind.PRINCIPAL, _all_it_holds)
LINKED_IDENTITY = WayOfGiving("linking an identity", Kind.GIVER, Kind.PRINCIPAL, _all_it_holds)
ENABLING = WayOfGiving("enabling a principal", Kind.GIVER, Kind.DISABLED, _all_it_holds)
TRUSTED_ISSUER = WayOfGiving(
    "trusting an outside issuer", Kind.GIVER, Kind.PRINCIPAL, _all_it_holds
)
REDIRECT_URI = WayOfGiving("a redirect URI", Kind.GIVER, Kind.CLIENT, _through_client)
# What a tag gives is given where it counts and not what it counts for; it is given all the same.
TAG_GRANT = WayOfGiving("a scope on an access tag", Kind.PRINCIPAL, Kind.SCOPE, _scope)
TAG_GRANT_TO_GROUP = WayOfGiving("a scope on a tag, to a group", Kind.GROUP, Kind.SCOPE, _scope)
TAG_ROLE = WayOfGiving("a role on an access tag", Kind.PRINCIPAL, Kind.ROLE, _role)
NESTED_TAG = WayOfGiving("a tag nested in a tag", Kind.TAG, Kind.TAG, _all_it_gives)
TAG_OWNER = WayOfGiving("owning an access tag", Kind.PRINCIPAL, Kind.TAG, _all_it_gives)

WAYS_OF_GIVING = (
    GRANT,
    GRANT_TO_GROUP,
    ASSIGNMENT,
    ASSIGNMENT_TO_GROUP,
    MEMBERSHIP,
    NESTED_GROUP,
    SCOPE_INTO_ROLE,
    ROLE_INTO_ROLE,
    MISSING_INCLUDE,
    IMPLICATION,
    RULE,
    INVITATION,
    API_KEY,
    KEY_FOR_ANOTHER,
    CONTROL,
    LINKED_IDENTITY,
    ENABLING,
    TRUSTED_ISSUER,
    REDIRECT_URI,
    TAG_GRANT,
    TAG_GRANT_TO_GROUP,
    TAG_ROLE,
    NESTED_TAG,
    TAG_OWNER,
)
