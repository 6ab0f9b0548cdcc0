"""Begin, look, approve, deny: the operations behind the authorize endpoint (RFC 6749 §4.1).

Every step of signing in and consenting comes back to `look`, and `core.authorization.next_step`
alone decides what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core.authorization import NextStep, next_step
from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.builtin_clients import acts_for, command_line, command_line_id
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.errors import AccessDenied, InvalidRedirect, NotFound, NotNow, OAuthError
from scopewright.core.model import (
    Approved,
    Asked,
    Authorization,
    ChangeKind,
    Client,
    Consent,
    Principal,
    PrincipalKind,
    SignIn,
    Workspace,
)
from scopewright.core.oauth import CODE_LIFETIME, hash_secret, matching_redirect_uri
from scopewright.core.scopes import NONE, Requested, Scopes
from scopewright.store import (
    authorizations,
    clients,
    consents,
    holdings,
    principals,
    sign_ins,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class SignInFirst:
    """The person must prove who they are before anything else."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the person is asked before a client may act for them.

    `given` is what the client gets now; with `is_everything` also what the person is given later.
    """

    client: str
    workspace: str
    person: str
    redirect_uri: str
    given: tuple[ScopeDefinition, ...]
    protocol: Scopes
    is_everything: bool


@dataclass(frozen=True, slots=True)
class Redirect:
    """Back to the client, with a code or an error."""

    url: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A pending authorization with all that decides it, as it is in this transaction."""

    authorization: Authorization
    client: Client
    workspace: Workspace
    words: Vocabulary
    sign_in: SignIn | None
    principal: Principal | None
    held: Scopes
    consent: Consent | None
    now: datetime

    def next_step(self) -> NextStep:
        return next_step(
            self.authorization,
            sign_in=self.sign_in,
            principal=self.principal,
            held=self.held,
            consent=self.consent,
        )

    def question(self) -> Question:
        assert self.principal is not None  # next_step() refuses who has no record
        requested = self.authorization.requested
        given = requested.within(self.held)
        return Question(
            client=self.client.name,
            workspace=self.workspace.name,
            person=self.principal.name,
            redirect_uri=self.authorization.redirect_uri,
            given=tuple(self.words.by_name[name] for name in sorted(given)),
            protocol=requested.protocol,
            is_everything=requested.names is None,
        )


