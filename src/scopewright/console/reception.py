"""Gives members a desk: who visits a page of a workspace, and whether it is open to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from scopewright.access import Access
from scopewright.authority import Authority
from scopewright.console.desk import Desk, Fault, OwnDesk, missing_scope
from scopewright.console.render import Console, refusal
from scopewright.core.errors import NotFound, ScopewrightError, SignInTooOld
from scopewright.core.model import EMAIL_PROVIDER
from scopewright.core.return_paths import workspace_page
from scopewright.web import problems
from scopewright.web.visit import Endpoint, Reception, Visit

MOST_NAMED = 100  # members that are looked at for administrators
DeskHandler = Callable[[Desk], Awaitable[Response]]
# Method, path below the workspace, handler, and the operation that opens it; None: open to members.
WorkspacePage = tuple[str, str, DeskHandler, str | None]
OwnPage = tuple[str, str, DeskHandler]  # of a record of one's own, which is open to its person


@dataclass(frozen=True, slots=True)
class Desks:
    """What it takes to give a member a desk."""

    console: Console
    authority: Authority
    access: Access
    api: ASGIApp
    reception: Reception

    def endpoint(self, handler: DeskHandler, operation: str | None) -> Endpoint:
        """A page of a workspace, for members to whom this operation is open; None: for all."""

        async def attending(visit: Visit) -> Response:
            desk = await self._desk(visit)
            if desk is None:
                return _away(visit)
            try:
                if operation is not None:
                    desk.caller.check(operation)
                return await handler(desk)
            except ScopewrightError as error:
                return await refused(desk, error)

        return self.reception.attended(attending)

    def personal(self, handler: DeskHandler) -> Endpoint:
        """A page of a record of whoever visits; refused things are said on a page of its own."""

        async def attending(visit: Visit) -> Response:
            desk = await self._own_desk(visit)
            return RedirectResponse("/sign-in", 303) if desk is None else await handler(desk)

        return self.reception.attended(attending)

    async def _own_desk(self, visit: Visit) -> Desk | None:
        """The desk of a person at a record of theirs; None where nobody is signed in.

        Raises:
            NotFound: it is not theirs, or they were signed out of it.
        """
        cookie = self.console.cookie(visit)
        sign_in = await self.access.sign_in(cookie)
        if sign_in is None or cookie is None:
            return None
        identity, id = sign_in.identity, visit.path["record"]
        record = await run_in_threadpool(self.console.account.record, identity, id=id)
        view = await self.authority.at(record.workspace_id) if record else None
        if record is None or view is None:
            raise NotFound("There is no such record of yours.")
        caller = await self.access.browser(view, sign_in, record.kind)
        if caller is None:
            raise NotFound("There is no such record of yours.")
        return OwnDesk(self.console, self.api, visit, cookie, view.workspace, caller, record.name)

    async def _desk(self, visit: Visit) -> Desk | None:
        """The desk of whoever visits; None where nobody is signed in.

        Raises:
            NotFound: the workspace is not there, or not theirs.
        """
        cookie = self.console.cookie(visit)
        sign_in = await self.access.sign_in(cookie)
        if sign_in is None or cookie is None:
            return None
        workspace_id = await self.authority.workspace_of_slug(visit.path["ws"])
        view = await self.authority.at(workspace_id) if workspace_id else None
        caller = await self.access.browser(view, sign_in) if view else None
        if view is None or caller is None:
            raise NotFound("There is no such workspace among yours.")
        identity, principal = sign_in.identity, caller.principal
        person = identity.subject if identity.provider == EMAIL_PROVIDER else principal.name
        return Desk(self.console, self.api, visit, cookie, view.workspace, caller, person)


def _away(visit: Visit) -> Response:
    """To the way in, and back here from there if that is a page and no form."""
    if visit.scope["method"] != "GET":
        return RedirectResponse("/sign-in", 303)
    here = workspace_page(visit.address)
    back = f"?continue={quote(here, safe='')}" if here else ""
    return RedirectResponse(f"/sign-in{back}", 303)


async def refused(desk: Desk, error: ScopewrightError) -> Response:
    """The page that says what was refused to a member, and who can give what is missing."""
    kind = problems.kind_of(error)
    if kind is problems.BUG:
        return refusal(error)
    missing = missing_scope(error)
    return await desk.page(
        "refused.html",
        status=kind.status,
        title=kind.title,
        detail=error.detail or kind.title,
        missing=missing,
        fault=Fault.of(error) if isinstance(error, SignInTooOld) else None,
        administrators=await _administrators(desk) if missing else [],
    )


async def _administrators(desk: Desk) -> list[str]:
    """Whom a member may ask for a scope; nobody, where they may not see who manages."""
    try:
        members = await desk.read("/members", limit=MOST_NAMED)
    except ScopewrightError:
        return []
    return [one["email"] for one in members["data"] if one["role"] == "admin"]
