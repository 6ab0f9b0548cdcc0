"""Logging out: where the browser may go afterwards, and what clients are told in the background.

OpenID Connect RP-Initiated Logout and Back-Channel Logout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from scopewright.core.model import Client

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
TOKEN_LIFETIME = timedelta(minutes=2)  # as Back-Channel Logout §4 recommends
# How long after each try in vain the next one comes; after the last of them, none.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
_TEMPORARY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """What a client sends with a person who leaves it (RP-Initiated Logout §2).

    `logout_hint` and `ui_locales` may come too; nothing here depends on them.
    """

    id_token_hint: str | None = None
    client_id: str | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> LogoutRequest:
        """The request in these parameters, which may hold others."""
        return cls(
            id_token_hint=parameters.get("id_token_hint"),
            client_id=parameters.get("client_id"),
            post_logout_redirect_uri=parameters.get("post_logout_redirect_uri"),
            state=parameters.get("state"),
        )

    def parameters(self) -> dict[str, str]:
        """As they are sent on."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def answer_at(self, client: Client | None) -> str | None:
        """Where the browser goes afterwards, with the `state`; None: nowhere (§3).

        The URI is one that this client has registered, character by character: what a stranger
        writes into the address is never followed.
        """
        uri = self.post_logout_redirect_uri
        if client is None or uri not in client.registration.post_logout_redirect_uris:
            return None
        if self.state is None:
            return uri
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': self.state})}"


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """What a client is still to be told: that a session of one of its people is over.

    `tries` counts those begun; the next one is due at `next_at`.
    """

    id: str
    workspace_id: str
    client_id: str
    principal_id: str
    session_id: str
    created_at: datetime
    next_at: datetime
    tries: int = 0

    def tried(self, *, at: datetime) -> LogoutNotice:
        """The notice once another try has begun."""
        pause = PAUSES[min(self.tries, len(PAUSES) - 1)]
        return replace(self, tries=self.tries + 1, next_at=at + pause)

    @property
    def is_spent(self) -> bool:
        """Whether no try is left after those that have begun."""
        return self.tries > len(PAUSES)

    def claims(self, *, issuer: str, audience: str, id: str, now: datetime) -> dict[str, Any]:
        """A logout token's (Back-Channel Logout §2.4); no `nonce`, so it passes for no ID token."""
        return {
            "iss": issuer,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
            "jti": id,
            "events": {EVENT: {}},
            "sub": self.principal_id,
            "sid": self.session_id,
        }


def is_answered(status: int) -> bool:
    """Whether a client's answer settles a notice: it was taken, or is refused for good (§2.8)."""
    return status < 500 and status not in _TEMPORARY
