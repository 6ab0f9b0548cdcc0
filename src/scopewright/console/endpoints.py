"""Endpoints: where data comes in; made, changed, switched, emptied and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.changing import differing, saved, switched
from scopewright.console.chart import lines_of
from scopewright.console.datapoints import senders
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import N_, spoken

AT = "/endpoints"
SHOWN = 100  # datapoints of the chart
ROWS = 10  # datapoints in the table


async def index(desk: Desk) -> Response:
    """All of them."""
    return await desk.page("endpoints.html", endpoints=await listed(desk, AT))


async def ask_create(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The form for a new one."""
    return await desk.page("endpoint_new.html", form=form, fault=fault)


async def create(desk: Desk) -> Response:
    """Make one."""
    form = desk.form()
    sent: dict[str, Any] = dict(form.sent("name", "url_path", "auth", "write_scope"))
    if _clients(form):
        sent["clients"] = _clients(form)
    if form.has("read"):
        sent["read"] = True
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await ask_create(desk, form, Fault.of(error))
    said = spoken().says("The endpoint %(name)s takes data from now on.") % made
    return desk.back(f"{AT}/{made['id']}", Note(said, desk.command("POST", AT, sent)))


def _clients(form: Form) -> list[str]:
    return form.text("clients").replace(",", " ").split()


async def show(desk: Desk, form: Form | None = None, fault: Fault | None = None) -> Response:
    """One of them, with what came in lately."""
    endpoint = await desk.read(_path(desk))
    points: list[Mapping[str, Any]] = []
    if desk.may("data:read"):
        points = (await desk.read("/datapoints", endpoint=endpoint["id"], limit=SHOWN))["data"]
    return await desk.page(
        "endpoint.html",
        endpoint=endpoint,
        points=points[:ROWS],
        lines=lines_of(points),
        senders=await senders(desk, points[:ROWS]),
        form=form or _as_it_is(endpoint),
        fault=fault,
    )


def _as_it_is(endpoint: Mapping[str, Any]) -> Form:
    pairs = [(name, endpoint[name] or "") for name in ("name", "url_path", "auth", "write_scope")]
    pairs.append(("clients", " ".join(endpoint["clients"])))
    return Form([*pairs, ("read", "yes")] if endpoint["read"] else pairs)


async def change(desk: Desk) -> Response:
    """Change what is different from before."""
    form, path = desk.form(), _path(desk)
    wanted = {
        **{name: form.text(name) for name in ("name", "url_path", "auth")},
        "write_scope": form.text("write_scope") or None,
        "clients": sorted(_clients(form)),
        "read": form.has("read"),
    }
    sent = differing(wanted, await desk.read(path))
    said = spoken().says("The endpoint is changed.")
    return await saved(desk, path, sent, said=said, again=partial(show, desk, form))


async def activate(desk: Desk) -> Response:
    """Switch one on or off."""
    return await switched(
        desk,
        _path(desk),
        on=N_("The endpoint takes data again."),
        off=N_("The endpoint takes no data from now on."),
    )


async def deleting(desk: Desk) -> Act:
    """Deleting an endpoint."""
    says, endpoint = spoken().says, await desk.read(_path(desk))
    return Act(
        "DELETE",
        _path(desk),
        title=says("Delete the endpoint %(name)s?") % endpoint,
        says=(says("Nobody can send to it any more. What came in through it stays."),),
        button=says("Delete"),
        done=says("The endpoint %(name)s is deleted.") % endpoint,
        keep=_path(desk),
        back=AT,
    )


async def emptying(desk: Desk) -> Act:
    """Deleting what came in through an endpoint."""
    says, endpoint = spoken().says, await desk.read(_path(desk))
    return Act(
        "DELETE",
        "/datapoints",
        title=says("Delete what came in through %(name)s?") % endpoint,
        says=(says("The endpoint stays and goes on taking data."),),
        button=says("Delete the datapoints"),
        done=says("What came in through %(name)s is deleted.") % endpoint,
        keep=_path(desk),
        back=_path(desk),
        sent={"endpoint": endpoint["id"]},
    )


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['id']}"
