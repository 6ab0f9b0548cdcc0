"""Ask the issuer instead (RFC 7662): API keys and opaque tokens, which say nothing by themselves.

An answer, good or bad, is believed for a few seconds, so a burst of requests is one question.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

from scopewright.clock import Clock
from scopewright.guard.fetch import Fetcher
from scopewright.guard.jws import refused
from scopewright.guard.memory import Memory, fingerprint
from scopewright.guard.refusals import WouldWait
from scopewright.guard.verifier import Claims, is_moment

_NEVER = datetime.max.replace(tzinfo=UTC)  # said of an API key that has no end


class Introspection:
    """`credential` is an API key, or `client_id:secret`."""

    def __init__(
        self, issuer: str, fetcher: Fetcher, *, credential: str, clock: Clock, kept: timedelta
    ) -> None:
        self._issuer, self._fetcher, self._clock, self._kept = issuer, fetcher, clock, kept
        self._authorization = {"Authorization": _authorization(credential)}
        self._answers: Memory[tuple[datetime, Claims | None]] = Memory(10_000)

    def ask(self, token: str, *, audience: str, may_wait: bool = True) -> Claims:
        """Who presents this, and with which scopes.

        Raises:
            InvalidToken: the issuer does not vouch for it, here.
            Unavailable: the issuer cannot be asked, or refuses our own credential.
            WouldWait: it has to be asked and `may_wait` is False.
        """
        now, key = self._clock(), fingerprint(token)
        until, claims = self._answers.get(key) or (now, None)
        if now >= until:
            if not may_wait:
                raise WouldWait
            answer = self._fetcher.post(
                f"{self._issuer}/introspect", data={"token": token}, headers=self._authorization
            ).document
            until = now + self._kept
            claims = self._read(answer, audience=audience, until=until)
            if claims is not None and claims.expires_at <= now:
                claims = None
            believed = until if claims is None else min(until, claims.expires_at)
            self._answers.keep(key, (believed, claims))
        if claims is None:
            raise refused("inactive")
        return claims

    def _read(
        self, answer: Mapping[str, object], *, audience: str, until: datetime
    ) -> Claims | None:
        """None for a credential that is not active, meant for somebody else, or not for presenting.

        A refresh token is active too (RFC 7662 §2.2), but no `Bearer`: it opens nothing here.
        """
        subject, scope = answer.get("sub"), answer.get("scope", "")
        named = answer.get("aud")
        audiences = tuple(str(one) for one in named) if isinstance(named, list) else (str(named),)
        ours = audience in audiences and answer.get("iss", self._issuer) == self._issuer
        if answer.get("active") is not True or not ours:
            return None
        presented = str(answer.get("token_type")).lower() == "bearer"
        if not presented or not isinstance(subject, str) or not isinstance(scope, str):
            return None
        return Claims(
            issuer=self._issuer,
            subject=subject,
            audience=audiences,
            client_id=str(answer.get("client_id") or subject),
            scopes=frozenset(scope.split()),
            issued_at=_moment(answer.get("iat"), otherwise=until - self._kept),
            expires_at=_moment(answer.get("exp"), otherwise=_NEVER),
            token_id=str(answer.get("jti") or ""),
            session_id=None,
            values=answer,
        )


def _moment(value: object, *, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(value, UTC) if is_moment(value) else otherwise


def _authorization(credential: str) -> str:
    """RFC 6749 §2.3.1 for a client, RFC 6750 §2.1 for an API key."""
    client_id, colon, secret = credential.partition(":")
    if not colon:
        return f"Bearer {credential}"
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"
