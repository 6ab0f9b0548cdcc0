"""Grant type `token-exchange` (RFC 8693): a token for one that is less, naming who acts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from scopewright.access import Access, GoodToken
from scopewright.core import scopes
from scopewright.core.authorization_details import Details
from scopewright.core.errors import InvalidGrant, InvalidRequest
from scopewright.core.model import Session
from scopewright.core.scopes import EVERYTHING, Requested
from scopewright.core.token_exchange import ACCESS_TOKEN, JWT, Actor, Asked, Subject, exchange
from scopewright.core.tokens import unverified_audience
from scopewright.services.tokens.asking import Asking, Outcome
from scopewright.services.tokens.assertions import Assertions
from scopewright.store import sessions
from scopewright.store.database import Database


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """Takes access tokens of this workspace, and assertions of issuers that it trusts.

    Not API keys: a token lives on by itself, and would outlive the key's revocation.
    """

    database: Database
    access: Access
    assertions: Assertions

    async def redeem(self, asking: Asking) -> Outcome:
        """The subject, asking for some of what its token carries; the client, or actor, acts."""
        form = asking.form
        if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequest("Only access tokens are issued here.")
        subject, session_id = await self._subject(asking)
        actor = await self._actor(asking)
        asked = Asked(scopes.parse(form.get("scope")), _targets(asking), asking.confirmation)
        exchanged = exchange(subject, actor, asked, asking.audiences)
        return Outcome(
            subject.principal_id,
            exchanged.requested,
            session=await self._session(session_id),
            resources=exchanged.resources,
            authorization_details=asking.chosen_details(subject.authorization_details),
            act=exchanged.act,
            issued_token_type=ACCESS_TOKEN,
            not_after=exchanged.not_after,
        )

    async def _subject(self, asking: Asking) -> tuple[Subject, str | None]:
        """What the subject token says, and the session that it ends with."""
        token, kind = _given(asking, "subject_token"), _given(asking, "subject_token_type")
        if kind == ACCESS_TOKEN:
            good = await self._good(asking, "subject_token", token)
            return _of_ours(good), good.claims.session_id
        if kind == JWT:
            return await self._of_outside(asking, token), None
        raise InvalidRequest("The subject_token_type is not taken here.")

    async def _of_outside(self, asking: Asking, token: str) -> Subject:
        try:
            client, assertion = await self.assertions.speaker(
                asking.view, token, named=None, now=asking.now
            )
        except InvalidGrant as error:  # RFC 8693 §2.2.2 has another word for it
            raise InvalidRequest(error.detail, cause=error.cause) from None
        return Subject(
            principal_id=client.id,
            ceiling=EVERYTHING,
            audience=(asking.view.workspace.id,),
            expires_at=assertion.expires_at,
            may_act=assertion.claims.get("may_act"),
            cnf=assertion.claims.get("cnf"),
        )

    async def _actor(self, asking: Asking) -> Actor:
        """The client itself, or who its own actor token is about."""
        if "actor_token" not in asking.form:
            if "actor_token_type" in asking.form:
                raise InvalidRequest("There is no actor_token of that type.")
            return Actor(asking.client.id)
        if asking.form.get("actor_token_type") != ACCESS_TOKEN:
            raise InvalidRequest("The actor_token_type is not taken here.")
        good = await self._good(asking, "actor_token", asking.form["actor_token"])
        claims = good.claims
        if claims.client_id != asking.client.client_id or claims.values.get("act") is not None:
            raise InvalidRequest("The actor_token is not the client's own.")
        return Actor(claims.subject, claims.expires_at)

    async def _good(self, asking: Asking, name: str, token: str) -> GoodToken:
        """A live access token of this workspace, whichever of its audiences it is meant for."""
        known = asking.audiences
        for audience in unverified_audience(token):
            if audience == known.workspace_id or audience in known.scopes:
                good = await self.access.token(asking.view, token, audience=audience)
                if good is not None:
                    return good
                break
        raise InvalidRequest(f"The {name} is not valid here.")

    async def _session(self, id: str | None) -> Session | None:
        if id is None:
            return None
        return await asyncio.to_thread(self._read_session, id)

    def _read_session(self, id: str) -> Session | None:
        with self.database.read() as tx:
            return sessions.get(tx, id)


def _of_ours(good: GoodToken) -> Subject:
    claims = good.claims
    act = claims.values.get("act")
    return Subject(
        principal_id=claims.subject,
        ceiling=Requested(good.scopes),
        audience=claims.audience,
        expires_at=claims.expires_at,
        act=act if isinstance(act, dict) else None,
        cnf=claims.values.get("cnf"),
        authorization_details=_details(claims.values.get("authorization_details")),
    )


def _details(claim: object) -> Details:
    return tuple(claim) if isinstance(claim, list) else ()


def _given(asking: Asking, name: str) -> str:
    if name not in asking.form:
        raise InvalidRequest(f"The {name} is missing.")
    return asking.form[name]


def _targets(asking: Asking) -> tuple[str, ...]:
    """`resource` and `audience` name the same things here (RFC 8693 §2.1)."""
    named = asking.form.get("audience")
    return asking.audiences.checked(asking.resources + ((named,) if named else ()))
