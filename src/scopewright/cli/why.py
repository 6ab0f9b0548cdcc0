"""`why` and `who-can`: by which grants, roles and groups somebody holds a scope."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scopewright.cli.login import JsonOption, UrlOption, WorkspaceOption, api_at
from scopewright.cli.output import Exit, say, say_json

_PAGE = 1000
PrincipalArgument = Annotated[str, typer.Argument(help="An id, or an address.")]


def why(
    principal: PrincipalArgument,
    scope: str,
    url: UrlOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Why somebody holds a scope, one line a path; ends with 1 if they do not."""
    api = api_at(url, workspace)
    query = {"principal": principal, "scope": scope}
    answer = api.ask("GET", f"{api.workspace}/why", query=query)
    if json:
        say_json(answer)
    else:
        _say_why(answer)
    raise typer.Exit(Exit.DONE if answer["held"] else Exit.DENIED)


def who_can(
    scope: str,
    url: UrlOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Who holds a scope, and why, one line a path; ends with 1 if nobody does."""
    api = api_at(url, workspace)
    query = {"scope": scope, "limit": _PAGE}
    holders = list(api.pages(f"{api.workspace}/who-can", query))
    if json:
        say_json(holders)
    elif not holders:
        say(f"Nobody holds {scope}.")
    else:
        for holder in holders:
            for path in holder["paths"]:
                say(f"{_named(holder['principal'])}: {path['text']}")
    raise typer.Exit(Exit.DONE if holders else Exit.DENIED)


def _say_why(answer: dict[str, Any]) -> None:
    for path in answer["paths"]:
        say(path["text"])
    if not answer["held"]:
        say(f"{_named(answer['principal'])} does not hold {answer['scope']}.")
        giving = " ".join(answer["roles_that_give_it"])
        say(f"Roles that give it: {giving}" if giving else "No role gives it.")


def _named(principal: dict[str, Any]) -> str:
    return f"the group {principal['name']}" if principal["kind"] == "group" else principal["name"]
