"""The pushed authorization request endpoint (RFC 9126 §2)."""

from __future__ import annotations

from scopewright.authority import View
from scopewright.oauth.token import confirmation_of
from scopewright.proofs import Proofs
from scopewright.services.pushed_requests import Push, PushedRequests
from scopewright.web.credentials import client_credential_of
from scopewright.web.http import Answer, Request, json_answer, with_resources


class ParEndpoint:
    """`POST {issuer}/par`."""

    def __init__(self, pushed_requests: PushedRequests, proofs: Proofs) -> None:
        self._pushed_requests = pushed_requests
        self._proofs = proofs

    async def push(self, request: Request, view: View) -> Answer:
        """A name for the request, which the browser brings to `/authorize`."""
        pairs = await request.form_pairs()
        form, _ = with_resources(pairs)
        credential = client_credential_of(request.header(b"authorization"), form, request.scope)
        confirmation = await confirmation_of(request, view, self._proofs)
        pushed = await self._pushed_requests.push(view, Push(credential, pairs, confirmation))
        body = {"request_uri": pushed.request_uri, "expires_in": pushed.expires_in}
        return json_answer(body, status=201)
