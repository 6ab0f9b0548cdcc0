"""A credential in, a `Caller` out: access token, API key, or a signed-in browser.

The one place that finds out who asks. It reads memory (`authority.py`), so it is async and cheap;
only a browser's cookie is looked up in the database.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from scopewright.authority import Authority, View
from scopewright.core.caller import Caller, Presented
from scopewright.core.confirmation import is_confirmed
from scopewright.core.errors import (
    Forbidden,
    InvalidDpopProof,
    InvalidToken,
    Unproven,
    UseDpopNonce,
)
from scopewright.core.fresh import is_fresh
from scopewright.core.key_chain import Carried, carried
from scopewright.core.model import ApiKey, Client, Principal, PrincipalKind, SignIn
from scopewright.core.names import PROTOCOL_WORDS
from scopewright.core.oauth import hash_secret, issuer_of
from scopewright.core.scopes import Scopes
from scopewright.core.security_profile import profile_of
from scopewright.core.tokens import unverified_workspace
from scopewright.guard.jws import KeySet
from scopewright.guard.possession import Possession
from scopewright.guard.verifier import EXPIRED, Claims, verify
from scopewright.ids import api_key_id
from scopewright.keys import jwks, published
from scopewright.proofs import Proofs
from scopewright.store import identities, principals, sign_ins
from scopewright.store.authority import Holder
from scopewright.store.database import Database

MOST_REMEMBERED = 50_000
SUBSTITUTE_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class GoodToken:
    """An access token that verifies and whose client, principal and session are alive."""

    claims: Claims
    client: Client
    holder: Holder
    scopes: Scopes


@dataclass(frozen=True, slots=True)
class GoodKey:
    """An API key that is live, with what it gives now."""

    key: ApiKey
    holder: Holder
    carried: Carried


class Access:
    """Finds out who presents a credential. Answers None for every kind of bad one alike."""

    def __init__(
        self,
        *,
        authority: Authority,
        database: Database,
        proofs: Proofs,
        possession_of: Callable[[Any], Possession],
        note_use: Callable[[str, datetime, Any], None],
        fresh_for: timedelta,
    ) -> None:
        self._authority = authority
        self._database = database
        self._clock = proofs.clock
        self._public_url = proofs.public_url
        self._proofs = proofs
        self._possession_of = possession_of
        self._note_use = note_use
        self._fresh_for = fresh_for
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._key_sets: dict[tuple[str, ...], KeySet] = {}

    def issuer(self, workspace_id: str) -> str:
        """The issuer of a workspace's tokens."""
        return issuer_of(self._public_url, workspace_id)

    # --- access tokens --------------------------------------------------------------------------

    async def token(
        self, view: View, secret: str, *, audience: str | None = None
    ) -> GoodToken | None:
        """The access token, if it is good here now and meant for this audience.

        Without one it must be meant for the workspace itself (RFC 8707 §3).
        """
        claims = self._claims(view, secret, audience or view.workspace.id)
        if claims is None or await view.is_token_revoked(claims.token_id):
            return None
        if profile_of(view.workspace).binds_tokens and "cnf" not in claims.values:
            return None  # minted before the workspace took the profile up
        client = await self.client(view, claims.client_id, issued_at=claims.issued_at)
        holder = await view.holder(claims.subject, issued_at=claims.issued_at)
        if client is None or holder is None:
            return None
        if claims.session_id is not None and not await view.is_session_open(claims.session_id):
            return None
        scopes = claims.scopes
        if view.rules.tokens_of(client).live_scopes:
            scopes &= holder.held | PROTOCOL_WORDS
        return GoodToken(claims, client, holder, scopes)

    def has_expired(self, view: View, presented: Presented) -> bool:
        """Whether this is an access token for this workspace that nothing speaks against but time.

        Whoever has it may be told; of no other bad credential is it told what is wrong.
        """
        now, here = self._clock(), view.workspace.id
        keys, issuer = self._key_set(view, now), self.issuer(here)
        try:
            verify(presented.secret, keys=keys, issuer=issuer, audience=here, now=now)
        except InvalidToken as error:
            return error.cause == EXPIRED
        return False

    async def client(
        self, view: View, id: str, *, issued_at: datetime | None = None
    ) -> Client | None:
        """A client of the workspace that nobody has disabled; `issued_at` as of its holder."""
        client = await view.client(id)
        if client is None or await view.holder(client.id, issued_at=issued_at) is None:
            return None
        return client

    def _claims(self, view: View, secret: str, audience: str) -> Claims | None:
        """What the token says, its signature checked once and remembered by the token's hash."""
        now = self._clock()
        fingerprint = sha256(secret.encode()).digest()
        known = self._verified.get(fingerprint)
        issuer = self.issuer(view.workspace.id)
        if known is not None and known.issuer == issuer and audience in known.audience:
            return known if now < known.expires_at else None
        try:
            claims = verify(
                secret,
                keys=self._key_set(view, now),
                issuer=issuer,
                audience=audience,
                now=now,
            )
        except InvalidToken:
            return None
        self._verified[fingerprint] = claims
        if len(self._verified) > MOST_REMEMBERED:
            self._verified.popitem(last=False)
        return claims

    def _key_set(self, view: View, now: datetime) -> KeySet:
        keys = published(view.rules.signing_keys, now=now)
        ids = tuple(key.id for key in keys)
        found = self._key_sets.get(ids)
        if found is None:
            found = self._key_sets[ids] = KeySet.from_jwks(jwks(keys))
        return found

    # --- API keys -------------------------------------------------------------------------------

    async def api_key(self, view: View, secret: str, *, request: Any = None) -> GoodKey | None:
        """The API key, if it is live in this workspace now, with what it gives now.

        That is a use of it; `request` is the one that presents it.
        """
        key = await view.api_key(api_key_id(secret) or "")
        stored = key.secret_hash if key is not None else SUBSTITUTE_HASH
        if not hmac.compare_digest(hash_secret(secret), stored) or key is None:
            return None
        holder = await view.holder(key.principal_id)
        chain = [key] if key.parent_id is None else await view.chain(key)
        if holder is None or not chain:
            return None
        now, policy = self._clock(), view.workspace.policy.api_keys
        words = view.rules.vocabulary
        gives = carried(chain, held=holder.held, policy=policy, now=now, wholes=words.wholes)
        if gives is None:
            return None
        self._note_use(key.id, now, request)
        return GoodKey(key, holder, gives)

    # --- callers --------------------------------------------------------------------------------

    async def workspace_of(self, secret: str) -> str | None:
        """The workspace in which a credential could be good, for requests that name none."""
        key_id = api_key_id(secret)
        if key_id is not None:
            return await self._authority.workspace_of_key(key_id)
        return unverified_workspace(secret)

    async def bearer(
        self,
        view: View,
        presented: Presented,
        *,
        audience: str | None = None,
        restricted: bool = False,
    ) -> Caller | None:
        """The caller that presents a key, or a token for this audience, in a workspace.

        `restricted`: a key may be restricted by tags, which nobody but resource servers heeds.

        Raises:
            Forbidden: it is such a key, and may not be.
            Unproven: it is presented under the DPoP scheme, and not good.
        """
        if presented.is_api_key and not presented.is_under_dpop:
            return await self._key_caller(view, presented, restricted=restricted)
        good = await self.token(view, presented.secret, audience=audience)
        if good is not None and await self._is_held(view, good, presented):
            return self._token_caller(view, good)
        if presented.is_under_dpop:
            raise Unproven("The credential is not valid here.", code="invalid_token")
        return None

    async def bearer_again(self, view: View, presented: Presented) -> Caller | None:
        """The same caller later in the same request, which has shown its keys already."""
        if not presented.is_under_dpop:
            return await self.bearer(view, presented)
        good = await self.token(view, presented.secret)
        return None if good is None else self._token_caller(view, good)

    async def _is_held(self, view: View, good: GoodToken, presented: Presented) -> bool:
        """Whether the request shows the keys that its token is bound to, if it is bound.

        Raises:
            Unproven: its DPoP proof is not good.
        """
        cnf = good.claims.values.get("cnf")
        if cnf is None and not presented.is_under_dpop:
            return True
        shown = self._possession_of(presented.request)
        if not presented.is_under_dpop:
            return is_confirmed(cnf, jkt=None, x5t_s256=shown.x5t_s256)
        try:
            proof = self._proofs.check(view.workspace, shown, access_token=presented.secret)
            if not is_confirmed(cnf, jkt=proof.jkt, x5t_s256=shown.x5t_s256):
                return False
            await self._proofs.spend(proof)
        except (InvalidDpopProof, UseDpopNonce) as error:
            raise Unproven(error.detail, code=error.code) from None
        return True

    @staticmethod
    def _token_caller(view: View, good: GoodToken) -> Caller:
        return Caller(
            principal=good.holder.principal,
            held=good.scopes,
            vocabulary=view.rules.vocabulary,
            via="token",
            client_id=good.client.id,
            session_id=good.claims.session_id,
            token_id=good.claims.token_id,
        )

    async def _key_caller(
        self, view: View, presented: Presented, *, restricted: bool
    ) -> Caller | None:
        good = await self.api_key(view, presented.secret, request=presented.request)
        if good is None:
            return None
        if good.carried.tags is not None and not restricted:
            raise Forbidden("This key is restricted by tags, which mean nothing here.")
        return Caller(
            principal=good.holder.principal,
            held=good.carried.scopes,
            vocabulary=view.rules.vocabulary,
            via="api_key",
            key_id=good.key.id,
            tags=good.carried.tags,
        )

    async def sign_in(self, cookie: str | None) -> SignIn | None:
        """The sign-in of a browser's cookie."""
        if not cookie:
            return None
        return await asyncio.to_thread(self._read_sign_in, hash_secret(cookie))

    async def browser(
        self, view: View, sign_in: SignIn, kind: PrincipalKind = PrincipalKind.MEMBER
    ) -> Caller | None:
        """The member, or the end-user, that a signed-in browser is in a workspace."""
        person = await asyncio.to_thread(self._read_person, view.workspace.id, sign_in, kind)
        holder = await view.holder(person.id) if person is not None else None
        if holder is None:
            return None
        is_good = is_fresh(sign_in, now=self._clock(), fresh_for=self._fresh_for)
        return Caller(
            principal=holder.principal,
            held=holder.held,
            vocabulary=view.rules.vocabulary,
            via="cookie",
            too_old_for=None if is_good else self._fresh_for,
        )

    def _read_sign_in(self, cookie_hash: str) -> SignIn | None:
        with self._database.read() as tx:
            return sign_ins.get(tx, cookie_hash, now=self._clock())

    def _read_person(
        self, workspace_id: str, sign_in: SignIn, kind: PrincipalKind
    ) -> Principal | None:
        """The person, noted as having been here; None for who was signed out here since."""
        now, identity = self._clock(), sign_in.identity
        with self._database.read() as tx:
            linked = identities.get(tx, workspace_id, kind=kind, identity=identity)
            if linked is None or not linked.accepts(sign_in):
                return None
            person = principals.get(tx, linked.principal_id)
        if person is not None and person.disabled_at is None and linked.is_worth_noting(now):
            with self._database.write() as tx:
                identities.note_use(tx, person, identity, at=now)
        return person
