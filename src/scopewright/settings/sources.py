"""Where settings come from: defaults < file < environment < command line.

The file is YAML or TOML, with `${NAME}` expanded from the environment; variables are spelled
`SCOPEWRIGHT_TOKENS__ACCESS_LIFETIME=5m`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from scopewright.core.errors import Invalid
from scopewright.settings.section import Section
from scopewright.settings.tree import Settings

_REFERENCE = re.compile(r"\$\{(\w+)\}")
_PREFIX = "SCOPEWRIGHT_"
_FOR_CLIENTS = {f"{_PREFIX}{name}" for name in ("URL", "API_KEY", "WORKSPACE", "GUARD_KEY")}
_FILES = ("scopewright.yaml", "scopewright.toml")


@dataclass(frozen=True)
class Loaded:
    """Settings, and for each that is not a default (`server.port`) where its value came from."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True)
class _Given:
    """One value as somebody wrote it."""

    value: Any
    origin: str


def load(
    *, folder: Path, environment: Mapping[str, str], options: Mapping[str, Any], file: Path | None
) -> Loaded:
    """Settings from every source; `options` are the command line's, by dotted name.

    Without `file`, `scopewright.yaml` or `.toml` in the folder is read where there is one.

    Raises:
        Invalid: an unknown key, a value that is refused, a file that cannot be read.
    """
    given = {
        **(_from_file(path, environment) if (path := file or _file_in(folder)) else {}),
        **_from_environment(environment),
        **{name: _Given(value, "the command line") for name, value in options.items()},
    }
    for name, one in given.items():
        _check_known(name, one.origin)
    try:
        settings = Settings.model_validate(_tree({name: g.value for name, g in given.items()}))
    except ValidationError as error:
        raise _refused(error, given) from None
    settings.tokens.policy()
    return Loaded(settings, {name: one.origin for name, one in given.items()})


def leaves(section: Section, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted name, with its value."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _file_in(folder: Path) -> Path | None:
    found = [folder / name for name in _FILES if (folder / name).is_file()]
    if len(found) > 1:
        raise Invalid(f"Both {' and '.join(_FILES)} are here; keep one.")
    return found[0] if found else None


def _from_file(path: Path, environment: Mapping[str, str]) -> dict[str, _Given]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Invalid(f"{path} cannot be read: {_reason(error)}") from None
    if not isinstance(content or {}, dict):
        raise Invalid(f"{path} is not a mapping of sections.")
    given = {}
    for name, value in _flat(content or {}):
        given[name] = _Given(_expanded(value, environment, f"{path}: {name}"), str(path))
    return given


def _reason(error: Exception) -> object:
    """In one line, and without the name of the file."""
    match error:
        case yaml.MarkedYAMLError(problem=problem, problem_mark=yaml.Mark(line=line)):
            return f"line {line + 1}: {problem}"
        case OSError():
            return error.strerror
        case _:
            return error


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Given]:
    given = {}
    for variable, text in environment.items():
        if variable.startswith(_PREFIX) and variable not in _FOR_CLIENTS:
            name = variable.removeprefix(_PREFIX).lower().replace("__", ".")
            is_list = _defaults().get(name) == ()
            value = [part.strip() for part in text.split(",") if part.strip()] if is_list else text
            given[name] = _Given(value, variable)
    return given


def _flat(content: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict) and value and f"{above}{key}" not in _defaults():
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _tree(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *sections, key = name.split(".")
        within = tree
        for section in sections:
            within = within.setdefault(section, {})
        within[key] = value
    return tree


def _expanded(value: Any, environment: Mapping[str, str], place: str) -> Any:
    """The value with each `${NAME}` replaced."""
    if isinstance(value, list):
        return [_expanded(item, environment, place) for item in value]
    if isinstance(value, dict):
        return {key: _expanded(item, environment, place) for key, item in value.items()}
    if not isinstance(value, str):
        return value

    def found(reference: re.Match[str]) -> str:
        try:
            return environment[reference[1]]
        except KeyError:
            raise Invalid(f"{place}: the variable {reference[1]} is not set.") from None

    return _REFERENCE.sub(found, value)


@cache
def _defaults() -> dict[str, Any]:
    return dict(leaves(Settings()))


def _check_known(name: str, origin: str) -> None:
    known = _defaults()
    if name in known:
        return
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise Invalid(f"{origin}: there is no setting {name}{hint}", field=name)


def _refused(error: ValidationError, given: Mapping[str, _Given]) -> Invalid:
    """The first refusal, in one line that does not repeat the value: it may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    parts = [str(part) for part in first["loc"]]
    length = next((n for n in (1, 2) if ".".join(parts[:n]) in given), 1)
    name, within = ".".join(parts[:length]), parts[length:]
    place = name + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in within)
    why = first["msg"].removeprefix("Value error, ")
    origin = given[name].origin if name in given else "settings"
    return Invalid(f"{origin}: {place}: {why}", field=name)
