"""An authorization request that the browser does not carry in the open: pushed, or signed.

RFC 9126 and RFC 9101. What comes out is a request like any other, and checked like any other.
Nothing is fetched from where a client or a browser points to but a registered `jwks_uri`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.client_authentication import jti_hash
from scopewright.core.errors import InvalidRequestObject, InvalidRequestUri, InvalidToken
from scopewright.core.model import Client, Workspace
from scopewright.core.oauth import issuer_of
from scopewright.core.pushed_requests import check_unpushed, pushed_id
from scopewright.core.request_objects import check_claims, check_unsigned, request_within
from scopewright.core.security_profile import profile_of
from scopewright.guard.jws import CLIENT_ALGORITHMS, UNTYPED, open_jws, unverified
from scopewright.outbound import Unfetchable
from scopewright.remote_keys import RemoteKeys
from scopewright.store import jtis, pushed_requests
from scopewright.store.database import Database

TYPES = (*UNTYPED, "oauth-authz-req+jwt")  # RFC 9101 §10.8


@dataclass(frozen=True, slots=True)
class RequestObjects:
    """Reads authorization requests for the endpoints that take them. Calls may block."""

    database: Database
    clock: Clock
    keys: RemoteKeys
    public_url: str

    def received(
        self, workspace: Workspace, client: Client, sent: AuthorizationRequest
    ) -> AuthorizationRequest:
        """The request that a browser brings: itself, by its name, or signed.

        Raises:
            InvalidRequestUri: nothing of this client was pushed under that name, or not now.
            InvalidRequest, InvalidRequestObject, RequestUriNotSupported: as its client or the
                workspace's security profile will not have it (RFC 9101 §7, RFC 9126 §4).
        """
        request_uri = sent.only("request_uri")
        if request_uri is None:
            check_unpushed(client)
            profile_of(workspace).check_unpushed()
            return self.opened(workspace, client, sent)
        with self.database.write() as tx:
            pushed = pushed_requests.take(
                tx, pushed_id(request_uri), client_id=client.id, now=self.clock()
            )
        if pushed is None:
            raise InvalidRequestUri("The request_uri is not known, too old, or was used before.")
        return AuthorizationRequest(pushed)

    def opened(
        self, workspace: Workspace, client: Client, sent: AuthorizationRequest
    ) -> AuthorizationRequest:
        """The request itself, or the one in its request object, once (RFC 9101 §6).

        Raises:
            InvalidRequest, InvalidRequestObject: it is not signed as it should be, or not good.
        """
        request = sent.only("request")
        if request is None:
            check_unsigned(client)
            return sent
        sent.check_unrepeated()
        issuer, now = issuer_of(self.public_url, workspace.id), self.clock()
        claims = self._claims(client, request, _algorithms(workspace, client))
        ends = check_claims(claims, client=client, issuer=issuer, now=now)
        within = request_within(claims, sent, client=client)
        # Its own digest names it where it has no jti: so it counts once either way. What is hashed
        # is what was signed, for some signatures can be spelled in two ways.
        name = str(claims.get("jti") or request.rpartition(".")[0])
        spent = jti_hash("request_object", f"{issuer} {client.client_id}", name)
        with self.database.write() as tx:
            if not jtis.take(tx, spent, forget_at=ends):
                raise InvalidRequestObject("The request object was used before.")
        return within

    def _claims(
        self, client: Client, request: str, algorithms: Collection[str]
    ) -> dict[str, object]:
        try:
            kid = unverified(request)[0].get("kid")
            keys = self.keys.keys_of(client.registration, kid=kid if isinstance(kid, str) else None)
            _, claims = open_jws(request, keys=keys, types=TYPES, algorithms=tuple(algorithms))
        except (InvalidToken, Unfetchable) as error:
            raise InvalidRequestObject(
                "The request object is not signed by this client.", cause=error.cause
            ) from None
        return claims


def _algorithms(workspace: Workspace, client: Client) -> list[str]:
    """What a client may sign with: what it has registered, as far as the profile has it."""
    registered = client.registration.request_object_signing_alg
    offered = profile_of(workspace).offered_algorithms(CLIENT_ALGORITHMS)
    return [one for one in offered if registered in (None, one)]
