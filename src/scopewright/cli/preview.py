"""`preview`: who would gain and lose what by a change of roles, scopes and mappings."""

from __future__ import annotations

import sys
from json import loads
from typing import Annotated, Any

import typer

from scopewright.cli.login import JsonOption, UrlOption, WorkspaceOption, api_at
from scopewright.cli.output import Exit, Failure, say, say_json, say_table

ChangeArgument = Annotated[
    str, typer.Argument(help='{"roles": {NAME: {"scopes": […]}}}, or - for standard input.')
]


def preview(
    change: ChangeArgument,
    url: UrlOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Who would gain and lose what by a change; nothing is changed."""
    body = _read(sys.stdin.read() if change == "-" else change)
    api = api_at(url, workspace)
    answer = api.ask("POST", f"{api.workspace}/preview", body=body)
    if json:
        say_json(answer)
    else:
        _say_preview(answer)


def _read(text: str) -> dict[str, Any]:
    try:
        body = loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Failure("the change is no JSON object", Exit.USAGE)
    return body


def _say_preview(answer: dict[str, Any]) -> None:
    changes = [
        (change["principal"]["name"], word, " ".join(change["scopes"]))
        for word, changes in (("gains", answer["gains"]), ("loses", answer["losses"]))
        for change in changes
    ]
    if changes:
        say_table(("who", "", "scopes"), sorted(changes))
    number = answer["principals"]
    say(f"{number or 'Nobody'} would gain or lose something.")
