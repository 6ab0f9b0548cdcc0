"""MQTT configurations: the outside brokers that are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.changing import differing, saved, switched
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import N_, spoken

AT = "/mqtt-configs"
FIELDS = ("name", "broker_url", "topic_filter", "write_scope")


async def index(desk: Desk) -> Response:
    """All of them."""
    return await desk.page("mqtt_configs.html", configs=await listed(desk, AT))


async def ask_create(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The form for a new one."""
    return await desk.page("mqtt_config_new.html", form=form, fault=fault)


async def create(desk: Desk) -> Response:
    """Add one."""
    form = desk.form()
    sent = form.sent(*FIELDS)
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await ask_create(desk, form, Fault.of(error))
    said = spoken().says("The broker %(name)s is added.") % made
    return desk.back(f"{AT}/{made['id']}", Note(said, desk.command("POST", AT, sent)))


async def show(desk: Desk, form: Form | None = None, fault: Fault | None = None) -> Response:
    """One of them."""
    config = await desk.read(_path(desk))
    return await desk.page(
        "mqtt_config.html",
        config=config,
        form=form or _as_it_is(config),
        fault=fault,
    )


def _as_it_is(config: Mapping[str, Any]) -> Form:
    return Form([(name, config[name] or "") for name in FIELDS])


async def change(desk: Desk) -> Response:
    """Change what is different from before."""
    form, path = desk.form(), _path(desk)
    wanted: dict[str, Any] = {name: form.text(name) for name in FIELDS}
    wanted["write_scope"] = wanted["write_scope"] or None
    sent = differing(wanted, await desk.read(path))
    said = spoken().says("The broker is changed.")
    return await saved(desk, path, sent, said=said, again=partial(show, desk, form))


async def activate(desk: Desk) -> Response:
    """Wish for one to be read, or not."""
    return await switched(
        desk,
        _path(desk),
        on=N_("The broker is to be read."),
        off=N_("The broker is not to be read."),
    )


async def deleting(desk: Desk) -> Act:
    """Deleting a broker."""
    says, config = spoken().says, await desk.read(_path(desk))
    return Act(
        "DELETE",
        _path(desk),
        title=says("Delete the broker %(name)s?") % config,
        says=(says("It is read no more. What came in from it stays."),),
        button=says("Delete"),
        done=says("The broker %(name)s is deleted.") % config,
        keep=_path(desk),
        back=AT,
    )


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['id']}"
