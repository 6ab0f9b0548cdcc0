"""Introspection (RFC 7662) and revocation (RFC 7009) endpoints."""

from __future__ import annotations

from scopewright.authority import View
from scopewright.core.errors import InvalidRequest
from scopewright.core.model import Client
from scopewright.services.introspection import JWT_TYPE, Introspection
from scopewright.web.credentials import client_credential_of, presented_of
from scopewright.web.http import NO_STORE, Answer, Request, json_answer, unauthenticated

MEDIA_TYPE = f"application/{JWT_TYPE}"


class IntrospectionEndpoints:
    """`POST {issuer}/introspect` and `POST {issuer}/revoke`."""

    def __init__(self, introspection: Introspection) -> None:
        self._introspection = introspection

    async def introspect(self, request: Request, view: View) -> Answer:
        """What is true of a token, told to whom it concerns."""
        form = await request.form()
        authorization = request.header(b"authorization")
        presented = presented_of(authorization, request.scope)
        credential = None if presented else client_credential_of(authorization, form, request.scope)
        secret = None if presented is None else presented.secret
        asker = await self._introspection.asker(view, bearer=secret, credential=credential)
        told = await self._introspection.introspect(
            view, _token(form), resource=form.get("resource")
        )
        if asker is None or not _wants_jwt(request, asker):
            return json_answer(told)
        signed = self._introspection.signed(view, asker, told)
        return Answer(200, signed.encode(), ((b"content-type", MEDIA_TYPE.encode()), NO_STORE))

    async def revoke(self, request: Request, view: View) -> Answer:
        """Revoke a token; the answer is the same for one that never was."""
        form = await request.form()
        authorization = request.header(b"authorization")
        presented = presented_of(authorization, request.scope)
        if presented is not None and presented.is_api_key and form.get("token") == presented.secret:
            if not await self._introspection.revoke_key(view, presented.secret):
                raise unauthenticated(presented=True)
            return Answer(200, b"", (NO_STORE,))
        credential = client_credential_of(authorization, form, request.scope)
        await self._introspection.revoke(view, credential, _token(form))
        return Answer(200, b"", (NO_STORE,))


def _wants_jwt(request: Request, asker: Client) -> bool:
    """Whether the answer is a JWT: as the client is registered, or asks for now (RFC 9701 §4)."""
    if asker.registration.introspection_signed_response_alg is not None:
        return True
    accepted = (value for name, value in request.scope["headers"] if name == b"accept")
    return any(MEDIA_TYPE.encode() in value.lower() for value in accepted)


def _token(form: dict[str, str]) -> str:
    if "token" not in form:
        raise InvalidRequest("The token is missing.")
    return form["token"]
