"""List everybody who can hold scopes, show one of them, make and change service principals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.assignments import Incomplete, assignable, incomplete
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Invalid, NotFound
from scopewright.core.holdings import held
from scopewright.core.model import (
    ApiKey,
    Assignment,
    ChangeKind,
    ClientType,
    Principal,
    Session,
)
from scopewright.core.names import check_title
from scopewright.core.oauth import new_client
from scopewright.core.principals import (
    SEES_SESSIONS,
    Overview,
    as_told,
    check_owner,
    check_service,
)
from scopewright.core.why import HeldGroup, HeldRole, Reasons, warnings
from scopewright.store import (
    api_keys,
    assignments,
    audit,
    clients,
    holdings,
    overviews,
    principals,
    sessions,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window
from scopewright.store.principals import Selection

MOST_SHOWN = 100  # keys, and sessions, of one principal


@dataclass(frozen=True, slots=True)
class Portrait:
    """A principal with all that it holds and why; `missing` are roles that are not there.

    `api_keys` and `sessions` are None where the caller may not see them.
    """

    overview: Overview
    groups: tuple[HeldGroup, ...]
    roles: tuple[HeldRole, ...]
    held: Mapping[str, Reasons]
    incomplete: tuple[Incomplete, ...]
    missing: frozenset[str]
    warnings: tuple[str, ...]
    api_keys: tuple[ApiKey, ...] | None = None
    sessions: tuple[Session, ...] | None = None
    clients: Mapping[str, Principal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Principals:
    """What can be asked about members, end-users, clients and groups alike, and of services."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("principals:read")
    def page(
        self, caller: Caller, *, selection: Selection, owner: str | None = None, window: Window
    ) -> Page[Overview]:
        """The principals that are wanted, oldest first; `owner` by id or address.

        Whoever may not see sessions is not told how many there are.

        Raises:
            NotFound: nobody here has the owner's address.
        """
        with self.database.read() as tx:
            if owner is not None:  # of an id that is gone there may be services left
                by = (
                    principals.find_any(tx, caller.workspace_id, name=owner)
                    if "@" in owner
                    else None
                )
                selection = replace(selection, owner_id=by.id if by else owner.lower())
            found = principals.page_of(tx, caller.workspace_id, selection=selection, window=window)
            shown = overviews.of(tx, found.items, now=self.clock())
        return Page(tuple(as_told(caller, one) for one in shown), found.cursor)

    @needs("principals:read")
    def show(self, caller: Caller, *, name: str) -> Portrait:
        """One principal: by its id; by an address, the end-user's record before the member's.

        Raises:
            NotFound: there is no such principal.
        """
        with self.database.read() as tx:
            principal = principals.find_any(tx, caller.workspace_id, name=name)
            portrait = self._portrait(tx, principal)
        if caller.may(SEES_SESSIONS):
            return portrait
        return replace(portrait, overview=as_told(caller, portrait.overview), sessions=None)

    def of_caller(self, caller: Caller) -> Portrait:
        """The caller itself, with as much of what it holds as its credential carries.

        Nobody needs a scope to ask for their own. A credential that carries less than everything
        is told of no keys.
        """
        with self.database.read() as tx:
            whole = self._portrait(tx, caller.principal)
        carried = {scope: why for scope, why in whole.held.items() if scope in caller.held}
        mine = replace(whole, held=carried, warnings=warnings(frozenset(carried)))
        if len(carried) == len(whole.held):
            return mine
        return replace(mine, api_keys=None)

    # --- service principals ---------------------------------------------------------------------

    @needs("principals:create")
    def create(
        self, caller: Caller, *, name: str, roles: Iterable[str] = (), owner: str | None = None
    ) -> Overview:
        """A service principal: a client of type client_credentials that has no secret yet.

        It acts by API keys, or by a secret once one was made. `owner` is whoever answers for it;
        that gives them nothing.

        Raises:
            Invalid: the name is outside the grammar; no such person for an owner.
            NotFound, Conflict: an unknown role; one whose application is not registered.
            Escalation: the roles hold what the caller does not.
        """
        now, here = self.clock(), caller.workspace_id
        blank = new_client(ids.new_uuid(), here, type=ClientType.CLIENT_CREDENTIALS, at=now)
        client = replace(blank, name=check_title(name))
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.CLIENT, client.id, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            full = sorted({assignable(words, role).name for role in roles})
            holds = holdings.of_giver(tx, caller, words)
            delegation.refuse_giving(caller, words, held=holds, given=held(words, (), full))
            service = replace(client.principal, owner_id=_owner(tx, caller, owner))
            principals.add(tx, service)
            clients.add(tx, client)
            for role in full:
                assignment = Assignment(service.id, role, caller.principal.id, now)
                assignments.add(tx, here, assignment=assignment)
            after = {"name": service.name, "roles": full, "owner": service.owner_id}
            audit.record(tx, caller, "principals:create", service.id, at=now, after=after)
            return overviews.of(tx, [service], now=now)[0]

    @needs("principals:update")
    def update(self, caller: Caller, *, id: str, changed: Mapping[str, Any]) -> Overview:
        """Call a service principal something else, or let another answer for it; None: nobody.

        Raises:
            NotFound: there is no such principal.
            Conflict: it is no service principal.
            Invalid: as `create`.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            before = principals.find_any(tx, here, name=id)
            workspaces.touch(tx, here, ChangeKind.CLIENT, before.id, at=now)
            client, after = check_service(clients.get(tx, before.id)), before
            if "name" in changed:
                after = replace(after, name=check_title(changed["name"]))
                clients.change(tx, replace(client, name=after.name))
                principals.rename(tx, after.id, name=after.name)
            if "owner" in changed:
                after = replace(after, owner_id=_owner(tx, caller, changed["owner"]))
                principals.set_owner(tx, after.id, owner_id=after.owner_id)
            audit.record(
                tx, caller, "principals:update", after.id, at=now,
                before={"name": before.name, "owner": before.owner_id},
                after={"name": after.name, "owner": after.owner_id},
            )  # fmt: skip
            return as_told(caller, overviews.of(tx, [after], now=now)[0])

    def _portrait(self, tx: Transaction, principal: Principal) -> Portrait:
        now, id = self.clock(), principal.id
        words = vocabulary.here(tx, principal.workspace_id, self.catalogues)
        ledger = holdings.ledger_of(tx, [id], words)
        roles, reasons = ledger.roles(id), ledger.reasons(id)
        latest = sessions.latest_of_principal(tx, id, limit=MOST_SHOWN)
        return Portrait(
            overview=overviews.of(tx, [principal], now=now)[0],
            groups=ledger.groups(id),
            roles=roles,
            held=reasons,
            incomplete=incomplete(words, [one.assignment.role for one in roles]),
            missing=ledger.missing(id),
            warnings=warnings(frozenset(reasons)),
            api_keys=api_keys.page(tx, id, now=now, window=Window(MOST_SHOWN)).items,
            sessions=tuple(latest),
            clients=principals.of_ids(tx, sorted({one.client_id for one in latest})),
        )


def _owner(tx: Transaction, caller: Caller, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return check_owner(principals.find_any(tx, caller.workspace_id, name=name)).id
    except NotFound:
        raise Invalid("There is no such person here.", field="owner") from None
