"""The management nouns as commands, made from the table in `nouns.py`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from itertools import islice
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from scopewright.cli.login import JsonOption, UrlOption, WorkspaceOption, api_at
from scopewright.cli.output import Exit, Failure, say, say_json, say_table
from scopewright.commands.nouns import NOUNS
from scopewright.commands.verbs import Input, Kind, Verb

if TYPE_CHECKING:
    from scopewright.cli.api import Api

_TYPES: dict[Kind, Any] = {
    Kind.TEXT: str | None,
    Kind.LIST: list[str] | None,
    Kind.FLAG: bool | None,
    Kind.NUMBER: int | None,
    Kind.DURATION: str | None,
    Kind.JSON: str | None,
    Kind.FILE: str | None,
}
_PAGE = 1000
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most so many rows.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Change nothing; say how much would be changed.")
]
PrincipalOption = Annotated[str | None, typer.Option(help="Of whom: an id or address.")]
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "y": 365 * 86_400}
_DURATION = re.compile(r"([0-9]{1,12})([smhdy]?)")


def add_nouns(commands: typer.Typer) -> None:
    """Hang every noun with its verbs under the command."""
    for noun, verbs in NOUNS.items():
        group = typer.Typer(
            name=noun, help=", ".join(verb.name for verb in verbs),
            no_args_is_help=True, rich_markup_mode=None,
        )  # fmt: skip
        for verb in verbs:
            group.command(verb.name, help=verb.about)(_command(verb))
        commands.add_typer(group)


def _command(verb: Verb) -> Callable[..., None]:
    """A function with the signature that Typer reads the verb's arguments and options from."""

    def command(**given: Any) -> None:
        api = api_at(given.pop("url"), given.pop("workspace"))
        as_json, limit = given.pop("json"), given.pop("limit", None)
        is_rehearsal = given.pop("dry_run", False)
        path = _path(verb, given, api)
        inputs = ((one, given[_variable(one.name)]) for one in verb.inputs)
        sent = {one.name: _value(one, value) for one, value in inputs if value is not None}
        if verb.is_list:
            query = {**sent, "limit": min(limit or _PAGE, _PAGE)}
            _show_rows(list(islice(api.pages(path, query), limit)), as_json)
        elif is_rehearsal:
            _show_changes(_rehearsed(api, verb, path, {**sent, **verb.fixed}), as_json)
        else:
            _show_answer(_asked(api, verb, path, {**sent, **verb.fixed}), as_json)

    parameters = _parameters(verb)
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _parameters(verb: Verb) -> list[Parameter]:
    in_path = re.findall(r"{(\w+)}", verb.path)
    needed = in_path + [one.name for one in verb.inputs if one.required]
    arguments = [_parameter(name, Annotated[str, typer.Argument()]) for name in needed]
    options = [
        _parameter(one.name, Annotated[_TYPES[one.kind], typer.Option(*_spelling(one))], None)
        for one in verb.inputs
        if not one.required
    ]
    limit = [_parameter("limit", LimitOption, None)] if verb.is_list else []
    whose = [_parameter("principal", PrincipalOption, None)] if verb.is_of_anybody else []
    rehearsal = [] if verb.method == "GET" else [_parameter("dry_run", DryRunOption, False)]
    common = [
        _parameter("url", UrlOption, None),
        _parameter("workspace", WorkspaceOption, None),
        _parameter("json", JsonOption, False),
    ]
    return [*arguments, *options, *limit, *whose, *rehearsal, *common]


def _parameter(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    kind = Parameter.KEYWORD_ONLY
    return Parameter(_variable(name), kind, default=default, annotation=annotation)


def _variable(name: str) -> str:
    return f"{name}_" if iskeyword(name) else name


def _spelling(one: Input) -> list[str]:
    option = one.option or one.name.replace("_", "-")
    return [f"--{option}/--no-{option}" if one.kind is Kind.FLAG else f"--{option}"]


def _path(verb: Verb, given: Mapping[str, Any], api: Api) -> str:
    """The request's path; an owner with an @ is an end-user, any other a client."""

    def filled(name: re.Match[str]) -> str:
        value = quote(given[name[1]], safe="@")
        if name[1] == "owner":
            return f"/end-users/{value}" if "@" in value else f"/clients/{value}"
        return value

    of_other = verb.is_of_anybody and given["principal"] is not None
    template = f"/principals/{{principal}}{verb.path}" if of_other else verb.path
    path = re.sub(r"{(\w+)}", filled, template)
    return path if path.startswith("/api/") else f"{api.workspace}{path}"


def _value(one: Input, given: Any) -> Any:
    if one.kind is Kind.FILE:
        return _content(Path(given))
    if one.kind is Kind.DURATION:
        return _seconds(one, given)
    if one.kind is Kind.LIST:
        return [] if given == [""] else given
    if one.is_taken_away and given == "":
        return None
    if one.kind is not Kind.JSON:
        return given
    try:
        return json.loads(sys.stdin.read() if given == "-" else given)
    except ValueError:
        raise Failure(
            f"{one.name} is not JSON; a text needs quotes: '\"gold\"'", Exit.USAGE
        ) from None


def _seconds(one: Input, given: str) -> int:
    found = _DURATION.fullmatch(given)
    if found is None:
        option = one.name.replace("_", "-")
        raise Failure(f"--{option} is a whole number with s, m, h, d or y: 10m", Exit.USAGE)
    return int(found[1]) * _UNITS[found[2]]


def _content(file: Path) -> Any:
    """What a file says, in JSON or by its name in YAML."""
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix not in (".yaml", ".yml"):
            return json.loads(text)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}", Exit.USAGE) from None
    except ValueError:
        raise Failure(f"{file} is not JSON", Exit.USAGE) from None
    import yaml  # the base install has none

    try:
        # Texts, lists and mappings only: a date in an example would not go into JSON.
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError:
        raise Failure(f"{file} is not YAML", Exit.USAGE) from None


def _asked(api: Api, verb: Verb, path: str, sent: Mapping[str, Any]) -> Any:
    if verb.method in ("GET", "DELETE"):
        query = {name: "true" if value is True else value for name, value in sent.items()}
        return api.ask(verb.method, path, query=query)
    return api.ask(verb.method, path, body=sent or None)


def _rehearsed(api: Api, verb: Verb, path: str, sent: Mapping[str, Any]) -> Any:
    """What the request would change, in numbers; `dry_run` stands in the query of every method."""
    if verb.method == "DELETE":
        return _asked(api, verb, path, {**sent, "dry_run": True})
    return api.ask(verb.method, path, body=sent or None, query={"dry_run": "true"})


def _show_changes(answer: Mapping[str, Any], as_json: bool) -> None:
    rows = [
        (noun, verb, number)
        for noun, numbers in answer["changes"].items()
        for verb, number in numbers.items()
    ]
    if as_json:
        say_json(answer)
    elif rows:
        say_table(("what", "", "how many"), rows)
    else:
        say("nothing would change")


def _show_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        say_json(rows)
    elif rows:
        say_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        say("none")


def _show_answer(answer: Any, as_json: bool) -> None:
    if as_json:
        say_json(answer)
    elif answer is None:
        say("done")
    elif "next_page" in answer:
        _show_rows(answer["data"], as_json)
    else:
        say_table(("", ""), list(answer.items()))
