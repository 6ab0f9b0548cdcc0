"""A device asks for two codes, a person types one of them and answers (RFC 8628).

Whoever sends somebody else's code around hopes for a click: so nothing is looked up before a person
is signed in and sends the code, and nothing is approved without the question being seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scopewright import ids
from scopewright.authentication import ClientAuthentication
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core import device_authorization as core
from scopewright.core.attempts import source_of
from scopewright.core.authorization import effective_request
from scopewright.core.builtin_clients import acts_for, command_line_id
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.client_authentication import ClientCredential
from scopewright.core.device_authorization import Allowed, DeviceAuthorization
from scopewright.core.errors import TooMany, UnauthorizedClient
from scopewright.core.fresh import check_fresh
from scopewright.core.model import (
    Asked,
    Client,
    Consent,
    Principal,
    PrincipalKind,
    SignIn,
    Workspace,
)
from scopewright.core.oauth import DEVICE_CODE, hash_secret, issuer_of
from scopewright.core.particulars import Particulars
from scopewright.core.resources import audiences, narrowed
from scopewright.core.scopes import NONE, Scopes, parse
from scopewright.core.security_profile import profile_of
from scopewright.store import (
    audit,
    builtin_clients,
    clients,
    consents,
    device_authorizations,
    holdings,
    identities,
    limits,
    principals,
    vocabulary,
    workspaces,
)
from scopewright.store.audit import Actor
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A request at the device authorization endpoint (RFC 8628 §3.1), nothing of it believed."""

    credential: ClientCredential
    scope: str | None = None
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Codes:
    """What the device is told: its own code, and the one that it shows. Neither is kept."""

    device_code: str
    user_code: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who types a code: a signed-in person, at an address."""

    sign_in: SignIn
    source: str | None


@dataclass(frozen=True, slots=True)
class DeviceQuestion:
    """What the person is asked before a device may act for them.

    `given` is what it gets now; with `is_everything` also what the person is given later. With
    `is_management` it acts for the person as a member.
    """

    client: str
    workspace: str
    person: str
    given: tuple[ScopeDefinition, ...]
    protocol: Scopes
    is_everything: bool
    is_management: bool
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An open request with all that decides it, as it is in this transaction."""

    authorization: DeviceAuthorization
    client: Client
    workspace: Workspace
    words: Vocabulary
    principal: Principal
    held: Scopes

    def question(self) -> DeviceQuestion:
        requested = self.authorization.requested
        return DeviceQuestion(
            client=self.client.name,
            workspace=self.workspace.name,
            person=self.principal.name,
            given=tuple(self.words.by_name[name] for name in sorted(requested.within(self.held))),
            protocol=requested.protocol,
            is_everything=requested.names is None,
            is_management=self.principal.kind is PrincipalKind.MEMBER,
            resources=self.authorization.particulars.resources,
        )


