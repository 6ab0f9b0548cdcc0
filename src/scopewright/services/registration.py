"""Clients that register themselves (RFC 7591) and look after their own registration (RFC 7592).

Such a client holds nothing: people lend it what they approve, and members grant it the rest. Its
registration access token is not rotated: an answer that is lost on the way would lock it out.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core.attempts import source_of
from scopewright.core.client_authentication import SECRET_BASIC, has_secret, registered_method
from scopewright.core.client_metadata import described, read_metadata, refusal, undescribed
from scopewright.core.errors import (
    Invalid,
    InvalidClientMetadata,
    NotFound,
    TooMany,
    Unauthenticated,
)
from scopewright.core.model import (
    ChangeKind,
    Client,
    ClientSecret,
)
from scopewright.core.oauth import hash_secret
from scopewright.core.security_profile import profile_of
from scopewright.store import (
    audit,
    clients,
    consents,
    limits,
    principals,
    registration_tokens,
    workspaces,
)
from scopewright.store.audit import Actor
from scopewright.store.database import Database, Transaction

MOST_OF_A_SOURCE = 20
WINDOW = timedelta(hours=1)
# What only the server says of a registration (RFC 7592 §2.2).
SERVERS_OWN = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Registration:
    """A client as it registered; `secret` is there in the answer that made it, and never again."""

    client: Client
    access_token: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Registrations:
    """What clients can do about themselves; `methods` prove clients to this server."""

    database: Database
    clock: Clock
    methods: Sequence[str]

    def register(
        self,
        workspace_id: str,
        document: Mapping[str, Any],
        *,
        token: str | None,
        source: str | None,
    ) -> Registration:
        """A new client as it describes itself. `token` is an initial access token.

        Raises:
            NotFound: there is no such workspace, or nobody registers here.
            Unauthenticated: a token is needed, or this one is not good.
            TooMany: too many were registered from this source without a token.
            InvalidRedirectUri, InvalidClientMetadata, UnapprovedSoftwareStatement: §3.2.2.
        """
        now, access_token, id = self.clock(), ids.new_secret("swa"), ids.new_uuid()
        with self.database.write() as tx:
            workspaces.touch(tx, workspace_id, ChangeKind.CLIENT, id, at=now)
            admitted_by = self._admit(tx, workspace_id, token, source, now)
            blank = undescribed(workspace_id, id=id, name=id, at=now)
            client, secret = _with_secret(self._as_described(tx, blank, document), now)
            client = replace(client, registration_token_hash=hash_secret(access_token))
            principals.add(tx, client.principal)
            clients.add(tx, client)
            facts = {"after": described(client), "registration_token": admitted_by}
            audit.record(tx, _itself(client), "clients:create", id, at=now, **facts)
        return Registration(client, access_token, secret)

    def show(self, workspace_id: str, id: str, *, token: str | None) -> Registration:
        """A registration as it is now.

        Raises:
            Unauthenticated: no such client, or not its registration access token.
        """
        with self.database.read() as tx:
            return _proven(tx, workspace_id, id, token)

    def replace(
        self, workspace_id: str, id: str, document: Mapping[str, Any], *, token: str | None
    ) -> Registration:
        """Describe the client anew; what is left out is gone (RFC 7592 §2.2).

        Nobody stands behind this who could give what people hold. So when codes are to go to
        another redirect URI, each person is asked again before the first of them does.

        Raises:
            Unauthenticated: as `show`.
            InvalidRedirectUri, InvalidClientMetadata, UnapprovedSoftwareStatement: as `register`.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, workspace_id, ChangeKind.CLIENT, id, at=now)
            known = _proven(tx, workspace_id, id, token)
            before = known.client
            _check_own(before, document)
            after = self._as_described(tx, replace(before, name=id), document)
            if set(after.redirect_uris) != set(before.redirect_uris):
                consents.remove_of_client(tx, id)
            if not has_secret(after):
                clients.expire_secrets(tx, id, now=now, at=now)
            after, secret = _with_secret(after, now)
            if secret is not None:
                clients.add_secret(tx, id, after.secrets[-1])
            clients.change(tx, after)
            principals.rename(tx, id, name=after.name)
            facts = {"before": described(before), "after": described(after)}
            audit.record(tx, _itself(after), "clients:update", id, at=now, **facts)
        return Registration(after, known.access_token, secret)

    def delete(self, workspace_id: str, id: str, *, token: str | None) -> None:
        """Forget the client with its sessions; its tokens are refused at once (RFC 7592 §2.3).

        Raises:
            Unauthenticated: as `show`.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch_revoking(tx, workspace_id, ChangeKind.CLIENT, id, at=now)
            client = _proven(tx, workspace_id, id, token).client
            principals.remove(tx, id)
            before = described(client)
            audit.record(tx, _itself(client), "clients:delete", id, at=now, before=before)

    def _as_described(self, tx: Transaction, client: Client, document: Mapping[str, Any]) -> Client:
        try:
            client = read_metadata(document, default_method=SECRET_BASIC).applied_to(client)
        except Invalid as error:
            raise refusal(error) from None
        method = registered_method(client)
        profile = profile_of(workspaces.find(tx, client.workspace_id))
        if method not in profile.offered_methods(self.methods):
            raise InvalidClientMetadata(f"Nobody authenticates here by {method}.")
        chosen = _chosen_algorithms(client)
        if profile.offered_algorithms(chosen) != chosen:
            raise InvalidClientMetadata("The security profile leaves out an algorithm of these.")
        return client

    # --- who may --------------------------------------------------------------------------------

    def _admit(
        self,
        tx: Transaction,
        workspace_id: str,
        token: str | None,
        source: str | None,
        now: datetime,
    ) -> str | None:
        """Let a registration pass; the id of the token that lets it."""
        policy = workspaces.find(tx, workspace_id).policy.client_registration
        if policy == "closed":
            raise NotFound("Clients do not register themselves here.")
        if token is not None or policy == "token":
            return _admitted_by(tx, workspace_id, token, now)
        key = f"registrations:{workspace_id}:{source_of(source)}"
        counted = limits.count(tx, key, now=now, window=WINDOW)
        if counted.used > MOST_OF_A_SOURCE:
            raise TooMany(
                "Too many clients were registered from here. Try again later.",
                retry_after=counted.retry_after(now),
            )
        return None


def _admitted_by(tx: Transaction, workspace_id: str, token: str | None, now: datetime) -> str:
    found = registration_tokens.by_hash(tx, hash_secret(token), now=now) if token else None
    if found is None or found.workspace_id != workspace_id:
        raise Unauthenticated("An initial access token is needed.", presented=token is not None)
    return found.id


def _proven(tx: Transaction, workspace_id: str, id: str, token: str | None) -> Registration:
    """The client whose registration access token this is (RFC 7592 §2.1: a 401 for all others).

    A disabled client has none that counts.
    """
    client, itself = clients.get(tx, id), principals.get(tx, id)
    if itself is None or itself.disabled_at is not None:
        client = None
    known = client.registration_token_hash if client else None
    matches = hmac.compare_digest(hash_secret(token or ""), known or _NOBODY)
    if client is None or client.workspace_id != workspace_id or not matches or token is None:
        raise Unauthenticated(
            "The registration access token is not valid here.", presented=token is not None
        )
    return Registration(client, token)


def _itself(client: Client) -> Actor:
    return Actor(client.workspace_id, client.id, via="registration")


# --- what they say ------------------------------------------------------------------------------


def _with_secret(client: Client, now: datetime) -> tuple[Client, str | None]:
    """The client with a secret if it proves itself by one; the new one, if it had none."""
    if not has_secret(client):
        return replace(client, secrets=()), None
    if any(secret.is_live(now) for secret in client.secrets):
        return client, None
    secret = ids.new_secret("sws")
    return replace(client, secrets=(ClientSecret(hash_secret(secret), now),)), secret


def _chosen_algorithms(client: Client) -> list[str]:
    """What the client named; ID tokens have a default, which a profile overrules silently."""
    registration = client.registration
    named = (
        registration.token_endpoint_auth_signing_alg,
        registration.request_object_signing_alg,
        registration.userinfo_signed_response_alg,
        registration.introspection_signed_response_alg,
    )
    return [algorithm for algorithm in named if algorithm is not None]


def _check_own(client: Client, document: Mapping[str, Any]) -> None:
    """What a client may say of its registration's own parts (RFC 7592 §2.2)."""
    if document.get("client_id") != client.id:
        raise InvalidClientMetadata("The client_id is not this client's.")
    for name in SERVERS_OWN:
        if name in document:
            raise InvalidClientMetadata(f"The {name} is not the client's to say.")
    secret = document.get("client_secret")
    if secret is None:
        return
    presented = hash_secret(secret) if isinstance(secret, str) else ""
    if not any(hmac.compare_digest(presented, known.hash) for known in client.secrets):
        raise InvalidClientMetadata("The client_secret is not this client's.")
