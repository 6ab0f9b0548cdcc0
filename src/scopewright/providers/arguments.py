"""The arguments of a provider, taken one by one; whatever is left is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from scopewright.core.errors import Invalid

Value = TypeVar("Value")


class Arguments:
    """Every method raises Invalid where an argument is of another type than the method says."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._left = dict(given)
        self._known: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        return self._taken(name, default, str, "a text")

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        return self._taken(name, default, bool, "true or false")

    def number(self, name: str, *, default: int) -> int:
        """A whole number; written as a text too, for that is what a variable gives."""
        value = self._left.get(name)
        if isinstance(value, str) and value.isdecimal():
            self._left[name] = int(value)
        return self._taken(name, default, int, "a whole number")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        value: Any = self._taken(name, [], (list, tuple, str), "a list of texts")
        found = (value,) if isinstance(value, str) else tuple(value)
        if not all(isinstance(one, str) and one for one in found):
            raise Invalid(f"{name} is to be a list of texts")
        return found

    def end(self) -> None:
        """Raises Invalid if an argument is left; it names the nearest known."""
        for name in self._left:
            nearest = get_close_matches(name, self._known, n=1, cutoff=0.5)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise Invalid(f"it has no argument {name}{hint}")

    def _taken(self, name: str, default: Value, type: Any, called: str) -> Value:
        self._known.append(name)
        value: Value = self._left.pop(name, default)
        is_flag = isinstance(value, bool)
        if not isinstance(value, type) or (is_flag and type is int):
            raise Invalid(f"{name} is to be {called}")
        return value
