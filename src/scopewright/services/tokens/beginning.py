"""A session begins, with the first refresh token of its chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopewright import ids
from scopewright.core.authorization import Redeemable
from scopewright.core.confirmation import bound_terms
from scopewright.core.model import RefreshToken, Session
from scopewright.core.oauth import hash_secret
from scopewright.core.particulars import Particulars, SessionTerms
from scopewright.core.scopes import Requested
from scopewright.services.tokens.asking import Asking
from scopewright.store import sessions, sign_ins
from scopewright.store.database import Transaction


def new_session(
    tx: Transaction,
    asking: Asking,
    approved: Redeemable,
    requested: Requested,
    particulars: Particulars,
) -> Session:
    """The session of what a person approved, not kept yet."""
    terms = SessionTerms(
        resources=particulars.resources,
        authorization_details=particulars.authorization_details,
        claims=particulars.claims,
        acr=approved.acr,
        state=_state(tx, asking, approved),
    )
    return Session(
        id=ids.new_id("ses"),
        workspace_id=asking.client.workspace_id,
        principal_id=approved.principal_id,
        client_id=asking.client.id,
        requested=requested,
        authenticated_at=approved.authenticated_at,
        created_at=asking.now,
        last_used_at=asking.now,
        expires_at=asking.settings.until(began=asking.now, used=asking.now),
        terms=bound_terms(terms, asking.client, asking.confirmation),
        sign_in_hash=approved.sign_in_hash,
    )


def begin(tx: Transaction, asking: Asking, session: Session) -> str:
    """Keep the session; its first refresh token."""
    sessions.add(tx, session)
    refresh_token = ids.new_secret("swr")
    sessions.add_token(tx, RefreshToken(hash_secret(refresh_token), session.id, asking.now))
    return refresh_token


def _state(tx: Transaction, asking: Asking, approved: Redeemable) -> Mapping[str, Any] | None:
    """What the provider said when the person signed in."""
    hash = approved.sign_in_hash
    sign_in = None if hash is None else sign_ins.get(tx, hash, now=asking.now)
    return None if sign_in is None else dict(sign_in.state) or None
