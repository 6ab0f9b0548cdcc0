"""The userinfo endpoint (OpenID Connect Core §5.3.1)."""

from __future__ import annotations

from scopewright.access import Access
from scopewright.authority import View
from scopewright.core.caller import Presented
from scopewright.core.errors import InvalidRequest
from scopewright.services.userinfo import Userinfo
from scopewright.web.credentials import presented_of
from scopewright.web.http import FORM, NO_STORE, Answer, Request, json_answer, unauthenticated

JWT_TYPE = (b"content-type", b"application/jwt")


class UserinfoEndpoint:
    """`GET` and `POST {issuer}/userinfo`."""

    def __init__(self, userinfo: Userinfo, access: Access) -> None:
        self._userinfo = userinfo
        self._access = access

    async def userinfo(self, request: Request, view: View) -> Answer:
        """A person's own name, claims, scopes and metadata."""
        presented = await _presented(request)
        caller = await self._access.bearer(view, presented) if presented else None
        if caller is None:
            raise unauthenticated(presented=presented is not None)
        facts = await self._userinfo.of(view, caller)
        if isinstance(facts, str):
            return Answer(200, facts.encode(), (JWT_TYPE, NO_STORE))
        return json_answer(facts)


async def _presented(request: Request) -> Presented | None:
    """Of the header (RFC 6750 §2.1) or of the form (§2.2).

    Raises:
        InvalidRequest: of both (§2).
    """
    presented = presented_of(request.header(b"authorization"), request.scope)
    content_type = request.header(b"content-type") or ""
    if request.scope["method"] != "POST" or not content_type.startswith(FORM):
        return presented
    posted = (await request.form()).get("access_token")
    if presented is not None and posted is not None:
        raise InvalidRequest("Present the access token once.")
    return presented if posted is None else Presented(posted, request.scope)
