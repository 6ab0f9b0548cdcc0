"""A table of a catalogue file: its members by type; every refusal names the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from scopewright.core import names
from scopewright.core.errors import Invalid

Value = TypeVar("Value")

FIELD = "catalogues"  # the setting that names such files


class Table:
    """Members are taken out one by one; `end` refuses whatever is left.

    A method that takes a member raises `Invalid` where it is of another type than the method says.
    """

    def __init__(self, members: Mapping[str, Any], place: str = "") -> None:
        self._left = dict(members)
        self._place = place
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def __iter__(self) -> Iterator[str]:
        """What is left, in the order of the file."""
        return iter(tuple(self._left))

    def refusal(self, sentence: str) -> Invalid:
        """Why this table is refused."""
        return Invalid(f"{self._place}: {sentence}" if self._place else sentence, field=FIELD)

    def end(self) -> None:
        """Raises `Invalid` if a member is left that nobody knows; it names the nearest known."""
        for key in self:
            nearest = get_close_matches(key, self._known, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else "."
            raise self.refusal(f"{key} is not known here{hint}")

    # --- one value ------------------------------------------------------------------------------

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default it may not be missing."""
        return self._taken(key, default, str, "a text")

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        return self._taken(key, False, bool, "true or false")

    def says(self, key: str, word: str) -> bool:
        """Whether a member is this word; it is taken out only then."""
        return self._left.get(key) == word and bool(self._left.pop(key))

    def checked(self, key: str, check: Callable[[str], str], default: str | None = None) -> str:
        """A text that passes a check of `core.names`; a default passes it unseen."""
        text = self.text(key, default)
        return text if text == default else self.passing(check, text, key)

    def named(self) -> str:
        """The name of what this table defines; its refusals bear it from then on."""
        name = self.checked("name", names.check_name)
        self._place = f"{self._place} ({name})"
        return name

    def description(self) -> str:
        """What is said of it, perhaps nothing."""
        return self.checked("description", names.check_description, "")

    # --- many values ----------------------------------------------------------------------------

    def texts(self, key: str) -> list[str]:
        """A list of texts; empty where it is missing."""
        found = self._taken(key, [], list, "a list of texts")
        if not all(isinstance(one, str) for one in found):
            raise self.refusal(f"{key} is to be a list of texts.")
        return found

    def names(self, key: str) -> frozenset[str]:
        """A list of names of scopes or roles."""
        return frozenset(self.passing(names.check_name, one, key) for one in self.texts(key))

    def table(self, key: str) -> Table:
        """A table within; an empty one where it is missing."""
        return Table(self._taken(key, {}, dict, "a table"), self._within(key))

    def tables(self, key: str) -> Iterator[Table]:
        """A list of tables, each with its number for a place."""
        found = self._taken(key, [], list, f"a list of tables: [[{key}]]")
        for number, one in enumerate(found, 1):
            place = f"{self._within(key)} {number}"
            if not isinstance(one, dict):
                raise Invalid(f"{place}: it is to be a table.", field=FIELD)
            yield Table(one, place)

    # --- within ---------------------------------------------------------------------------------

    def passing(self, check: Callable[[str], str], text: str, key: str) -> str:
        """The text as the check returns it; its refusal with this place before it."""
        try:
            return check(text)
        except Invalid as error:
            raise self.refusal(f"{key}: {error.detail}") from None

    def _taken(self, key: str, default: Value | None, kind: type[Value], called: str) -> Value:
        self._known.append(key)
        value = self._left.pop(key, default)
        if value is None:
            raise self.refusal(f"{key} is missing.")
        if not isinstance(value, kind):
            raise self.refusal(f"{key} is to be {called}.")
        return value

    def _within(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key
