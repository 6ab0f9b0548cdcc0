"""Acts that take something away: each has a page that says first, in numbers, what it comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import RedirectResponse, Response

from scopewright.console.desk import Desk, Facts, Fault
from scopewright.console.notes import Note
from scopewright.console.reception import DeskHandler, OwnPage, WorkspacePage
from scopewright.core.errors import Conflict, Invalid, SignInTooOld
from scopewright.languages import spoken

TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Act:
    """A call of the API that is asked about first. All that is said is in the visit's language.

    `keep` is the page to which no leads, `back` the one that follows; None where there is no desk
    any more, and one is led `away`. `loses` are scopes that somebody would hold no more. `typed`
    must be typed before it is done. `is_forcible`: what is in use is refused first, with who uses
    it, and done when one insists.
    """

    method: str
    path: str
    title: str
    says: tuple[str, ...]
    button: str
    done: str
    keep: str
    back: str | None
    sent: Facts = field(default_factory=dict)
    loses: tuple[str, ...] = ()
    typed: str = ""
    is_forcible: bool = False
    away: str = "/"

    def as_sent(self, *, forced: bool) -> dict[str, Any]:
        """What goes with the call."""
        return {**self.sent, "force": True} if forced else dict(self.sent)


ActMaker = Callable[[Desk], Awaitable[Act]]


def asked(path: str, make: ActMaker, operation: str) -> list[WorkspacePage]:
    """The page that asks about an act, and its button."""
    return [(*page, operation) for page in asked_of_own(path, make)]


def asked_of_own(path: str, make: ActMaker) -> list[OwnPage]:
    """The same about what is one's own."""
    return [("GET", path, _asking(make)), ("POST", path, _acting(make))]


def _asking(make: ActMaker) -> DeskHandler:
    async def ask(desk: Desk) -> Response:
        return await _ask(desk, await make(desk), None)

    return ask


def _acting(make: ActMaker) -> DeskHandler:
    async def act(desk: Desk) -> Response:
        form, wanted = desk.form(), await make(desk)
        typed = form.text(TYPED)
        if wanted.typed and typed != wanted.typed:
            wrong = Fault(spoken().says("This is not its name."), TYPED)
            return await _ask(desk, wanted, wrong, typed)
        sent = wanted.as_sent(forced=form.has("force") and wanted.is_forcible)
        try:
            await desk.change(wanted.method, wanted.path, sent)
        except (Conflict, Invalid, SignInTooOld) as error:
            return await _ask(desk, wanted, Fault.of(error), typed)
        if wanted.back is None:
            return RedirectResponse(wanted.away, 303, {"cache-control": "no-store"})
        return desk.back(
            wanted.back, Note(wanted.done, desk.command(wanted.method, wanted.path, sent))
        )

    return act


async def _ask(desk: Desk, act: Act, fault: Fault | None, typed: str = "") -> Response:
    """The page once more; where it would be refused anyway, it says so instead of numbers."""
    is_in_use = fault is not None and not fault.is_old_sign_in and fault.field != TYPED
    insists, rehearsed = is_in_use and act.is_forcible, None
    status = 200 if fault is None else 409 if is_in_use else 422
    try:
        sent = act.as_sent(forced=act.is_forcible)
        rehearsed = await desk.rehearse(act.method, act.path, sent)
    except (Conflict, Invalid) as error:
        fault = fault or Fault.of(error)
    return await desk.page(
        desk.ACT_PAGE,
        status=status,
        act=act,
        fault=fault,
        typed=typed,
        insists=insists,
        rehearsed=rehearsed,
        command=desk.command(act.method, act.path, act.as_sent(forced=insists)),
    )
