"""What comes to the authorize endpoint, until it waits for the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scopewright import ids
from scopewright.client_documents import ClientDocuments
from scopewright.clock import Clock
from scopewright.core.admission import admitted
from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.authorization_response import AuthorizationResponse, spelled
from scopewright.core.builtin_clients import acts_for, command_line_id
from scopewright.core.catalogue import Catalogue
from scopewright.core.client_documents import is_document_url
from scopewright.core.errors import InvalidRedirect, InvalidRequest, InvalidToken, OAuthError
from scopewright.core.fresh import of_lately
from scopewright.core.id_tokens import TYPE, read_hint
from scopewright.core.model import Authorization, Client, PrincipalKind, Workspace
from scopewright.core.oauth import issuer_of
from scopewright.keys import opened
from scopewright.store import (
    authorizations,
    builtin_clients,
    clients,
    principals,
    signing_keys,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction

Resolve = Callable[[Workspace, Client, AuthorizationRequest], AuthorizationRequest]


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the pending authorization is, and the languages in which its pages are wanted."""

    url: str
    ui_locales: Sequence[str]


@dataclass(frozen=True, slots=True)
class AuthorizationRequests:
    """Takes requests in. `resolve` finds the request that a browser brings, pushed or signed."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    public_url: str
    resolve: Resolve
    documents: ClientDocuments
    fresh_for: timedelta

    def begin(
        self, workspace_id: str, request: AuthorizationRequest
    ) -> Begun | AuthorizationResponse:
        """Where the browser goes next: to the pending authorization, or back with an error.

        Raises:
            InvalidRedirect: the client or its redirect URI is in doubt; nothing may go there.
        """
        workspace, client = self._asking(workspace_id, request.client_id)
        issuer = issuer_of(self.public_url, workspace_id)
        try:
            request = self.resolve(workspace, client, request)
            with self.database.write() as tx:
                authorization = self._asked(tx, workspace, client, request)
                authorizations.add(tx, authorization)
        except OAuthError as error:
            if not error.may_redirect:
                raise
            return AuthorizationResponse(
                request.redirect_uri(client),
                spelled(error),
                issuer=issuer,
                state=request.state,
                response_mode=request.response_mode,
            )
        url = f"{issuer}/authorize/{authorization.id}"
        return Begun(url, authorization.particulars.ui_locales)

    def _asked(
        self, tx: Transaction, workspace: Workspace, client: Client, request: AuthorizationRequest
    ) -> Authorization:
        """The authorization that waits from now on; its redirect URI is known to be good."""
        issuer, now = issuer_of(self.public_url, workspace.id), self.clock()
        request.redirect_uri(client)
        expected = _expected_subject(tx, client, request.id_token_hint, issuer=issuer, now=now)
        asked = request.asked(client, id=ids.new_id("aut"), now=now, expected_subject=expected)
        words = vocabulary.of_workspace(tx, workspace, self.catalogues)
        taken = admitted(asked, request, workspace=workspace, words=words, issuer=issuer)
        kind = acts_for(client, taken.particulars.resources, issuer=issuer)
        if kind is PrincipalKind.MEMBER:
            return replace(taken, particulars=of_lately(taken.particulars, self.fresh_for))
        return taken

    # --- who asks -------------------------------------------------------------------------------

    def _asking(self, workspace_id: str, client_id: str) -> tuple[Workspace, Client]:
        described = None
        if is_document_url(client_id):
            described = self.documents.client(workspace_id, client_id)
        with self.database.read() as tx:
            client = described or clients.get(tx, client_id)
            workspace = workspaces.get(tx, workspace_id)
            itself = None if client is None else principals.get(tx, client.id)
        if itself is not None and itself.disabled_at is not None:
            raise InvalidRedirect("This client is disabled.")
        if workspace is not None and client is None and client_id == command_line_id(workspace.id):
            client = self._add_command_line(workspace.id)
        if workspace is None or client is None or client.workspace_id != workspace_id:
            raise InvalidRedirect("The client_id is not known here.")
        if client.client_id != client_id:  # the id of one that is named by its URL alone
            raise InvalidRedirect("The client_id is not known here.")
        return workspace, client

    def _add_command_line(self, workspace_id: str) -> Client:
        with self.database.write() as tx:
            return builtin_clients.command_line_of(tx, workspace_id, now=self.clock())


def _expected_subject(
    tx: Transaction, client: Client, hint: str | None, *, issuer: str, now: datetime
) -> str | None:
    """Whom an `id_token_hint` is about: an ID token that this client once got from us.

    Raises:
        InvalidRequest: it is none.
    """
    if hint is None:
        return None
    keys = signing_keys.of_workspace(tx, client.workspace_id)
    try:
        said = read_hint(opened(hint, keys, type=TYPE, now=now), issuer=issuer)
    except InvalidToken as error:
        cause = error.cause
        raise InvalidRequest("The id_token_hint is no ID token of ours.", cause=cause) from None
    if said.client_id != client.client_id:
        raise InvalidRequest("The id_token_hint was made for another client.")
    return said.subject
