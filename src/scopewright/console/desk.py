"""A member at work on a page of a workspace: what they may do, and the calls they make.

The pages have no rules of their own: whatever they show or change is a call of the management API
within this process, made as the member who visits, and refused as anybody's would be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from scopewright.commands.spelled import command_for
from scopewright.console.notes import COOKIE, SECONDS, Note
from scopewright.console.places import Place, open_to
from scopewright.console.render import Console, page
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden, ScopewrightError, SignInTooOld
from scopewright.core.model import PrincipalKind, Workspace
from scopewright.core.return_paths import AGAIN, way_back
from scopewright.languages import spoken
from scopewright.web import problems
from scopewright.web.calling import Answer, Call, answer_to
from scopewright.web.cookies import ANTI_FORGERY_FIELD
from scopewright.web.http import check_form_type, parse_pairs
from scopewright.web.visit import Visit

Facts = Mapping[str, Any]
MOST_TICKED = 5_000  # boxes of one form: a role may list every scope that there is


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How many a change would add, remove, end and revoke, by noun and verb.

    `needs_sign_in`: the change itself would be refused, for the member's sign-in is too old.
    """

    changes: Mapping[str, Mapping[str, int]]
    needs_sign_in: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a form was refused: beside the field it names, or above the form.

    `is_old_sign_in`: it may be sent again as it is, once the member has signed in again.
    """

    detail: str
    field: str = ""
    facts: Facts | None = None
    is_old_sign_in: bool = False

    @classmethod
    def of(cls, error: ScopewrightError) -> Fault:
        """What an error says to whoever filled the form in."""
        field, is_old = str(error.facts.get("field", "")), isinstance(error, SignInTooOld)
        return cls(spoken().tells(error.detail), field, error.facts, is_old)

    def beside(self, field: str) -> Fault:
        """The same beside this field, where the error names none."""
        return self if self.field or self.is_old_sign_in else replace(self, field=field)

    def at(self, *fields: str) -> str:
        """What is to stand beside these fields; empty for all others."""
        return self.detail if self.field.partition(".")[0] in fields else ""


@dataclass(frozen=True, slots=True)
class Desk:
    """One visit of a member. `cookie` is the browser's; `person` is who it is, for people."""

    ACT_PAGE: ClassVar = "act.html"  # what asks about something before it is taken away
    console: Console
    api: ASGIApp
    visit: Visit
    cookie: str
    workspace: Workspace
    caller: Caller
    person: str

    # --- where ----------------------------------------------------------------------------------

    def at(self, path: str, **query: str | None) -> str:
        """The address of a page of this workspace."""
        said = urlencode({key: value for key, value in query.items() if value})
        return f"{self.home}{path}{'?' if said else ''}{said}"

    @property
    def home(self) -> str:
        """The address of the workspace's first page."""
        return f"/workspaces/{quote(self.workspace.slug)}"

    @property
    def issuer(self) -> str:
        """Who signs the workspace's tokens."""
        return f"{self.console.sign_ins.public_url}/w/{self.workspace.id}"

    @property
    def named(self) -> Mapping[str, str]:
        """The parts of the address that the page's route names."""
        return self.visit.path

    @property
    def here(self) -> str:
        """The address of this page, as it was asked for."""
        return self.visit.address

    @property
    def places(self) -> list[tuple[str, list[Place]]]:
        """The menu, as far as it is open to the member."""
        return list(open_to(self.caller))

    def is_at(self, path: str) -> bool:
        """Whether this page is that place of the menu, or below it."""
        here = str(self.visit.scope["path"]).removeprefix(self.at(""))
        return here == path or bool(path and here.startswith(f"{path}/"))

    def is_exactly(self, path: str) -> bool:
        """Whether this page is that one, whatever is asked of it."""
        return str(self.visit.scope["path"]) == self.at(path)

    @property
    def now(self) -> datetime:
        """The moment of the visit."""
        return self.console.account.clock()

    # --- what may be done -----------------------------------------------------------------------

    def may(self, operation: str) -> bool:
        """Whether an operation is open to the member."""
        return self.caller.may(operation)

    def opener(self, operation: str) -> str:
        """The scope that opens an operation."""
        return self.caller.vocabulary.opener(operation) or operation

    # --- calls ----------------------------------------------------------------------------------

    async def read(self, path: str, **query: object) -> Any:
        """What the API answers to a GET below the workspace.

        Raises:
            ScopewrightError: it refuses, with its own words.
        """
        return (await self._answer("GET", path, {k: v for k, v in query.items() if v})).value

    async def change(self, method: str, path: str, sent: Facts | None = None) -> Any:
        """What the API answers to a change; `sent` is the body, or the query of a DELETE.

        Raises:
            ScopewrightError: it refuses, with its own words.
        """
        return await self._changed(method, path, sent or {}, {})

    async def rehearse(self, method: str, path: str, sent: Facts | None = None) -> Rehearsed:
        """What a change would come to; nothing is changed.

        Raises:
            ScopewrightError: the API would refuse it, with its own words.
        """
        answer = await self._changed(method, path, sent or {}, {"dry_run": True})
        return Rehearsed(answer["changes"], answer.get("sign_in_again", False))

    async def told_of(self, credential: str) -> Any:
        """What the API tells whoever presents a token or key; None if it is not good here."""
        answer = await answer_to(self.api, Call("GET", "/api/whoami", "", None), credential)
        if answer.is_refusal or answer.value["workspace"] != self.workspace.id:
            return None
        return answer.value

    def command(self, method: str, path: str, sent: Facts | None = None) -> str | None:
        """The command that makes the same call."""
        return command_for(method, quote(path), sent or {}, workspace=self.workspace.slug)

    async def text(self, path: str) -> str:
        """What the API answers to a GET below the workspace that it does not answer with JSON.

        Raises:
            ScopewrightError: it refuses, with its own words.
        """
        return (await self._answer("GET", path, {})).text

    async def _changed(self, method: str, path: str, sent: Facts, query: Facts) -> Any:
        if method == "DELETE":  # has no body
            return (await self._answer(method, path, {**sent, **query})).value
        return (await self._answer(method, path, query, json.dumps(sent).encode())).value

    async def _answer(
        self, method: str, path: str, query: Facts, body: bytes | None = None
    ) -> Answer:
        said = {k: str(v).lower() if isinstance(v, bool) else v for k, v in query.items()}
        whole = f"/api/workspaces/{self.workspace.id}{path}"
        call = Call(method, whole, urlencode(said, doseq=True), body)
        answer = await answer_to(self.api, call, self.caller)
        if answer.is_refusal:
            raise problems.error_of(answer.value or {})
        return answer

    # --- forms and pages ------------------------------------------------------------------------

    def form(self) -> Form:
        """The form that was sent.

        Raises:
            Forbidden: it was not made for this browser.
            InvalidRequest: it cannot be read.
        """
        check_form_type(self.visit.header(b"content-type"))
        pairs = parse_pairs(self.visit.body, most=MOST_TICKED)
        presented = next((value for name, value in pairs if name == ANTI_FORGERY_FIELD), None)
        origin, cookies = self.visit.header(b"origin"), self.console.cookies
        id = self.caller.principal.id
        if presented and cookies.is_anti_forgery_for(id, presented, now=self.now):
            presented = self.anti_forgery  # the form is from before the member signed in again
        cookies.check_anti_forgery(self.cookie, presented, origin=origin)
        return Form([pair for pair in pairs if pair[0] != ANTI_FORGERY_FIELD])

    async def page(self, template: str, *, status: int | None = None, **facts: Any) -> Response:
        """A page of this workspace; what the last one left to be said is said on it."""
        note, fault = self._note(), facts.get("fault")
        is_asked = isinstance(fault, Fault) and fault.is_old_sign_in
        response = await run_in_threadpool(
            page,
            template,
            status=status,
            desk=self,
            note=note,
            is_asked_to_sign_in=is_asked,
            anti_forgery=self._lasting_anti_forgery() if is_asked else self.anti_forgery,
            **facts,
        )
        if note is not None:
            self.console.set_cookie(response, COOKIE, "", max_age=0)
        return response

    @property
    def anti_forgery(self) -> str:
        """The token of forms for this browser, as it is signed in now."""
        return self.console.cookies.anti_forgery(self.cookie)

    def _lasting_anti_forgery(self) -> str:
        return self.console.cookies.anti_forgery_for(self.caller.principal.id, self.now)

    @property
    def way_to_sign_in(self) -> str:
        """The address at which the member signs in again, and is led back to this page."""
        return f"/sign-in?{urlencode({'continue': way_back(self.here) or AGAIN})}"

    def _note(self) -> Note | None:
        sealed = self.console.cookie(self.visit, COOKIE)
        return self.console.notes.opened(sealed, browser=self.cookie) if sealed else None

    def back(self, path: str, note: Note) -> Response:
        """To a page of this workspace, on which is said what was done."""
        response = RedirectResponse(self.at(path), 303, {"cache-control": "no-store"})
        sealed = self.console.notes.sealed(note, browser=self.cookie)
        self.console.set_cookie(response, COOKIE, sealed, max_age=SECONDS)
        return response


