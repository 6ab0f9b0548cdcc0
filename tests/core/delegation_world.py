"""A workspace in memory in which scopes are given and taken: the model of the no-escalation test.

Nothing here decides whether a gift is allowed; it makes the gift, and can say what everybody holds
or reaches. What is held is the core's own closure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.holdings import held
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes
from tests.core import delegation_table as table
from tests.core.delegation_table import Gift, Kind, WayOfGiving

GUARDED = ("platform:a", "platform:b")
OWN = ("plain", "other")
PRINCIPALS = ("admin", "alice", "bob", "machine")
GROUPS = ("crew", "guild")
ROLES = ("lead", "owner", "staff")
UNDEFINED_ROLES = ("gone",)
CLAIMS = ("employee",)
STRANGERS = ("newcomer",)
CLIENTS = ("portal",)
BEAM, VAULT = "beam", "vault"
TAGS = (BEAM, VAULT)

POOLS: dict[Kind, tuple[str, ...]] = {
    Kind.PRINCIPAL: PRINCIPALS,
    Kind.DISABLED: PRINCIPALS,
    Kind.GROUP: GROUPS,
    Kind.ROLE: ROLES,
    Kind.MISSING_ROLE: UNDEFINED_ROLES,
    Kind.SCOPE: GUARDED + OWN,
    Kind.OWN_SCOPE: OWN,
    Kind.CLAIM: CLAIMS,
    Kind.STRANGER: STRANGERS,
    Kind.CLIENT: CLIENTS,
    Kind.TAG: TAGS,
}


@dataclass(frozen=True)
class Credential:
    """Through what a principal acts: itself, a key, or a token with scopes fixed when minted."""

    principal: str
    requested: Requested = EVERYTHING
    minted_with: Scopes | None = None


@dataclass
class World:
    """The state. Relations are sets of pairs, so that giving adds one and taking removes one."""

    scopes: dict[str, ScopeDefinition] = field(default_factory=dict)
    roles: dict[str, RoleDefinition] = field(default_factory=dict)
    grants: set[tuple[str, str]] = field(default_factory=set)
    assignments: set[tuple[str, str]] = field(default_factory=set)
    memberships: set[tuple[str, str]] = field(default_factory=set)
    claims: set[tuple[str, str]] = field(default_factory=set)
    rules: set[tuple[str, str]] = field(default_factory=set)
    invitations: set[tuple[str, str]] = field(default_factory=set)
    control: set[tuple[str, str]] = field(default_factory=set)
    redirects: set[tuple[str, str]] = field(default_factory=set)
    sessions: set[tuple[str, str, Requested]] = field(default_factory=set)
    consents: set[tuple[str, str, Requested]] = field(default_factory=set)
    tagged: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    nested: set[tuple[str, str]] = field(default_factory=set)
    owners: set[tuple[str, str]] = field(default_factory=set)
    credentials: list[Credential] = field(default_factory=list)
    disabled: set[str] = field(default_factory=set)
    _vocabulary: Vocabulary | None = None

    # --- what is held (`delegation_table.Holdings`) ---------------------------------------------

    @property
    def vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            self._vocabulary = Vocabulary(
                scopes=tuple(self.scopes.values()), roles=tuple(self.roles.values())
            )
        return self._vocabulary

    def close(self, scopes: Scopes) -> Scopes:
        return self.vocabulary.close(scopes)

    def of_roles(self, roles: frozenset[str]) -> Scopes:
        return held(self.vocabulary, (), roles)

    def of_principal(self, principal: str) -> Scopes:
        holders = {principal, *self._groups_of(principal)}
        claimed = {claim for who, claim in self.claims if who == principal}
        return held(
            self.vocabulary,
            {scope for who, scope in self.grants if who in holders},
            {role for who, role in self.assignments if who in holders}
            | {role for claim, role in self.rules if claim in claimed},
        )

    def through_client(self, client: str) -> Scopes:
        return NONE.union(
            *(
                requested.within(self.of_principal(person))
                for person, of_client, requested in self.sessions | self.consents
                if of_client == client
            )
        )

    def of_tag(self, tag: str) -> Scopes:
        return NONE.union(*(self._on(who, tag) for who in (*PRINCIPALS, *GROUPS)))

    def on_tags(self, principal: str) -> Scopes:
        return NONE.union(*(self._on(principal, tag) for tag in TAGS))

    def _on(self, who: str, tag: str) -> Scopes:
        """What somebody is given on what carries a tag, whether they hold it or not."""
        inner = {tag, *(one for outer, one in self.nested if outer == tag)}
        holders = {who, *self._groups_of(who)}
        words = {word for one in inner for to, word in self.tagged[one] if to in holders}
        return held(self.vocabulary, words, words)

    def _groups_of(self, principal: str) -> set[str]:
        reached: set[str] = set()
        waiting = [principal]
        while waiting:
            member = waiting.pop()
            for group in {g for m, g in self.memberships if m == member} - reached:
                reached.add(group)
                waiting.append(group)
        return reached

    # --- what is reached ------------------------------------------------------------------------

    def credential_holds(self, credential: Credential) -> Scopes:
        """To use, the credential suffices; to give, its principal must still have it."""
        if credential.principal in self.disabled:
            return NONE
        now = self.of_principal(credential.principal)
        bearing = now if credential.minted_with is None else credential.minted_with
        return credential.requested.within(bearing) & now

    def reach(self) -> dict[str, Scopes]:
        """What everybody holds or could make its own: by control, by a link in the mail, by a key.

        Acting through a credential of somebody else reaches what that one holds, and no further:
        knowing a client's secret does not tell the secrets that the client once saw.
        """
        people = {who: self._reach_of(who) for who in (*PRINCIPALS, *STRANGERS, *CLAIMS)}
        keys = {
            f"credential {number}": self.credential_holds(credential)
            for number, credential in enumerate(self.credentials)
        }
        tags = {f"{who} on {tag}": self._on(who, tag) for who in PRINCIPALS for tag in TAGS}
        owning = {
            f"{who} owning {tag}": self.of_tag(tag) if (who, tag) in self.owners else NONE
            for who in PRINCIPALS
            for tag in TAGS
        }
        return people | keys | tags | owning

    def _reach_of(self, who: str) -> Scopes:
        if who in self.disabled:
            return NONE
        controlled = (
            self.of_principal(other)
            for one, other in self.control
            if one == who and other not in self.disabled
        )
        redirected = (self.through_client(client) for one, client in self.redirects if one == who)
        invited = frozenset(role for email, role in self.invitations if email == who)
        ruled = frozenset(role for claim, role in self.rules if claim == who)
        mine = self.of_principal(who) | self.of_roles(invited | ruled)
        return mine.union(*controlled, *redirected)

    # --- giving ---------------------------------------------------------------------------------

    def give(self, way: WayOfGiving, gift: Gift, credential: Credential) -> None:
        """Make the gift, unchecked."""
        relation = {
            table.GRANT: self.grants,
            table.GRANT_TO_GROUP: self.grants,
            table.ASSIGNMENT: self.assignments,
            table.ASSIGNMENT_TO_GROUP: self.assignments,
            table.MEMBERSHIP: self.memberships,
            table.NESTED_GROUP: self.memberships,
            table.RULE: self.rules,
            table.INVITATION: self.invitations,
            table.CONTROL: self.control,
            table.LINKED_IDENTITY: self.control,
            table.KEY_FOR_ANOTHER: self.control,
            table.TRUSTED_ISSUER: self.control,
            table.TAG_GRANT: self.tagged[BEAM],
            table.TAG_GRANT_TO_GROUP: self.tagged[BEAM],
            table.TAG_ROLE: self.tagged[BEAM],
            table.NESTED_TAG: self.nested,
            table.TAG_OWNER: self.owners,
        }.get(way)
        if relation is not None:
            relation.add((gift.to, gift.what))
        elif way is table.ENABLING:
            self.disabled.discard(gift.what)
        elif way is table.API_KEY:
            # `inherit` is all that the principal holds, whatever bears the request for it: this is
            # why a narrower credential may not mint such a key.
            self.credentials.append(Credential(credential.principal, gift.requested or EVERYTHING))
        elif way is table.REDIRECT_URI:
            self.redirects.add((gift.to, gift.what))
            self.consents = {consent for consent in self.consents if consent[1] != gift.what}
        else:
            self._define(way, gift)

    def _define(self, way: WayOfGiving, gift: Gift) -> None:
        self._vocabulary = None
        what = frozenset({gift.what})
        if way is table.IMPLICATION:
            scope = self.scopes[gift.to]
            self.scopes[gift.to] = replace(scope, implies=scope.implies | what)
            return
        role = self.roles.get(gift.to, RoleDefinition(gift.to))
        if way is table.SCOPE_INTO_ROLE:
            self.roles[gift.to] = replace(role, scopes=role.scopes | what)
        else:
            self.roles[gift.to] = replace(role, includes=role.includes | what)

    # --- taking ---------------------------------------------------------------------------------

    def takeable(self) -> Iterator[tuple[set[tuple[str, str]], tuple[str, str]]]:
        """Every relation that can be ended, with the set that it stands in."""
        tags = (*self.tagged.values(), self.nested, self.owners)
        for relation in (self.grants, self.assignments, self.memberships, self.rules, *tags):
            for pair in sorted(relation):
                yield relation, pair

    def disable(self, principal: str) -> None:
        """Nothing that a principal presents counts; what it holds waits."""
        self.disabled.add(principal)
        self.sessions = {session for session in self.sessions if session[0] != principal}

    def forget_role(self, name: str) -> None:
        """Delete a role; those who include it or have it keep its name, which means nothing."""
        del self.roles[name]
        self._vocabulary = None


def populated() -> World:
    """A workspace at work: an administrator, people with less, a machine, a role with a hole."""
    world = World()
    for name in GUARDED:
        world.scopes[name] = ScopeDefinition(name, opens=frozenset({f"{name}:open"}))
    for name in OWN:
        world.scopes[name] = ScopeDefinition(name)
    world.roles = {
        "lead": RoleDefinition("lead", scopes=frozenset({"platform:a"})),
        "staff": RoleDefinition("staff", scopes=frozenset({"plain"}), includes=frozenset({"gone"})),
        "owner": RoleDefinition(
            "owner", scopes=frozenset({"platform:b"}), includes=frozenset({"lead"})
        ),
    }
    world.grants = {(who, scope) for who in ("admin", "machine") for scope in GUARDED}
    world.grants |= {("admin", "plain"), ("alice", "platform:a"), ("guild", "platform:b")}
    world.assignments = {("bob", "staff"), ("crew", "staff")}
    world.memberships = {("bob", "crew")}
    world.claims = {("bob", "employee")}
    world.tagged = {BEAM: set(), VAULT: {("admin", "platform:b")}}
    world.sessions = {("admin", "portal", EVERYTHING)}
    narrow = Credential("admin", minted_with=frozenset({"plain"}))
    stale = Credential("bob", minted_with=frozenset(GUARDED))
    world.credentials = [*(Credential(principal) for principal in PRINCIPALS), narrow, stale]
    return world
