"""The catalogue browser: services, their roles, and the scopes that these come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from scopewright.console.desk import Desk


@dataclass(frozen=True, slots=True)
class Service:
    """What roles and scopes are about; `name` is empty for what is about nothing in particular."""

    name: str
    description: str
    roles: tuple[Mapping[str, Any], ...]
    scopes: tuple[Mapping[str, Any], ...]


async def browse(desk: Desk) -> Response:
    """Everything, or what has to do with the scopes that are searched for."""
    asked = desk.visit.query("q") or ""
    words = await desk.read("/vocabulary")
    found = [(one["name"], services(one, asked)) for one in words["catalogues"]]
    return await desk.page(
        "catalogue.html",
        asked=asked,
        catalogues=[(name, some) for name, some in found if some],
        command=desk.command("GET", "/vocabulary"),
    )


def services(catalogue: Mapping[str, Any], asked: str) -> list[Service]:
    """The services of a catalogue, with the roles and scopes that fit what is asked for."""
    fits = _fitting(catalogue, asked.casefold())
    of_roles: dict[str, list[Mapping[str, Any]]] = {}
    for role in catalogue["roles"]:
        if _is_shown(role, fits, asked):
            about = role["resource"] or role["application"] or ""
            of_roles.setdefault(about, []).append(role)
    found = [
        Service(
            resource["name"] or "",
            resource["description"],
            tuple(of_roles.pop(resource["name"] or "", ())),
            tuple(scope for scope in resource["scopes"] if scope["name"] in fits),
        )
        for resource in catalogue["resources"]
    ]
    rest = [Service(name, "", tuple(roles), ()) for name, roles in of_roles.items()]
    return [one for one in (*found, *rest) if one.roles or one.scopes]


def _fitting(catalogue: Mapping[str, Any], asked: str) -> frozenset[str]:
    """The scopes whose name or description has what is asked for in it."""
    scopes = (scope for one in catalogue["resources"] for scope in one["scopes"])
    return frozenset(
        scope["name"]
        for scope in scopes
        if asked in scope["name"].casefold() or asked in scope["description"].casefold()
    )


def _is_shown(role: Mapping[str, Any], fits: Iterable[str], asked: str) -> bool:
    in_name = asked.casefold() in role["name"].casefold()
    return in_name or not set(role["scopes"]).isdisjoint(fits)
