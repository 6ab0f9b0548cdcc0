"""`settings`: what is in force and where it came from; `docs`: the page that lists them all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopewright.cli.configuration import ConfigOption, read_settings
from scopewright.cli.login import JsonOption
from scopewright.cli.output import say, say_json, say_table

if TYPE_CHECKING:
    from scopewright.settings import Section

HIDDEN = "***"
_AUTHORITY = re.compile(r"(://[^:/?#@]*):.*@")
_PARAMETER = re.compile(r"([?&]\w*password=)[^&]*")
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_HEAD = """# Settings

Each setting has three spellings; a later one wins over an earlier one:

| where | how |
|---|---|
| `scopewright.yaml`, or `scopewright.toml`, or the file that `--config` names | `server: {port: 9000}`; `${NAME}` stands for a variable of the environment |
| the environment | `SCOPEWRIGHT_SERVER__PORT=9000`; lists are separated by commas |
| the command line | `scopewright serve --port 9000`, for the most common ones |

`scopewright settings` prints what is in force and where each value came from; `scopewright doctor` checks it. A key
that does not exist is an error that names the nearest. Durations are whole numbers with a unit: `90 s`, `15 min`,
`1 h`, `30 d`. Written by `scopewright docs`.
"""  # noqa: E501


def settings(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Print every setting in force and where its value came from; secrets are masked."""
    from scopewright.settings import leaves

    loaded = read_settings(config)
    rows = [
        (name, spelled(value), loaded.origins.get(name, "default"))
        for name, value in leaves(loaded.settings)
    ]
    if json:
        say_json({name: {"value": value, "from": origin} for name, value, origin in rows})
    else:
        say_table(("setting", "value", "from"), rows)


def docs(folder: Annotated[Path, typer.Argument(file_okay=False)] = Path("docs")) -> None:
    """Write the pages of the documentation that are made from the code."""
    path = folder / "settings.md"
    path.write_text(settings_page(), encoding="utf-8")
    say(f"wrote {path}")


def settings_page() -> str:
    """Every setting with its default and what it is, in Markdown."""
    from scopewright.settings import Settings

    return _HEAD + "".join(_sections(Settings()))


def spelled(value: Any) -> Any:
    """A value as it is written in a file; passwords and secrets masked."""
    from pydantic import SecretStr

    from scopewright.settings import Section

    match value:
        case timedelta():
            seconds = int(value.total_seconds())
            unit, size = next((u for u in _UNITS if seconds and seconds % u[1] == 0), ("s", 1))
            return f"{seconds // size} {unit}"
        case SecretStr():
            return HIDDEN
        case tuple() | list():
            return [spelled(one) for one in value]
        case Section():
            told = {name: one for name, one in value if name != "args"}
            return {**spelled(told), "args": _masked(dict(value).get("args", {}))}
        case Mapping():
            return {name: spelled(one) for name, one in value.items()}
        case str() if "://" in value:
            return without_password(value)
        case _:
            return value


def _masked(value: Any) -> Any:
    """Whatever somebody else's arguments are: any of them may be a secret, their names are none."""
    match value:
        case Mapping():
            return {name: _masked(one) for name, one in value.items()}
        case list() | tuple():
            return [_masked(one) for one in value]
        case _:
            return HIDDEN


def without_password(url: str) -> str:
    """The URL with its password masked; rather too much of it than a part of a password."""
    masked = _AUTHORITY.sub(rf"\1:{HIDDEN}@", url)
    return _PARAMETER.sub(rf"\1{HIDDEN}", masked)


def _sections(tree: Section) -> Iterator[str]:
    from scopewright.settings import Section

    for name, value in tree:
        if isinstance(value, Section):
            yield f"\n## {name}\n\n{type(value).__doc__}\n\n{_table(value, f'{name}.')}"
    whole = {n for n, v in tree if not isinstance(v, Section)}
    yield f"\n## at the top\n\n{_table(tree, '', only=whole)}"


def _table(section: Section, above: str, only: set[str] | None = None) -> str:
    lines = ["| setting | default | |", "|---|---|---|"]
    for name, field in type(section).model_fields.items():
        if only is None or name in only:
            default = _default(getattr(section, name))
            lines.append(f"| `{above}{name}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _default(value: Any) -> str:
    match spelled(value):
        case None | "" | [] | dict():
            return ""
        case bool() as flag:
            return f"`{str(flag).lower()}`"
        case other:
            return f"`{other}`"
