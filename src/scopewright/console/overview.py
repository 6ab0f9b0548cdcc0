"""The workspace at a glance: what identifies it, what it holds, and the first steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from scopewright.console.desk import Desk
from scopewright.console.render import instant
from scopewright.languages import spoken

SOON = timedelta(days=30)
MOST_KEYS = 100
_DENIALS = "scopewright_denials_total"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it counts, and the page that lists it."""

    name: str
    number: int
    path: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps: where it is taken, and whether it is."""

    says: str
    path: str
    is_done: bool


async def show(desk: Desk) -> Response:
    """What identifies the workspace, and how to ask it for something."""
    numbers = await _numbers(desk)
    steps = list(_steps(desk, numbers))
    return await desk.page(
        "overview.html",
        issuer=desk.issuer,
        figures=[*_figures(numbers), *await _denials(desk)],
        ending=await _ending(desk),
        steps=steps,
        is_begun=all(step.is_done for step in steps),
    )


async def _numbers(desk: Desk) -> Mapping[str, int]:
    if not desk.may("workspace:read"):
        return {}
    found: Mapping[str, int] = (await desk.read("/numbers"))["numbers"]
    return found


def _figures(numbers: Mapping[str, int]) -> Iterator[Figure]:
    says = spoken().says
    told = {
        "members": says("Members"),
        "end-users": says("End-users"),
        "clients": says("Clients"),
        "sessions": says("Live sessions"),
        "api-keys": says("Live API keys"),
        "endpoints": says("Endpoints"),
    }
    for noun, name in told.items():
        if noun in numbers:
            yield Figure(name, numbers[noun], f"/{noun}")


async def _denials(desk: Desk) -> list[Figure]:
    """What was refused here since this server was started."""
    if not desk.may("metrics:read"):
        return []
    lines = (await desk.text("/metrics")).splitlines()
    refused = [line.rpartition(" ")[2] for line in lines if line.startswith(_DENIALS)]
    name = spoken().says("Refusals since the server was started")
    return [Figure(name, int(sum(map(float, refused))), None)]


async def _ending(desk: Desk) -> list[dict[str, Any]]:
    """The member's own keys that end soon, the first of them first."""
    if not desk.may("own-api-keys:read"):
        return []
    keys = (await desk.read("/api-keys", limit=MOST_KEYS))["data"]
    until = desk.now + SOON
    soon = [key for key in keys if key["expires_at"] and instant(key["expires_at"]) < until]
    return sorted(soon, key=lambda key: instant(key["expires_at"]))


def _steps(desk: Desk, numbers: Mapping[str, int]) -> Iterator[Step]:
    """The ones that are open to the member."""
    says = spoken().says
    told = [
        ("scopes", "scopes:create", says("Define a scope: what may be done.")),
        ("clients", "clients:create", says("Register a client: what asks for tokens.")),
        ("grants", "grants:create", says("Grant the client a scope.")),
        ("endpoints", "endpoints:create", says("Make an endpoint: where data comes in.")),
        ("end-users", "end-users:create", says("Invite an end-user.")),
    ]
    for noun, operation, words in told:
        if desk.may(operation):
            page = "/clients" if noun == "grants" else f"/{noun}"
            yield Step(words, page, numbers.get(noun, 0) > 0)
