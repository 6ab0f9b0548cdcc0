"""The last step of the token endpoint: what was decided is signed, and the answer made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scopewright import log
from scopewright.core import tokens
from scopewright.core.id_tokens import OPENID, TYPE, IdToken
from scopewright.core.model import IssuedToken
from scopewright.core.particulars import Confirmation
from scopewright.core.resources import audience_of
from scopewright.keys import KeyRing, signing_now
from scopewright.services.tokens.asking import Asking, Outcome
from scopewright.store.authority import Holder


@dataclass(slots=True)  # not frozen, as `Asking`
class TokenAnswer:
    """What the token endpoint answers (RFC 6749 §5.1). Both `…expires_in` are in seconds."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str | None = None
    refresh_token_expires_in: int | None = None
    token_type: str = "Bearer"
    id_token: str | None = None
    issued_token_type: str | None = None
    authorization_details: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes signed tokens of what the token endpoint has decided."""

    key_ring: KeyRing
    public_url: str

    def answer(
        self, asking: Asking, outcome: Outcome, holder: Holder, token: IssuedToken
    ) -> TokenAnswer:
        """The tokens, as the client gets them."""
        claims = self._access_claims(asking, outcome, holder, token)
        algorithm = asking.settings.signing_algorithm
        access_token = self._signed(asking, algorithm, claims)
        if len(access_token) > tokens.LARGE:
            _warn(token, size=len(access_token))
        return TokenAnswer(
            access_token=access_token,
            expires_in=int((token.expires_at - token.issued_at).total_seconds()),
            scope=claims["scope"],
            refresh_token=outcome.refresh_token,
            refresh_token_expires_in=_refreshable_for(asking, outcome),
            token_type=_type_of(asking.confirmation),
            id_token=self._id_token(asking, outcome, holder, token, access_token),
            issued_token_type=outcome.issued_token_type,
            authorization_details=outcome.authorization_details,
        )

    def _access_claims(
        self, asking: Asking, outcome: Outcome, holder: Holder, token: IssuedToken
    ) -> dict[str, Any]:
        session, person = outcome.session, holder.principal.identity
        claims = tokens.access_claims(
            token,
            issuer=asking.issuer,
            audience=audience_of(outcome.resources, otherwise=token.workspace_id),
            client_id=asking.client.client_id,
            user=None if person is None else person.subject,
            authenticated_at=None if session is None else session.authenticated_at,
        )
        if session is not None and session.terms.acr is not None:
            claims["acr"] = session.terms.acr  # RFC 9470 §6.1
        if session is not None and session.terms.state:
            claims["state"] = session.terms.state
        if outcome.act is not None:
            claims["act"] = outcome.act
        if asking.confirmation is not None:
            claims["cnf"] = asking.confirmation.claim()
        if outcome.authorization_details:
            claims["authorization_details"] = outcome.authorization_details
        return claims

    def _id_token(
        self,
        asking: Asking,
        outcome: Outcome,
        holder: Holder,
        token: IssuedToken,
        access_token: str,
    ) -> str | None:
        """For who signed in and asked for it (OpenID Connect Core §3.1.3.3, §12.2)."""
        if outcome.session is None or OPENID not in token.scopes or outcome.issued_token_type:
            return None
        told = IdToken(
            issuer=asking.issuer,
            client_id=asking.client.client_id,
            person=holder.principal,
            session=outcome.session,
            scopes=token.scopes,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            access_token=access_token,
            nonce=outcome.nonce,
        )
        algorithm = asking.client.registration.id_token_signed_response_alg
        return self._signed(asking, algorithm, told.claims(), type=TYPE)

    def _signed(
        self, asking: Asking, algorithm: str, claims: Mapping[str, Any], *, type: str = "at+jwt"
    ) -> str:
        algorithm = asking.profile.signing(algorithm)
        key = signing_now(asking.rules.signing_keys, algorithm, now=asking.now)
        return self.key_ring.sign(key, claims, type=type)


def _refreshable_for(asking: Asking, outcome: Outcome) -> int | None:
    """How many seconds the session goes on, if nobody ends or refreshes it."""
    if outcome.refresh_token is None or outcome.session is None:
        return None
    until = asking.settings.until(began=outcome.session.created_at, used=asking.now)
    return int((until - asking.now).total_seconds())


def _warn(token: IssuedToken, *, size: int) -> None:
    """Proxies commonly take headers of 8 KiB; a token for a resource is smaller (RFC 8707)."""
    who = {"client": token.client_id, "principal": token.principal_id}
    log.logger().warning("access token is large", **who, bytes=size)


def _type_of(confirmation: Confirmation | None) -> str:
    return "Bearer" if confirmation is None or confirmation.jkt is None else "DPoP"