@dataclass(frozen=True, slots=True)
class DeviceAuthorizations:
    """What can be done with the requests of devices."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    authentication: ClientAuthentication
    public_url: str
    fresh_for: timedelta

    # --- the device -----------------------------------------------------------------------------

    async def begin(self, view: View, request: DeviceRequest) -> Codes:
        """Two codes for a client that may have them (RFC 8628 §3.2).

        Raises:
            InvalidClient, InvalidRequest: as `ClientAuthentication`.
            UnauthorizedClient, UnsupportedGrantType: it, or nobody here, may use this grant type;
                or it is disabled.
            UnsupportedGrantType: the workspace's security profile leaves it out.
            InvalidScope, InvalidTarget: what it asks for cannot be.
        """
        if request.credential.client_id == command_line_id(view.workspace.id):
            await asyncio.to_thread(self._know_command_line, view.workspace.id)
        client = await self.authentication.client(view, request.credential)
        itself = await view.principal(client.id)
        profile_of(view.workspace).check_grant_type(DEVICE_CODE)
        if DEVICE_CODE not in client.grant_types:
            raise UnauthorizedClient("This client may not use this grant type.")
        if itself is None or itself.principal.disabled_at is not None:
            raise UnauthorizedClient("This client is disabled.")
        codes = Codes(ids.new_secret("swd"), ids.new_code())
        waiting = self._asked(view, client, request, codes)
        await asyncio.to_thread(self._add, waiting)
        return codes

    def _asked(
        self, view: View, client: Client, request: DeviceRequest, codes: Codes
    ) -> DeviceAuthorization:
        now, here = self.clock(), view.workspace
        issuer = issuer_of(self.public_url, here.id)
        targets = audiences(here, view.rules.vocabulary, issuer=issuer)
        resources = targets.checked(request.resources)
        meant = view.rules.vocabulary.wholes.meant_by(parse(request.scope))
        requested = effective_request(client, meant)
        return DeviceAuthorization(
            id=ids.new_id("dva"),
            workspace_id=here.id,
            client_id=client.id,
            requested=narrowed(requested, targets.ceiling(resources)),
            device_code_hash=hash_secret(codes.device_code),
            user_code_hash=hash_secret(codes.user_code),
            stage=Asked(),
            interval=core.INTERVAL,
            created_at=now,
            expires_at=now + core.LIFETIME,
            particulars=Particulars(resources=resources),
        )

    def _add(self, waiting: DeviceAuthorization) -> None:
        with self.database.write() as tx:
            device_authorizations.add(tx, waiting)

    def _know_command_line(self, workspace_id: str) -> None:
        """The command line's client is made when it is first used."""
        with self.database.read() as tx:
            known = clients.get(tx, command_line_id(workspace_id))
        if known is None:
            with self.database.write() as tx:
                builtin_clients.command_line_of(tx, workspace_id, now=self.clock())

    # --- the person -----------------------------------------------------------------------------

    def check_workspace(self, workspace_id: str) -> None:
        """Let a page be shown for a workspace.

        Raises:
            NotFound: there is none of this id.
        """
        with self.database.read() as tx:
            workspaces.find(tx, workspace_id)

    def look(self, workspace_id: str, code: str, visitor: Visitor) -> DeviceQuestion | None:
        """The question behind a code; None for every code that does not work, alike.

        Raises:
            TooMany: this person, or this address, has tried too often.
            AccessDenied, InvalidScope: the code is good, but not for this person.
            SignInTooOld: it would let a device manage the workspace, and the sign-in is.
        """
        with self.database.write() as tx:
            waiting = self._waiting(tx, workspace_id, code, visitor)
        return None if waiting is None else waiting.question()

    def allow(self, workspace_id: str, code: str, visitor: Visitor) -> bool:
        """The person said yes; False for every code that does not work.

        Raises:
            TooMany, AccessDenied, InvalidScope: as `look`.
        """
        now = self.clock()
        with self.database.write() as tx:
            waiting = self._waiting(tx, workspace_id, code, visitor)
            if waiting is None:
                return False
            sign_in = visitor.sign_in
            allowed = Allowed(
                waiting.principal.id, sign_in.authenticated_at, sign_in.cookie_hash, now
            )
            if not device_authorizations.allow(tx, waiting.authorization.id, allowed):
                return False
            _remember_consent(tx, waiting, now)
            identities.note_use(tx, waiting.principal, sign_in.identity, at=now)
            _record(tx, waiting, "approve", now)
        return True

    def deny(self, workspace_id: str, code: str, visitor: Visitor) -> bool:
        """The person said no; False for every code that does not work.

        Raises:
            TooMany, AccessDenied, InvalidScope: as `look`.
        """
        now = self.clock()
        with self.database.write() as tx:
            waiting = self._waiting(tx, workspace_id, code, visitor)
            if waiting is None:
                return False
            if not device_authorizations.deny(tx, waiting.authorization.id, at=now):
                return False
            _record(tx, waiting, "deny", now)
        return True

    def _waiting(
        self, tx: Transaction, workspace_id: str, code: str, visitor: Visitor
    ) -> _Waiting | None:
        now = self.clock()
        _count_try(tx, visitor, now)  # before it is looked up: tries at one moment count each
        typed = core.typed_code(code)
        found = device_authorizations.by_user_code(tx, hash_secret(typed)) if typed else None
        if found is None or found.workspace_id != workspace_id or not found.is_open(now):
            return None
        client, workspace = clients.get(tx, found.client_id), workspaces.find(tx, workspace_id)
        assert client is not None  # it takes the request with it when it goes
        words = vocabulary.of_workspace(tx, workspace, self.catalogues)
        kind = acts_for(
            client, found.particulars.resources, issuer=issuer_of(self.public_url, workspace_id)
        )
        person = _person(tx, workspace_id, kind, visitor.sign_in)
        held = NONE if person is None else holdings.of(tx, person.id, words)
        principal = core.check_person(found, person, held)
        if kind is PrincipalKind.MEMBER:
            check_fresh(visitor.sign_in, now=now, fresh_for=self.fresh_for)
        return _Waiting(found, client, workspace, words, principal, held)


def _person(
    tx: Transaction, workspace_id: str, kind: PrincipalKind, sign_in: SignIn
) -> Principal | None:
    """Their record; None also for who was signed out here since."""
    linked = identities.get(tx, workspace_id, kind=kind, identity=sign_in.identity)
    if linked is None or not linked.accepts(sign_in):
        return None
    return principals.get(tx, linked.principal_id)


def _count_try(tx: Transaction, visitor: Visitor, now: datetime) -> None:
    identity = visitor.sign_in.identity
    tries = {
        f"device:person:{identity.provider}:{identity.subject}": core.TRIES_A_PERSON,
        f"device:source:{source_of(visitor.source)}": core.TRIES_A_SOURCE,
    }
    for key, most in tries.items():
        counted = limits.count(tx, key, now=now, window=core.TRIES_WINDOW)
        if counted.used > most:
            wait = counted.retry_after(now)
            raise TooMany("Too many codes were tried. Try again later.", retry_after=wait)


def _remember_consent(tx: Transaction, waiting: _Waiting, now: datetime) -> None:
    who, client = waiting.principal.id, waiting.client.id
    earlier = consents.get(tx, principal_id=who, client_id=client)
    approved = Consent(who, client, waiting.authorization.requested, now)
    consents.put(tx, approved.added_to(earlier))


def _record(tx: Transaction, waiting: _Waiting, verb: str, now: datetime) -> None:
    by = Actor(waiting.workspace.id, waiting.principal.id, via="cookie")
    requested = waiting.authorization.requested.spelled()
    operation = f"device-authorizations:{verb}"
    audit.record(tx, by, operation, waiting.client.id, at=now, requested=requested)
