"""Introspection (RFC 7662), revocation (RFC 7009) and userinfo endpoints."""

from __future__ import annotations

from scopewright.access import Access
from scopewright.authority import View
from scopewright.core.errors import InvalidRequest
from scopewright.services.introspection import Introspection
from scopewright.web.credentials import bearer_of, client_credential_of
from scopewright.web.http import NO_STORE, Answer, Request, json_answer, unauthenticated


class IntrospectionEndpoints:
    """`POST {issuer}/introspect`, `POST {issuer}/revoke`, `GET {issuer}/userinfo`."""

    def __init__(self, introspection: Introspection, access: Access) -> None:
        self._introspection = introspection
        self._access = access

    async def introspect(self, request: Request, view: View) -> Answer:
        """What is true of a token, told to whom it concerns."""
        form = await request.form()
        authorization = request.header(b"authorization")
        bearer = bearer_of(authorization)
        credential = None if bearer else client_credential_of(authorization, form)
        secret = None if bearer is None else bearer.secret
        await self._introspection.asker(view, bearer=secret, credential=credential)
        return json_answer(await self._introspection.introspect(view, _token(form)))

    async def revoke(self, request: Request, view: View) -> Answer:
        """Revoke a token; the answer is the same for one that never was."""
        form = await request.form()
        authorization = request.header(b"authorization")
        bearer = bearer_of(authorization)
        if bearer is not None and bearer.is_api_key and form.get("token") == bearer.secret:
            if not await self._introspection.revoke_key(view, bearer.secret):
                raise unauthenticated(presented=True)
            return Answer(200, b"", (NO_STORE,))
        credential = client_credential_of(authorization, form)
        await self._introspection.revoke(view, credential, _token(form))
        return Answer(200, b"", (NO_STORE,))

    async def userinfo(self, request: Request, view: View) -> Answer:
        """A person's own name, scopes and metadata."""
        bearer = bearer_of(request.header(b"authorization"))
        caller = await self._access.bearer(view, bearer.secret) if bearer else None
        if caller is None:
            raise unauthenticated(presented=bearer is not None)
        return json_answer(await self._introspection.userinfo(view, caller))


def _token(form: dict[str, str]) -> str:
    if "token" not in form:
        raise InvalidRequest("The token is missing.")
    return form["token"]