@dataclass(frozen=True, slots=True)
class OwnDesk(Desk):
    """A visit of a person to a record of their own. Its pages stand apart from the workspace's."""

    ACT_PAGE: ClassVar = "own_act.html"

    @property
    def home(self) -> str:
        """The address of the record's own page."""
        return f"/me/{quote(self.caller.principal.id)}"

    @property
    def is_member(self) -> bool:
        """Whether the person manages the workspace, and so may use the command line."""
        return self.caller.principal.kind is PrincipalKind.MEMBER

    def command(self, method: str, path: str, sent: Facts | None = None) -> str | None:
        """The command that makes the same call, for those who have the command line."""
        return Desk.command(self, method, path, sent) if self.is_member else None


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed and ticked."""

    pairs: list[tuple[str, str]]

    def text(self, name: str) -> str:
        """A field's text, without spaces around it; empty where nothing was typed."""
        return next((value.strip() for key, value in self.pairs if key == name), "")

    def texts(self, name: str) -> list[str]:
        """All that was chosen, of a list in which one may choose several."""
        return [value for key, value in self.pairs if key == name and value]

    def has(self, name: str) -> bool:
        """Whether a box was ticked, or a button pressed."""
        return any(key == name for key, _ in self.pairs)

    def sent(self, *names: str) -> dict[str, str]:
        """The texts of these fields, without those that were left empty."""
        return {name: self.text(name) for name in names if self.text(name)}


EMPTY = Form([])


def missing_scope(error: ScopewrightError) -> str | None:
    """The scope for want of which something was refused."""
    missing = error.missing if isinstance(error, Forbidden) else ()
    return missing[0] if missing else None
