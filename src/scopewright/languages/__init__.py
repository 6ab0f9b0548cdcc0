"""The languages of pages and letters: which there are, which one is wanted, how each says things.

English stands where it is said; the others say it in `CODE.po`, by the English words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent
ENGLISH = "en"
LONGEST_TOLD = 1000  # to find two values takes a time that grows with the square of the length
_VALUE = re.compile(r"%\((\w+)\)s")
CODES = (ENGLISH, *sorted(file.stem for file in FOLDER.glob("*.po")))


@dataclass(frozen=True, slots=True)
class Language:
    """One language; `code` as in BCP 47, `name` as it calls itself."""

    code: str
    name: str
    translations: NullTranslations

    def says(self, english: str) -> str:
        """A message in this language; in English where it has no words for it."""
        said: str = self.translations.ugettext(english)
        return said

    def counts(self, english: str, english_of_many: str, number: int) -> str:
        """A message about a number of things, which it has as `%(num)s`."""
        said: str = self.translations.ungettext(english, english_of_many, number)
        return said % {"num": number}

    def tells(self, english: str) -> str:
        """The same of what others said, such as why something was refused, values and all.

        What is longer than anything of ours stays as it is: it may be a stranger's.
        """
        said = self.says(english)
        if said != english or self.code == ENGLISH or len(english) > LONGEST_TOLD:
            return said
        for pattern, names, translated in _spelled(self.code):
            if found := pattern.fullmatch(english):
                values = zip(names, found.groups(), strict=True)
                return translated % {name: self.says(value) for name, value in values}
        return english

    def moment(self, at: datetime) -> str:
        """A moment for people, in UTC: "30 Nov 2026, 09:12 UTC"."""
        return f"{format_datetime(at, 'd MMM y, HH:mm', locale=self.code)} UTC"

    def second(self, at: datetime) -> str:
        """The same to the second: "30 Nov 2026, 09:12:05 UTC"."""
        return f"{format_datetime(at, 'd MMM y, HH:mm:ss', locale=self.code)} UTC"

    def number(self, value: float) -> str:
        """A number for people: 1,000,000."""
        return format_decimal(value, locale=self.code)


@cache
def language_of(code: str) -> Language:
    """One of the languages that there are."""
    name = Locale.parse(code).get_display_name(code) or code
    return Language(code, name.capitalize(), _translations(code))


@cache
def _spelled(code: str) -> tuple[tuple[re.Pattern[str], list[str], str], ...]:
    """The messages with values in them, as patterns; those that say most themselves first."""
    found = []
    for message in _catalog(code):
        if isinstance(message.id, str) and _VALUE.search(message.id) and message.string:
            parts = _VALUE.split(message.id)
            pattern = "(.+?)".join(re.escape(part) for part in parts[::2])
            found.append((re.compile(pattern, re.DOTALL), parts[1::2], str(message.string)))
    return tuple(sorted(found, key=lambda one: -len(one[0].pattern)))


def _translations(code: str) -> NullTranslations:
    if code == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, _catalog(code))
    compiled.seek(0)
    return Translations(compiled)


@cache
def _catalog(code: str) -> Catalog:
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def N_(english: str) -> str:  # noqa: N802 - so the tools that gather messages know it
    """A message that is said later, in the language of the request."""
    return english


_SPOKEN: ContextVar[str] = ContextVar("language", default=ENGLISH)


def speak(chosen: str | None, accepted: str | None) -> None:
    """Answer this request in the language that was chosen, or in one that the browser accepts.

    `accepted` is the header `Accept-Language` (RFC 9110 §12.5.4).
    """
    wanted = [chosen] if chosen in CODES else _by_weight(accepted or "")
    _SPOKEN.set(known([each for each in wanted if each]) or ENGLISH)


def known(wanted: Sequence[str]) -> str | None:
    """The first of these (BCP 47) that there is: `de` for `de-AT`. None where there is none."""
    return negotiate_locale(wanted, CODES, sep="-")


def spoken() -> Language:
    """The language in which this request is answered."""
    return language_of(_SPOKEN.get())


def _by_weight(accepted: str) -> list[str]:
    weighted = []
    for part in accepted.split(",")[:20]:
        code, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), code))
        except ValueError:
            continue
    return [code for weight, code in sorted(weighted, key=lambda one: one[0]) if weight < 0]