@dataclass(frozen=True, slots=True)
class Authorizations:
    """What can be done with authorizations."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    public_url: str

    def begin(self, workspace_id: str, request: AuthorizationRequest) -> str:
        """Where the browser goes next: to the pending authorization, or back with an error.

        Raises:
            InvalidRedirect: the client or its redirect URI is in doubt; nothing may go there.
        """
        client = self._client(workspace_id, request.client_id)
        redirect_uri = request.redirect_uri(client)
        try:
            authorization = request.asked(client, id=ids.new_id("aut"), now=self.clock())
        except OAuthError as error:
            return self._answer(workspace_id, redirect_uri, _spelled(error), request.state)
        with self.database.write() as tx:
            authorizations.add(tx, authorization)
        return f"{self._issuer(workspace_id)}/authorize/{authorization.id}"

    def look(
        self, workspace_id: str, id: str, *, cookie: str | None
    ) -> SignInFirst | Question | Redirect:
        """What happens next for the browser with this sign-in cookie.

        Raises:
            NotFound, NotNow: no such authorization, or it has been answered or is too old.
        """
        with self.database.write() as tx:
            asking = self._asking(tx, workspace_id, id, cookie)
            try:
                step = asking.next_step()
            except OAuthError as error:
                return self._refuse(tx, asking, error)
            match step:
                case NextStep.SIGN_IN:
                    return SignInFirst()
                case NextStep.ASK_CONSENT:
                    return asking.question()
                case NextStep.ISSUE:
                    return self._issue(tx, asking)

    def approve(self, workspace_id: str, id: str, *, cookie: str) -> SignInFirst | Redirect:
        """The person said yes.

        Raises:
            NotFound, NotNow: no such authorization, or it has been answered or is too old.
        """
        with self.database.write() as tx:
            asking = self._asking(tx, workspace_id, id, cookie)
            try:
                if asking.next_step() is NextStep.SIGN_IN:
                    return SignInFirst()
            except OAuthError as error:
                return self._refuse(tx, asking, error)
            redirect = self._issue(tx, asking)
            _remember_consent(tx, asking)
            return redirect

    def deny(self, workspace_id: str, id: str, *, cookie: str) -> Redirect:
        """The person said no.

        Raises:
            NotFound, NotNow: no such authorization, or it has been answered or is too old.
        """
        with self.database.write() as tx:
            asking = self._asking(tx, workspace_id, id, cookie)
            return self._refuse(tx, asking, AccessDenied("The person did not approve this."))

    # --- reading what decides -------------------------------------------------------------------

    def _client(self, workspace_id: str, client_id: str) -> Client:
        with self.database.read() as tx:
            client = clients.get(tx, client_id)
            workspace = workspaces.get(tx, workspace_id)
        if workspace is not None and client is None and client_id == command_line_id(workspace.id):
            return self._add_command_line(workspace.id)
        if client is None or client.workspace_id != workspace_id:
            raise InvalidRedirect("The client_id is not known here.")
        return client

    def _add_command_line(self, workspace_id: str) -> Client:
        """The command line's client, made when it is first used."""
        now = self.clock()
        client = command_line(workspace_id, now=now)
        with self.database.write() as tx:
            workspaces.touch(tx, workspace_id, ChangeKind.CLIENT, client.id, at=now)
            known = clients.get(tx, client.id)
            if known is not None:
                return known
            principals.add(
                tx,
                Principal(client.id, workspace_id, PrincipalKind.CLIENT, client.name, None, now),
            )
            clients.add(tx, client)
        return client

    def _asking(self, tx: Transaction, workspace_id: str, id: str, cookie: str | None) -> Asking:
        now = self.clock()
        authorization = authorizations.get(tx, id)
        if authorization is None or authorization.workspace_id != workspace_id:
            raise NotFound("There is no such request. Go back to the application and start again.")
        if not isinstance(authorization.stage, Asked) or now >= authorization.expires_at:
            raise NotNow(
                "This request has been answered or is too old. Go back to the application and"
                " start again."
            )
        client, workspace = (
            clients.get(tx, authorization.client_id),
            workspaces.get(tx, workspace_id),
        )
        assert client is not None  # both take the authorization with them when they go
        assert workspace is not None
        matching_redirect_uri(client, authorization.redirect_uri)  # it may be gone since
        sign_in = sign_ins.get(tx, hash_secret(cookie), now=now) if cookie else None
        principal = _principal(tx, client, sign_in)
        words = vocabulary.of_workspace(tx, workspace, self.catalogues)
        return Asking(
            authorization=authorization,
            client=client,
            workspace=workspace,
            words=words,
            sign_in=sign_in,
            principal=principal,
            held=NONE if principal is None else holdings.of(tx, principal.id, words),
            consent=_consent(tx, client, principal),
            now=now,
        )

    # --- answering ------------------------------------------------------------------------------

    def _issue(self, tx: Transaction, asking: Asking) -> Redirect:
        """RFC 6749 §4.1.2."""
        assert asking.principal is not None  # next_step() comes before, and refuses without them
        assert asking.sign_in is not None
        code = ids.new_secret("swc")
        authorization = asking.authorization.approve(
            asking.principal.id,
            hash_secret(code),
            authenticated_at=asking.sign_in.authenticated_at,
            at=asking.now,
        )
        approved = authorization.stage
        assert isinstance(approved, Approved)
        until = asking.now + CODE_LIFETIME
        if not authorizations.approve(tx, authorization.id, approved, until=until):
            raise NotNow("This request has been answered already. Start again.")
        return self._redirect(authorization, {"code": code})

    def _refuse(self, tx: Transaction, asking: Asking, error: OAuthError) -> Redirect:
        """RFC 6749 §4.1.2.1; the request is over."""
        authorizations.deny(tx, asking.authorization.id, at=asking.now)
        return self._redirect(asking.authorization, _spelled(error))

    def _redirect(self, authorization: Authorization, answer: Mapping[str, str]) -> Redirect:
        return Redirect(
            self._answer(
                authorization.workspace_id, authorization.redirect_uri, answer, authorization.state
            )
        )

    def _answer(
        self, workspace_id: str, redirect_uri: str, answer: Mapping[str, str], state: str | None
    ) -> str:
        """The redirect URI with the answer, the client's state and our name (RFC 9207 §2)."""
        parameters = {**answer, "iss": self._issuer(workspace_id)}
        if state is not None:
            parameters["state"] = state
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(parameters)}"

    def _issuer(self, workspace_id: str) -> str:
        return f"{self.public_url}/w/{workspace_id}"


def _spelled(error: OAuthError) -> dict[str, str]:
    return {"error": error.code, "error_description": error.detail}


def _principal(tx: Transaction, client: Client, sign_in: SignIn | None) -> Principal | None:
    """The record for which this client would act."""
    if sign_in is None:
        return None
    return principals.by_identity(
        tx, client.workspace_id, kind=acts_for(client), identity=sign_in.identity
    )


def _consent(tx: Transaction, client: Client, principal: Principal | None) -> Consent | None:
    if principal is None:
        return None
    return consents.get(tx, principal_id=principal.id, client_id=client.id)


def _remember_consent(tx: Transaction, asking: Asking) -> None:
    """An approval adds to earlier ones, or alternating requests would be asked about for ever."""
    assert asking.principal is not None  # a code has been issued for them
    asked, before = asking.authorization.requested, asking.consent
    requested = asked if before is None else _joined(asked, before.requested)
    consents.put(tx, Consent(asking.principal.id, asking.client.id, requested, asking.now))


def _joined(one: Requested, other: Requested) -> Requested:
    protocol = one.protocol | other.protocol
    if one.names is None or other.names is None:
        return Requested(None, protocol)
    return Requested(one.names | other.names, protocol)
