"""The token endpoint (RFC 6749 §3.2)."""

from __future__ import annotations

from typing import Any

from scopewright.authority import View
from scopewright.services.tokens import TokenAnswer, Tokens
from scopewright.web.credentials import client_credential_of
from scopewright.web.http import Answer, Request, json_answer


class TokenEndpoint:
    """`POST {issuer}/token`."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token(self, request: Request, view: View) -> Answer:
        """Tokens for a grant, as RFC 6749 §5.1 spells them."""
        form = await request.form()
        credential = client_credential_of(request.header(b"authorization"), form)
        return json_answer(_spelled(await self._tokens.exchange(view, credential, form)))


def _spelled(answer: TokenAnswer) -> dict[str, Any]:
    spelled: dict[str, Any] = {
        "access_token": answer.access_token,
        "token_type": "Bearer",
        "expires_in": answer.expires_in,
        "scope": answer.scope,
    }
    if answer.refresh_token is not None:
        spelled["refresh_token"] = answer.refresh_token
    return spelled
