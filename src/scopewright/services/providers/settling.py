"""What follows from a proven identity: a record, roles by rules, the role of administrators.

Settings are the operator's word: what they give is not held against anybody's own rights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright import ids, log
from scopewright.catalogues import member_roles
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Forbidden, Invalid
from scopewright.core.identities import email_identity
from scopewright.core.model import ChangeKind, Identity, Principal, PrincipalKind, Workspace
from scopewright.core.provider_rules import Due, Rule, due
from scopewright.providers import Opened, Proven
from scopewright.services.providers import giving
from scopewright.settings.authentication import AuthenticationSettings
from scopewright.store import assignments, identities, principals, vocabulary, workspaces
from scopewright.store.database import Database, Transaction

SETTINGS = "settings"  # who gives what stands in them
UNKNOWN = "You have proven who you are, but nobody has invited you here. Ask to be invited."
END_USER = PrincipalKind.END_USER


@dataclass(frozen=True, slots=True)
class Settling:
    """What the settings say of people whose identity a provider proves."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    settings: AuthenticationSettings

    def settle(
        self,
        one: Opened,
        proven: Proven,
        *,
        giver: str | None = "provider",
        made_at: datetime | None = None,
    ) -> Identity:
        """Let somebody in, with the record and the roles that the settings give; who they are here.

        What rules give is written down as given by `giver`; None: they are not looked at. What was
        made at `made_at`, and not now, gives nothing to whoever was signed out since.

        Raises:
            Forbidden: nobody has invited them, and the settings let no record be made.
        """
        identity = Identity(one.name, proven.subject)
        with self.database.read() as tx:
            is_known = bool(principals.of_identity(tx, identity))
            linked = None if is_known else _linked(tx, one, proven)
            here = self._workspaces(tx)
        may_come = self._may_come(one, identity) and bool(here)
        if not (is_known or linked or may_come):
            log.logger().warning("sign-in of a stranger", provider=one.name)
            raise Forbidden(UNKNOWN)
        claims = {"groups": sorted(proven.groups), **proven.claims}
        owed = {} if giver is None else {f"{giver}:{one.name}": due(_rules(one), claims)}
        for workspace in here:
            person = self._person(
                workspace.id, linked or identity, proven, creates=may_come and linked is None
            )
            if person is not None and self._accepts(person, linked or identity, made_at):
                self._give(person, owed)
        return linked or identity

    def synchronise(self) -> None:
        """Give those who stand in the settings their role, and take it from who stands no more.

        Raises:
            Invalid: which workspaces are meant cannot be told.
        """
        with self.database.read() as tx:
            self._check_named(tx)
            had = {one.principal_id for _, one in assignments.given_by(tx, SETTINGS)}
            people = principals.of_ids(tx, sorted(had | self._administrators(tx)))
        for person in people.values():
            self._give(person, {})

    def _check_named(self, tx: Transaction) -> None:
        said = self.settings
        is_told = bool(said.workspaces) or len(workspaces.list_all(tx)) < 2
        if (said.providers or said.tiled_admins) and not is_told:
            raise Invalid(
                "There are several workspaces: name in authentication.workspaces those that the"
                " providers are about.",
                field="authentication.workspaces",
            )

    # --- who may come in ------------------------------------------------------------------------

    def _may_come(self, one: Opened, identity: Identity) -> bool:
        return one.settings.on_first_sign_in == "create" or self._administers(identity)

    def _administers(self, identity: Identity) -> bool:
        named = ((admin.provider, admin.id) for admin in self.settings.tiled_admins)
        return (identity.provider, identity.subject) in named

    def _workspaces(self, tx: Transaction) -> tuple[Workspace, ...]:
        """The workspaces that the settings mean; none where that cannot be told."""
        slugs = self.settings.workspaces
        if not slugs:
            every = workspaces.list_all(tx)
            return tuple(every) if len(every) == 1 else ()
        found = (workspaces.by_slug(tx, slug) for slug in slugs)
        return tuple(workspace for workspace in found if workspace is not None)

    def _accepts(self, person: Principal, identity: Identity, made_at: datetime | None) -> bool:
        """Whether what was made then still proves that this is the person; None: it is made now."""
        if made_at is None:
            return True
        with self.database.read() as tx:
            linked = identities.get(tx, person.workspace_id, kind=END_USER, identity=identity)
        return linked is not None and linked.accepts_of(made_at)

    # --- what they get --------------------------------------------------------------------------

    def _administrators(self, tx: Transaction) -> set[str]:
        """The records of those who stand in the settings."""
        here = {workspace.id for workspace in self._workspaces(tx)}
        named = (Identity(admin.provider, admin.id) for admin in self.settings.tiled_admins)
        found = (person for identity in named for person in principals.of_identity(tx, identity))
        return {one.id for one in found if one.workspace_id in here and one.kind is END_USER}

    def _of_settings(self, tx: Transaction, words: Vocabulary, person: Principal) -> Due:
        """What the settings themselves give somebody."""
        if person.id not in self._administrators(tx):
            return Due()
        otherwise = member_roles(self.catalogues).admin
        return Due(frozenset({words.administrator_role or otherwise}))

    def _person(
        self, workspace_id: str, identity: Identity, proven: Proven, *, creates: bool
    ) -> Principal | None:
        """The end-user's record in a workspace, made where one is to be made."""
        with self.database.read() as tx:
            person = _found(tx, workspace_id, identity)
        if person is not None or not creates:
            return person
        now, name = self.clock(), proven.name or proven.subject
        person = Principal(ids.new_uuid(), workspace_id, END_USER, name, identity, now)
        with self.database.write() as tx:
            workspaces.touch(tx, workspace_id, ChangeKind.PRINCIPAL, person.id, at=now)
            there = _found(tx, workspace_id, identity)  # now that nobody else can make it
            if there is not None:
                return there
            principals.add(tx, person)
            words = vocabulary.here(tx, workspace_id, self.catalogues)
            by = f"provider:{identity.provider}"
            giving.record(tx, person, "end-users:create", by, {"subject": person.name}, at=now)
            giving.pay(tx, words, person, {f"first-{by}": Due(words.default_roles)}, at=now)
        return person

    def _give(self, person: Principal, owed: giving.Gifts) -> None:
        """Nothing is written, and nobody's caches are told, where all is as it should be."""
        now, here = self.clock(), person.workspace_id
        with self.database.read() as tx:
            words = vocabulary.here(tx, here, self.catalogues)
            gifts = {**owed, SETTINGS: self._of_settings(tx, words, person)}
            if not giving.unpaid(tx, words, person, gifts):
                return
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.HOLDINGS, person.id, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            giving.pay(tx, words, person, gifts, at=now)


def _found(tx: Transaction, workspace_id: str, identity: Identity) -> Principal | None:
    return principals.by_identity(tx, workspace_id, kind=END_USER, identity=identity)


def _linked(tx: Transaction, one: Opened, proven: Proven) -> Identity | None:
    """The record of a verified address, where the settings trust the provider's word for it."""
    if not (one.settings.link_verified_email and proven.email_verified is True):
        return None
    try:
        identity = email_identity(names.check_email(proven.email or ""))
    except Invalid:
        return None
    return identity if principals.of_identity(tx, identity) else None


def _rules(one: Opened) -> list[Rule]:
    return [
        Rule(rule.claim, rule.value, frozenset(rule.roles), frozenset(rule.scopes))
        for rule in one.settings.rules
    ]
