"""A pending authorization with all that decides about it, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright.core.authorization import NextStep, Record, next_step, to_approve
from scopewright.core.authorization_details import Details, details_within
from scopewright.core.builtin_clients import acts_for, standing_consent
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.client_documents import host_of
from scopewright.core.errors import NotFound, NotNow
from scopewright.core.model import (
    Asked,
    Authorization,
    Client,
    Consent,
    Principal,
    PrincipalKind,
    SignIn,
    Workspace,
)
from scopewright.core.oauth import hash_secret, matching_redirect_uri
from scopewright.core.scopes import Scopes
from scopewright.store import (
    authorizations,
    clients,
    consents,
    holdings,
    identities,
    principals,
    sign_ins,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Transaction


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """The person says whether to go on as who they are signed in, or as somebody else."""

    client: str
    person: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the person is asked before a client may act for them.

    `described_at` is the host that speaks for the client, where it is named by a URL. `given` is
    what the client gets now; with `is_everything` also what the person is given later;
    `details` are scopes that it gets for named things only; with `is_management` it acts for the
    person as a member.
    """

    client: str
    described_at: str | None
    workspace: str
    person: str
    redirect_uri: str
    given: tuple[ScopeDefinition, ...]
    protocol: Scopes
    is_everything: bool
    is_management: bool
    details: Details


@dataclass(frozen=True, slots=True)
class Asking:
    """What is known when the next step is decided."""

    authorization: Authorization
    client: Client
    workspace: Workspace
    words: Vocabulary
    sign_in: SignIn | None
    record: Record | None
    now: datetime

    def next_step(self) -> NextStep:
        return next_step(
            self.authorization,
            client=self.client,
            sign_in=self.sign_in,
            record=self.record,
            now=self.now,
        )

    def account_choice(self) -> AccountChoice:
        assert self.sign_in is not None  # next_step() offers a choice to nobody else
        return AccountChoice(
            self.client.name, self.sign_in.identity.subject, self.authorization.redirect_uri
        )

    def question(self) -> Question:
        assert self.record is not None  # next_step() refuses who has none
        principal, held = self.record.principal, self.record.held
        approved = to_approve(self.authorization)
        given = approved.within(held)
        return Question(
            client=self.client.name,
            described_at=host_of(self.client),
            workspace=self.workspace.name,
            person=principal.name,
            redirect_uri=self.authorization.redirect_uri,
            given=tuple(self.words.by_name[name] for name in sorted(given)),
            protocol=approved.protocol,
            is_everything=approved.names is None,
            is_management=principal.kind is PrincipalKind.MEMBER,
            details=details_within(self.authorization.particulars.authorization_details, held),
        )

    def approved(self) -> Consent:
        """The person's approval of this, added to earlier ones."""
        assert self.record is not None  # a code has been issued for them
        who, asked = self.record.principal.id, to_approve(self.authorization)
        return Consent(who, self.client.id, asked, self.now).added_to(self.record.consent)


@dataclass(frozen=True, slots=True)
class Which:
    """A pending authorization of a workspace, before a browser with this sign-in cookie."""

    workspace_id: str
    id: str
    cookie: str | None


def read_asking(
    tx: Transaction,
    which: Which,
    catalogues: Mapping[str, Catalogue],
    *,
    now: datetime,
    issuer: str,
) -> Asking:
    """All that decides about it now.

    Raises:
        NotFound, NotNow: no such authorization, or it has been answered or is too old.
        InvalidRedirect: the client has given up the redirect URI since.
    """
    authorization = _pending(tx, which, now)
    client = clients.get(tx, authorization.client_id)
    workspace = workspaces.find(tx, which.workspace_id)
    assert client is not None  # it takes the authorization with it when it goes
    matching_redirect_uri(client, authorization.redirect_uri)
    kind = acts_for(client, authorization.particulars.resources, issuer=issuer)
    sign_in, principal = _signed_in(tx, which, kind, now)
    words = vocabulary.of_workspace(tx, workspace, catalogues)
    return Asking(
        authorization=authorization,
        client=client,
        workspace=workspace,
        words=words,
        sign_in=sign_in,
        record=None if principal is None else _record(tx, client, principal, words, now=now),
        now=now,
    )


def _pending(tx: Transaction, which: Which, now: datetime) -> Authorization:
    authorization = authorizations.get(tx, which.id)
    if authorization is None or authorization.workspace_id != which.workspace_id:
        raise NotFound("There is no such request. Go back to the application and start again.")
    if not isinstance(authorization.stage, Asked) or now >= authorization.expires_at:
        raise NotNow(
            "This request has been answered or is too old. Go back to the application and"
            " start again."
        )
    return authorization


def _signed_in(
    tx: Transaction, which: Which, kind: PrincipalKind, now: datetime
) -> tuple[SignIn | None, Principal | None]:
    """The browser's sign-in, and the record for which the client would act.

    Who was signed out of this workspace since must sign in again.
    """
    sign_in = sign_ins.get(tx, hash_secret(which.cookie), now=now) if which.cookie else None
    if sign_in is None:
        return None, None
    linked = identities.get(tx, which.workspace_id, kind=kind, identity=sign_in.identity)
    if linked is None:
        return sign_in, None
    if not linked.accepts(sign_in):
        return None, None
    return sign_in, principals.get(tx, linked.principal_id)


def _record(
    tx: Transaction, client: Client, principal: Principal, words: Vocabulary, *, now: datetime
) -> Record:
    consent = standing_consent(client, words.applications, principal.id, now=now)
    return Record(
        principal,
        held=holdings.of(tx, principal.id, words),
        consent=consent or consents.get(tx, principal_id=principal.id, client_id=client.id),
    )
