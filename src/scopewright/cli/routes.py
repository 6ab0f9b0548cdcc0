"""`routes`: what each route of an application asks for, and what was forgotten."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from scopewright.cli.catalogue import read_catalogue
from scopewright.cli.login import JsonOption, UrlOption, WorkspaceOption, api_at
from scopewright.cli.output import Exit, Failure, say, say_json, say_table
from scopewright.core.scopes import Scopes

if TYPE_CHECKING:
    from scopewright.cli.api import Api
    from scopewright.guard.listing import ListedRoute

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:APP", help="As for uvicorn or gunicorn; MODULE:MAKE() calls what makes it."
    ),
]
ScopesOption = Annotated[
    list[str] | None,
    typer.Option("--scopes", help="The application's own scopes, with spaces between."),
]
ApplicationOption = Annotated[
    str | None,
    typer.Option("--application", help="Ask the server for this application's own scopes."),
]
CatalogueOption = Annotated[
    str | None,
    typer.Option(
        "--catalogue",
        help="A file of all scopes there are, or mindsphere; alone, it says the own ones too.",
    ),
]


@dataclass(frozen=True)
class Findings:
    """What an application forgot: routes that declare nothing, scopes that say nothing."""

    undeclared: list[ListedRoute]
    unused: list[str]
    unknown: list[str]

    def __bool__(self) -> bool:
        return bool(self.undeclared or self.unused or self.unknown)


def routes(
    target: TargetArgument,
    scopes: ScopesOption = None,
    application: ApplicationOption = None,
    catalogue: CatalogueOption = None,
    url: UrlOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List an application's routes with their scopes; 1 where something was forgotten."""
    own = frozenset(" ".join(scopes or ()).split())
    if application is not None:
        own |= _asked_for(application, api_at(url, workspace))
    known = (
        None
        if catalogue is None
        else own | {scope.name for scope in read_catalogue(catalogue).scopes}
    )
    listed = _listed(target)
    found = _findings(listed, own or known or own, known)
    if json:
        say_json(_spelled(listed, found))
    else:
        _show(listed, found)
    raise typer.Exit(Exit.DENIED if found else Exit.DONE)


def _asked_for(application: str, api: Api) -> Scopes:
    path = f"{api.workspace}/applications/{quote(application, safe='')}/scopes"
    return frozenset(scope["name"] for scope in api.pages(path, {}))


def _in_catalogue(name: str) -> Scopes:
    return frozenset(scope.name for scope in read_catalogue(name).scopes)


def _listed(target: str) -> list[ListedRoute]:
    from scopewright.guard.listing import Unreadable, routes_of

    try:
        return routes_of(_loaded(target))
    except Unreadable as error:
        raise Failure(f"{target} is {error}", Exit.USAGE) from None


def _loaded(target: str) -> Any:
    """What the reference names, imported as its server would from this folder."""
    module, _, path = target.partition(":")
    if not module or not path:
        raise Failure(f"{target} is not of the form MODULE:APP", Exit.USAGE)
    sys.path.insert(0, str(Path.cwd()))
    try:
        with redirect_stdout(sys.stderr):  # what the application prints is not part of the answer
            found = attrgetter(path.removesuffix("()"))(import_module(module))
            return found() if path.endswith("()") else found
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}"
        raise Failure(f"{target} cannot be imported: {why}", Exit.USAGE) from None


def _findings(listed: list[ListedRoute], own: Scopes, known: Scopes | None) -> Findings:
    asked = frozenset().union(*(route.scopes for route in listed))
    return Findings(
        undeclared=[route for route in listed if route.declaration is None],
        unused=sorted(own - asked),
        unknown=sorted(asked - known) if known is not None else [],
    )


def _show(listed: list[ListedRoute], found: Findings) -> None:
    say_table(
        ("method", "path", "needs"),
        [(route.method, route.path, _words(route)) for route in listed],
    )
    for route in found.undeclared:
        fate = "the guard refuses it" if route.is_guarded else "anybody may reach it"
        say(f"declares nothing, {fate}: {route.method} {route.path}")
    for scope in found.unused:
        say(f"guards nothing: {scope}")
    for scope in found.unknown:
        say(f"asked for, but defined nowhere: {scope}")


def _words(route: ListedRoute) -> str:
    if route.declaration is None:
        return "undeclared"
    ways = (" ".join(sorted(scopes)) or "any credential" for scopes in route.any_of)
    return " or ".join(ways) or "public"


def _spelled(listed: list[ListedRoute], found: Findings) -> dict[str, Any]:
    return {
        "routes": [_route(route) for route in listed],
        "undeclared": [_route(route) for route in found.undeclared],
        "unused": found.unused,
        "unknown": found.unknown,
    }


def _route(route: ListedRoute) -> dict[str, Any]:
    return {
        "method": route.method,
        "path": route.path,
        "declared": route.declaration is not None,
        "any_of": [sorted(scopes) for scopes in route.any_of],
        "guarded": route.is_guarded,
    }
