"""What a command is made of: a verb, its request, and what it takes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum


class Kind(Enum):
    """What an input is."""

    TEXT = "text"
    LIST = "list"  # an option that may be repeated
    FLAG = "flag"  # --read or --no-read
    NUMBER = "number"
    DURATION = "duration"  # 90s, 15m, 10h, 30d, 1y: sent as whole seconds
    JSON = "json"  # any JSON value; `-` reads it from standard input
    FILE = "file"  # the name of a file of JSON or YAML, whose content is sent


@dataclass(frozen=True, slots=True)
class Input:
    """One member that a command sends; a required one is an argument, the others are options.

    An empty text for a list is the empty list; `is_taken_away`: for this, it is null.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    option: str = ""
    is_taken_away: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """One command and its request. `is_list`: the answer comes in pages, which are all walked.

    `fixed` stands in the body whatever is given. With `is_of_anybody`,
    `--principal` asks for the same of somebody else, under `/principals/{principal}`.
    """

    name: str
    about: str
    method: str
    path: str
    inputs: tuple[Input, ...] = ()
    is_list: bool = False
    fixed: Mapping[str, bool] = field(default_factory=dict)
    is_of_anybody: bool = False


SOUGHT = (Input("q"), Input("sort"))  # how a name begins; a column, with - before it backwards


def needed(*names: str) -> tuple[Input, ...]:
    """Inputs that are arguments."""
    return tuple(Input(name, required=True) for name in names)


def listing(path: str, about: str, *inputs: Input, name: str = "list") -> Verb:
    """What a noun has, page by page."""
    return Verb(name, about, "GET", path, inputs, is_list=True)


def show(path: str, about: str) -> Verb:
    """One of them."""
    return Verb("show", about, "GET", path)


def create(path: str, about: str, *inputs: Input, name: str = "create") -> Verb:
    """One more."""
    return Verb(name, about, "POST", path, inputs)


def update(path: str, about: str, *inputs: Input) -> Verb:
    """Some of it changed."""
    return Verb("update", about, "PATCH", path, inputs)


def delete(path: str, about: str, *inputs: Input, name: str = "delete") -> Verb:
    """One less."""
    return Verb(name, about, "DELETE", path, inputs)


def of_anybody(verb: Verb) -> Verb:
    """The same, of oneself or of whom `--principal` names."""
    return replace(verb, is_of_anybody=True)


def activation(path: str, about: str) -> tuple[Verb, Verb]:
    """Two commands for one request, whose body says which."""
    return (
        Verb("activate", f"Switch {about} on.", "POST", path, fixed={"active": True}),
        Verb("deactivate", f"Switch {about} off.", "POST", path, fixed={"active": False}),
    )
