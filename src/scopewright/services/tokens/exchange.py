"""The token endpoint: who asks, for whom, what is held, what is given, mint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright import ids
from scopewright.authentication import ClientAuthentication
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core import tokens
from scopewright.core.authorization_details import details_within
from scopewright.core.client_authentication import ClientCredential
from scopewright.core.confirmation import bound_to, check_proven
from scopewright.core.errors import (
    InvalidGrant,
    InvalidRequest,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from scopewright.core.model import Client, IssuedToken
from scopewright.core.oauth import JWT_BEARER
from scopewright.core.particulars import Confirmation
from scopewright.core.scopes import Scopes
from scopewright.core.security_profile import profile_of
from scopewright.services.tokens.asking import Asking, GrantType, Outcome
from scopewright.services.tokens.jwt_bearer import JwtBearer
from scopewright.services.tokens.minting import Mint, TokenAnswer
from scopewright.store.authority import Holder
from scopewright.store.journal import Journal


@dataclass(slots=True)
class TokenRequest:
    """A request at the token endpoint, nothing of it believed yet but the `confirmation`'s proof.

    `resources` are the `resource` parameters, the only ones that may stand more than once.
    """

    credential: ClientCredential
    form: Mapping[str, str]
    resources: tuple[str, ...] = ()
    confirmation: Confirmation | None = None


class Tokens:
    """Exchanges grants for tokens."""

    def __init__(
        self,
        *,
        grant_types: Mapping[str, GrantType],
        journal: Journal,
        clock: Clock,
        authentication: ClientAuthentication,
        mint: Mint,
    ) -> None:
        self._grant_types = grant_types
        self._journal = journal
        self._clock = clock
        self._authentication = authentication
        self._mint = mint

    async def exchange(self, view: View, request: TokenRequest) -> TokenAnswer:
        """Tokens for a grant.

        Raises:
            InvalidClient, InvalidRequest, UnsupportedGrantType, UnauthorizedClient, InvalidGrant,
            InvalidScope: RFC 6749 §5.2. InvalidTarget: RFC 8707 §2. InvalidDpopProof: RFC 9449 §5.
        """
        asking, grant_type = await self._proven(view, request)  # 1 who asks
        return await self.issue(asking, await grant_type.redeem(asking))  # 2 for whom

    async def issue(self, asking: Asking, outcome: Outcome) -> TokenAnswer:
        """The tokens of an outcome.

        Raises:
            InvalidGrant: the account has no access here. InvalidScope: as `core.tokens.decide`.
        """
        holder: Holder | None = asking.itself  # 3 what is held
        if outcome.principal_id != asking.client.id:
            holder = await asking.view.principal(outcome.principal_id)
        if holder is None or holder.principal.disabled_at is not None:
            raise InvalidGrant("This account has no access here.")
        # 4 what is given
        held = holder.held
        if outcome.resources:
            held = asking.audiences.ceiling(outcome.resources).within(held)
        if outcome.authorization_details:
            outcome.authorization_details = details_within(outcome.authorization_details, held)
        meant = asking.rules.vocabulary.wholes.meant_by(outcome.requested)
        granted = tokens.decide(asking.form["grant_type"], meant, held)
        token = _issued(asking, outcome, granted)
        written = self._journal.write(token)
        # 5 mint, while the row is written
        answer = self._mint.answer(asking, outcome, holder, token)
        await written
        return answer

    async def _proven(self, view: View, request: TokenRequest) -> tuple[Asking, GrantType]:
        """The request with its client proven, and how its grant type is redeemed."""
        form, now = request.form, self._clock()
        name = form.get("grant_type")
        grant_type = self._grant_types.get(name or "")
        profile = profile_of(view.workspace)
        if name is not None:
            profile.check_grant_type(name)
        client = await self._client(view, request, grant_type)
        if name is None:
            raise InvalidRequest("The grant_type is missing.")
        if grant_type is None:
            raise UnsupportedGrantType("There is no such grant type here.")
        if name not in client.grant_types and name != JWT_BEARER:
            raise UnauthorizedClient("This client may not use this grant type.")
        itself = await view.principal(client.id)
        if itself is None or itself.principal.disabled_at is not None:
            raise UnauthorizedClient("This client is disabled.")
        confirmation = bound_to(
            client,
            request.confirmation,
            request.credential.certificate,
            always=profile.binds_tokens,
        )
        check_proven(client, confirmation)
        profile.check_binding(confirmation)
        asking = Asking(
            view=view,
            issuer=f"{self._mint.public_url}/w/{view.workspace.id}",
            client=client,
            itself=itself,
            settings=view.rules.tokens_of(client),
            form=form,
            resources=request.resources,
            confirmation=confirmation,
            now=now,
        )
        return asking, grant_type

    async def _client(
        self, view: View, request: TokenRequest, grant_type: GrantType | None
    ) -> Client:
        """Who asks, proven by a credential, or by the assertion that is the grant (RFC 7523 §3.1).

        Such a grant needs no leave of its own: who trusts its issuer has named the client.
        """
        credential, form = request.credential, request.form
        if isinstance(grant_type, JwtBearer):
            return await grant_type.client(view, credential, form)
        name = form.get("grant_type")
        return await self._authentication.client(view, credential, grant_type=name)


def _issued(asking: Asking, outcome: Outcome, granted: Scopes) -> IssuedToken:
    until = asking.now + asking.settings.access_lifetime
    return IssuedToken(
        id=ids.new_id("tok"),
        workspace_id=asking.client.workspace_id,
        principal_id=outcome.principal_id,
        client_id=asking.client.id,
        session_id=None if outcome.session is None else outcome.session.id,
        scopes=granted,
        issued_at=asking.now,
        expires_at=until if outcome.not_after is None else min(until, outcome.not_after),
    )
