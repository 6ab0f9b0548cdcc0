"""What a policy's configuration may hold: tables, lists of names, and nothing unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from scopewright.core.errors import Invalid


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """A table whose keys are names.

    Raises:
        Invalid: it is none.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(k, str) and k for k in value):
        raise Invalid(f"{place} is to be a table of names.", field=place)
    return value


def tables(value: object, place: str) -> Iterator[Mapping[str, Any]]:
    """A list of tables, each with a `name`; nothing where it is missing.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(value, list | None):
        raise Invalid(f"{place} is to be a list.", field=place)
    for one in value or []:
        table = mapping(one, place)
        if not isinstance(table.get("name"), str) or not table["name"]:
            raise Invalid(f"{place}: each one has a name.", field=place)
        yield table


def names(value: object, place: str) -> frozenset[str]:
    """A list of names.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise Invalid(f"{place} is to be a list of names.", field=place)
    return frozenset(value)


def refuse_unknown(said: Iterable[str], known: Iterable[str], place: str) -> None:
    """Let nothing pass that would count for nothing.

    Raises:
        Invalid: with the nearest name that is known.
    """
    known = list(known)
    for key in sorted(set(said) - set(known)):
        nearest = get_close_matches(key, known, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else "."
        raise Invalid(f"{place}: {key} is not known here{hint}", field=place)
