"""The token endpoint (RFC 6749 §3.2)."""

from __future__ import annotations

from typing import Any

from scopewright.authority import View
from scopewright.core.errors import ScopewrightError
from scopewright.core.particulars import Confirmation
from scopewright.metrics import ISSUED, Metrics
from scopewright.oauth.errors import code_of
from scopewright.proofs import Proofs
from scopewright.services.tokens.exchange import TokenRequest, Tokens
from scopewright.services.tokens.minting import TokenAnswer
from scopewright.web.credentials import brings_proof, client_credential_of, possession_of
from scopewright.web.http import Answer, Request, json_answer, with_resources


class TokenEndpoint:
    """`POST {issuer}/token`."""

    def __init__(self, tokens: Tokens, proofs: Proofs, metrics: Metrics) -> None:
        self._tokens = tokens
        self._proofs = proofs
        self._metrics = metrics

    async def token(self, request: Request, view: View) -> Answer:
        """Tokens for a grant, as RFC 6749 §5.1 spells them."""
        form, resources = with_resources(await request.form_pairs())
        outcome, grant_type = ISSUED, form.get("grant_type")
        try:
            return json_answer(_spelled(await self._exchanged(request, view, form, resources)))
        except ScopewrightError as error:
            outcome = code_of(error)
            raise
        finally:
            self._metrics.token(view.workspace.id, grant_type, outcome)

    async def _exchanged(
        self, request: Request, view: View, form: dict[str, str], resources: tuple[str, ...]
    ) -> TokenAnswer:
        credential = client_credential_of(request.header(b"authorization"), form, request.scope)
        confirmation = await confirmation_of(request, view, self._proofs)
        asked = TokenRequest(credential, form, resources, confirmation)
        return await self._tokens.exchange(view, asked)


async def confirmation_of(request: Request, view: View, proofs: Proofs) -> Confirmation | None:
    """The key that a DPoP proof binds what is asked for to (RFC 9449 §5, §10.1)."""
    if not brings_proof(request.scope):
        return None
    proof = proofs.check(view.workspace, possession_of(request.scope))
    return Confirmation(jkt=await proofs.spend(proof))


def _spelled(answer: TokenAnswer) -> dict[str, Any]:
    spelled: dict[str, Any] = {
        "access_token": answer.access_token,
        "token_type": answer.token_type,
        "expires_in": answer.expires_in,
        "scope": answer.scope,
    }
    if answer.refresh_token is not None:
        spelled["refresh_token"] = answer.refresh_token
        spelled["refresh_token_expires_in"] = answer.refresh_token_expires_in
    if answer.id_token is not None:
        spelled["id_token"] = answer.id_token
    if answer.issued_token_type is not None:
        spelled["issued_token_type"] = answer.issued_token_type
    if answer.authorization_details:
        spelled["authorization_details"] = list(answer.authorization_details)
    return spelled
