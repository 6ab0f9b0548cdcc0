"""Push an authorization request ahead of the browser that will bring its name (RFC 9126)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from scopewright import ids
from scopewright.authentication import ClientAuthentication
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core.admission import admitted
from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.client_authentication import ClientCredential
from scopewright.core.errors import InvalidRequest, UnauthorizedClient
from scopewright.core.model import Client
from scopewright.core.oauth import hash_secret, issuer_of
from scopewright.core.particulars import Confirmation
from scopewright.core.pushed_requests import LIFETIME, PREFIX, PushedRequest, to_push
from scopewright.request_objects import RequestObjects
from scopewright.store import pushed_requests
from scopewright.store.database import Database


@dataclass(frozen=True, slots=True)
class Push:
    """A request at the endpoint, nothing of it believed yet but the `confirmation`'s proof."""

    credential: ClientCredential
    parameters: Sequence[tuple[str, str]]
    confirmation: Confirmation | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the endpoint answers (RFC 9126 §2.2). `expires_in` is in seconds."""

    request_uri: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class PushedRequests:
    """Takes requests and names them. All that `/authorize` would refuse is refused at once."""

    database: Database
    clock: Clock
    authentication: ClientAuthentication
    request_objects: RequestObjects
    public_url: str

    async def push(self, view: View, push: Push) -> Pushed:
        """The name of the request, for one use by its own client.

        Raises:
            InvalidClient: as `ClientAuthentication`.
            UnauthorizedClient: it is disabled, or sends nobody to `/authorize`.
            OAuthError: what `/authorize` would answer (RFC 9126 §2.3).
        """
        client = await self.authentication.client(view, push.credential)
        itself = await view.principal(client.id)
        if itself is None or itself.principal.disabled_at is not None:
            raise UnauthorizedClient("This client is disabled.")
        return await asyncio.to_thread(self._push, view, client, push)

    def _push(self, view: View, client: Client, push: Push) -> Pushed:
        now, workspace = self.clock(), view.workspace
        sent = to_push(client, push.parameters)
        request = self.request_objects.opened(workspace, client, sent)
        request = _bound(request, push.confirmation)
        admitted(
            request.asked(client, id="", now=now),
            request,
            workspace=workspace,
            words=view.rules.vocabulary,
            issuer=issuer_of(self.public_url, workspace.id),
        )
        reference = ids.new_secret("swp")
        with self.database.write() as tx:
            pushed_requests.add(
                tx,
                PushedRequest(
                    id=hash_secret(reference),
                    workspace_id=workspace.id,
                    client_id=client.id,
                    parameters=request.parameters,
                    created_at=now,
                    expires_at=now + LIFETIME,
                ),
            )
        return Pushed(PREFIX + reference, int(LIFETIME.total_seconds()))


def _bound(
    request: AuthorizationRequest, confirmation: Confirmation | None
) -> AuthorizationRequest:
    """The request with its code bound to the DPoP key that pushed it (RFC 9449 §10.1).

    Raises:
        InvalidRequest: it names another key.
    """
    if confirmation is None or confirmation.jkt is None:
        return request
    named = request.only("dpop_jkt")
    if named not in (None, confirmation.jkt):
        raise InvalidRequest("The dpop_jkt is not the key of the DPoP proof.")
    others = [pair for pair in request.parameters if pair[0] != "dpop_jkt"]
    return AuthorizationRequest([*others, ("dpop_jkt", confirmation.jkt)])
