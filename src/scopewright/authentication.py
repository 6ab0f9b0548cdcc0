"""A client's credential in, the proven `Client` out: at every endpoint that clients call.

The decision is `core.client_authentication`'s; what stands here is what it needs from outside: the
keys and authorities that assertions and certificates are checked with, and the memory of what was
presented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from scopewright.authority import View
from scopewright.certificates import Authorities, has_registered_name, public_key_of
from scopewright.client_documents import ClientDocuments, is_fresh
from scopewright.clock import Clock
from scopewright.core.client_authentication import (
    PRIVATE_KEY_JWT,
    SELF_SIGNED_TLS,
    TLS_METHODS,
    ClientCertificate,
    ClientCredential,
    authenticate,
    check_assertion,
    jti_hash,
    registered_method,
)
from scopewright.core.client_documents import is_document_url
from scopewright.core.errors import InvalidClient, InvalidToken
from scopewright.core.model import Client, Workspace
from scopewright.core.oauth import issuer_of
from scopewright.core.security_profile import profile_of
from scopewright.guard.jwk import Key
from scopewright.guard.jws import CLIENT_ALGORITHMS, UNTYPED, KeySet, open_jws, unverified
from scopewright.outbound import Unfetchable, aside
from scopewright.remote_keys import RemoteKeys
from scopewright.store import jtis
from scopewright.store.database import Database

# Where clients authenticate: each may stand as the audience of an assertion (RFC 9126 §2).
ENDPOINTS = ("token", "introspect", "revoke", "par", "device_authorization")


def _nobodys_keys() -> KeySet:
    """A set by which nothing can be signed, for clients that are not there."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return KeySet([(None, Key(("ES256",), public))], kid_required=False)


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """Proves clients (RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2)."""

    database: Database
    clock: Clock
    keys: RemoteKeys
    documents: ClientDocuments
    authorities: Authorities
    public_url: str
    _nobodys: KeySet = field(init=False, default_factory=_nobodys_keys)

    async def client(
        self, view: View, credential: ClientCredential, *, grant_type: str | None = None
    ) -> Client:
        """The client that this credential proves.

        Raises:
            InvalidClient, InvalidGrant, InvalidRequest: as `core.client_authentication`.
        """
        known = await view.client(credential.client_id)
        if is_document_url(credential.client_id):
            known = await self._described(view, credential.client_id, known)
        elif known is not None and known.document_url is not None:
            known = None  # it goes by its URL alone
        has_proven_key = False
        if credential.shows_key and _is_of_method(known, credential):
            proven = aside(self._has_proven_key, view.workspace, known, credential)
            has_proven_key = await proven
        client = authenticate(
            known,
            credential,
            now=self.clock(),
            grant_type=grant_type,
            has_proven_key=has_proven_key,
        )
        profile = profile_of(view.workspace)
        if profile.authentication_methods is not None:
            method = registered_method(client)
            profile.check_authentication(credential.methods if method is None else {method})
        return client

    async def _described(self, view: View, client_id: str, known: Client | None) -> Client | None:
        """The client that describes itself under this name, as it does now."""
        if known is None or not is_fresh(known, self.clock()):
            known = await aside(self.documents.client, view.workspace.id, client_id)
        return known

    def _has_proven_key(
        self, workspace: Workspace, client: Client | None, credential: ClientCredential
    ) -> bool:
        """Whether the key that is shown is the one that the client has registered."""
        now = self.clock()
        if credential.assertion is not None:
            return self._has_signed(workspace, client, credential, now)
        assert credential.certificate is not None
        return self._is_of(client, credential.certificate, now)

    # --- assertions -----------------------------------------------------------------------------

    def _has_signed(
        self,
        workspace: Workspace,
        client: Client | None,
        credential: ClientCredential,
        now: datetime,
    ) -> bool:
        """Whether the client has signed this assertion, for us, and it is presented only now."""
        assert credential.assertion is not None
        client_id, issuer = credential.client_id, issuer_of(self.public_url, workspace.id)
        try:
            header, claims = unverified(credential.assertion)
            said = check_assertion(
                claims, client_id=client_id, audiences=_audiences(workspace, issuer), now=now
            )
            open_jws(
                credential.assertion,
                keys=self._keys_of(client, header),
                types=UNTYPED,
                algorithms=_algorithms(client, workspace),
            )
        except (InvalidToken, InvalidClient, Unfetchable):
            return False
        spent = jti_hash("client_assertion", f"{issuer} {client_id}", said.jti)
        with self.database.write() as tx:
            return jtis.take(tx, spent, forget_at=said.expires_at)

    def _keys_of(self, client: Client | None, header: dict[str, object]) -> KeySet:
        if client is None:
            return self._nobodys
        kid = header.get("kid")
        return self.keys.keys_of(client.registration, kid=kid if isinstance(kid, str) else None)

    # --- certificates ---------------------------------------------------------------------------

    def _is_of(self, client: Client | None, certificate: ClientCertificate, now: datetime) -> bool:
        """Whether the certificate is this client's (RFC 8705 §2.1, §2.2)."""
        if client is not None and registered_method(client) == SELF_SIGNED_TLS:
            # Who issued it, and for how long, says nothing: the client has registered the key.
            try:
                keys = self.keys.keys_of(client.registration)
                return keys.holds(public_key_of(certificate))
            except (ValueError, Unfetchable):
                return False
        is_trusted = self.authorities.trust(certificate, now=now)
        if client is None or not is_trusted:
            return False
        return has_registered_name(certificate, client.registration)


def _is_of_method(client: Client | None, credential: ClientCredential) -> bool:
    """Whether what is shown belongs to the client's method.

    Who is not there is taken for a client of that method: the same work is done.
    """
    if client is None:
        return True
    method = registered_method(client)
    return method in TLS_METHODS if credential.assertion is None else method == PRIVATE_KEY_JWT


def _audiences(workspace: Workspace, issuer: str) -> tuple[str, ...]:
    if profile_of(workspace).takes_issuer_as_audience_only:
        return (issuer,)
    return (issuer, *(f"{issuer}/{endpoint}" for endpoint in ENDPOINTS))


def _algorithms(client: Client | None, workspace: Workspace) -> list[str]:
    """What the client may sign with: what it has registered, as far as the profile has it."""
    registered = client.registration.token_endpoint_auth_signing_alg if client else None
    offered = profile_of(workspace).offered_algorithms(CLIENT_ALGORITHMS)
    return [one for one in offered if registered in (None, one)]
