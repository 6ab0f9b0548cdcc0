"""`needs`: which roles supply scopes, with the least beside them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scopewright.cli.login import JsonOption, UrlOption, WorkspaceOption, api_at
from scopewright.cli.output import Exit, say, say_json, say_table


def needs(
    scopes: Annotated[list[str], typer.Argument(metavar="SCOPE...")],
    url: UrlOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Which catalogue roles supply these scopes; ends with 1 if there is one that none does."""
    api = api_at(url, workspace)
    answer = api.ask("GET", f"{api.workspace}/needs", query={"scope": scopes})
    if json:
        say_json(answer)
    else:
        _say_needs(answer)
    supplied = all(one["roles"] for one in answer["scopes"])
    raise typer.Exit(Exit.DONE if supplied else Exit.DENIED)


def _say_needs(answer: dict[str, Any]) -> None:
    rows = [
        (one["scope"], role["role"], role["beside"])
        for one in answer["scopes"]
        for role in one["roles"] or [{"role": "", "beside": ""}]
    ]
    say_table(("scope", "is in", "with so many beside"), rows)
    suggestion = answer["suggestion"]
    if suggestion["roles"]:
        beside = " ".join(suggestion["beside"]) or "nothing"
        say(f"The least: {' '.join(suggestion['roles'])}, which brings beside it: {beside}")
