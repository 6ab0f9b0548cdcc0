"""A question to the decision point as it is read: a JSON object, each member of the right type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scopewright.core.errors import Invalid
from scopewright.core.scopes import EVERYTHING, INHERIT, Requested

MOST_NAMES = 1000  # tags of one question, and scopes
LONGEST_NAME = 1024

Said = Mapping[str, Any]


def table(value: Any, field: str) -> Said:
    """A JSON object.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(value, dict):
        raise Invalid(f"{field} is to be an object.", field=field)
    return value


def text(value: Any, field: str) -> str:
    """A text that is not empty.

    Raises:
        Invalid: it is none, or too long.
    """
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME:
        raise Invalid(f"{field} is to be a text of 1 to {LONGEST_NAME} characters.", field=field)
    return value


def names(value: Any, field: str) -> frozenset[str]:
    """A list of texts.

    Raises:
        Invalid: it is none, or too long.
    """
    if not isinstance(value, list) or len(value) > MOST_NAMES:
        raise Invalid(f"{field} is to be a list of at most {MOST_NAMES} texts.", field=field)
    return frozenset(text(one, field) for one in value)


def requested(said: Said, field: str) -> Requested:
    """The `scopes` of a credential; everything where they are not said, or hold `inherit`."""
    if said.get("scopes") is None:
        return EVERYTHING
    scopes = names(said["scopes"], f"{field}scopes")
    return EVERYTHING if INHERIT in scopes else Requested(scopes)


def only_tags(said: Said, field: str) -> frozenset[str] | None:
    """The tags to which a credential is restricted; None: to none."""
    return None if said.get("only_tags") is None else names(said["only_tags"], f"{field}only_tags")


def refuse_unknown(said: Said, known: Iterable[str]) -> None:
    """Let nothing pass that would count for nothing: a slip there could widen what is answered.

    Raises:
        Invalid: a member is not known.
    """
    for name in sorted(said.keys() - set(known)):
        raise Invalid(f"{name[:100]} is not known here.", field=name[:100])
