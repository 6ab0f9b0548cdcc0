"""The audit log: who changed what, when and by which means, with before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from scopewright.console.desk import Desk, Fault
from scopewright.console.lists import Listing, listed
from scopewright.core.errors import Invalid, ScopewrightError

AT = "/audit"
ASKED = ("operation", "actor", "from", "to")
MOST_NAMED = 20  # actors of one page that are looked up
_SIDES = ("before", "after")


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that was changed; empty where it was not there."""

    member: str
    before: str
    after: str


async def index(desk: Desk) -> Response:
    """What happened, newest first."""
    fault = None
    try:
        events = await listed(desk, AT, *ASKED)
    except Invalid as error:
        fault, events = Fault.of(error), Listing([], desk.at(AT), {}, None, is_first=True)
    return await desk.page(
        "audit.html",
        typed={name: desk.visit.query(name) or "" for name in ASKED},
        fault=fault,
        events=events,
        names=await _names(desk, [event["actor"] for event in events.rows]),
        rows=[(event, *told(event["details"])) for event in events.rows],
    )


async def _names(desk: Desk, actors: list[str]) -> Mapping[str, str]:
    """What the actors are called, as far as the member may know them and they are still there."""
    names: dict[str, str] = {}
    if not desk.may("principals:read"):
        return names
    for id in list(dict.fromkeys(actors))[:MOST_NAMED]:
        try:
            names[id] = (await desk.read(f"/principals/{id}"))["name"]
        except ScopewrightError:
            continue
    return names


def told(details: Mapping[str, Any]) -> tuple[list[Difference], list[tuple[str, str]]]:
    """What was changed, side by side; and what else is said of it."""
    before, after = (dict(_flat("", details.get(side))) for side in _SIDES)
    changed = [
        Difference(member, before.get(member, ""), after.get(member, ""))
        for member in dict.fromkeys([*before, *after])
        if before.get(member) != after.get(member)
    ]
    others = {key: value for key, value in details.items() if key not in _SIDES}
    return changed, list(_flat("", others))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """The members of an object by their paths: `tokens.access_lifetime`."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif value is not None:
        yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
