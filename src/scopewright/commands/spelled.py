"""A request of the management API as the command that makes it, for pages to show."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from scopewright.commands.nouns import NOUNS
from scopewright.commands.verbs import Input, Kind, Verb

COMMAND = "scopewright"


def command_for(
    method: str, path: str, sent: Mapping[str, Any], *, workspace: str | None = None
) -> str | None:
    """`scopewright scopes create sensor:read --workspace demo`; None where no command does it.

    `path` is the part after the workspace's own, encoded; what is `sent` is the body, or the query
    of a GET or DELETE. `workspace` is named where it is given.
    """
    for noun, verbs in NOUNS.items():
        for verb in verbs:
            found = _matched(verb, method, path, sent)
            if found is not None:
                words = [COMMAND, noun, verb.name, *_arguments(verb, found, sent)]
                if workspace is not None:
                    words += ["--workspace", workspace]
                return shlex.join(words)
    return None


def _matched(verb: Verb, method: str, path: str, sent: Mapping[str, Any]) -> dict[str, str] | None:
    """The arguments that stand in the path, if this verb makes such a request."""
    known = {one.name for one in verb.inputs} | set(verb.fixed)
    fits = verb.method == method and known >= sent.keys()
    if not fits or any(sent.get(name) is not value for name, value in verb.fixed.items()):
        return None
    whose = r"(?:/principals/(?P<principal>[^/]+))?" if verb.is_of_anybody else ""
    found = re.fullmatch(whose + _pattern(verb.path), path)
    return None if found is None else {k: unquote(v) for k, v in found.groupdict().items() if v}


def _pattern(template: str) -> str:
    """`{owner}` is an end-user or a client, and the command is told which by the name alone."""
    pattern = template.replace("{owner}", r"/(?:end-users|clients)/{owner}")
    return re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern)


def _arguments(verb: Verb, found: Mapping[str, str], sent: Mapping[str, Any]) -> Iterator[str]:
    for name in re.findall(r"{(\w+)}", verb.path):
        yield found[name]
    yield from (_text(one, sent[one.name]) for one in verb.inputs if one.required)
    for one in verb.inputs:
        is_said = sent.get(one.name) is not None or (one.is_taken_away and one.name in sent)
        if not one.required and is_said:
            yield from _option(one, sent[one.name])
    if verb.is_of_anybody and "principal" in found:
        yield from ("--principal", found["principal"])


def _option(one: Input, value: Any) -> Iterator[str]:
    option = one.option or one.name.replace("_", "-")
    if one.kind is Kind.FLAG:
        yield f"--{option}" if value else f"--no-{option}"
        return
    for each in (value or [""]) if one.kind is Kind.LIST else [value]:
        yield from (f"--{option}", _text(one, each))


def _text(one: Input, value: Any) -> str:
    if value is None and one.is_taken_away:
        return ""
    return json.dumps(value) if one.kind is Kind.JSON else str(value)
