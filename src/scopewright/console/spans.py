"""Spans of time as people say them: `1 hour`, and a number beside a unit in forms."""

from __future__ import annotations

from babel.units import format_unit

from scopewright.console.desk import Form
from scopewright.languages import spoken

UNITS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_UNIT = "_unit"  # after the name of a field, its unit's


def said(seconds: int) -> str:
    """`90 minutes`: in the largest unit of which it is a whole number."""
    amount, unit = _parts(seconds)
    return format_unit(amount, f"duration-{unit}", locale=spoken().code)


def units() -> list[tuple[str, str]]:
    """The units of a form, with what each is called."""
    says = spoken().says
    called = {
        "day": says("days"),
        "hour": says("hours"),
        "minute": says("minutes"),
        "second": says("seconds"),
    }
    return list(called.items())


def typed(name: str, seconds: int | None) -> list[tuple[str, str]]:
    """The two fields of a form that say a span; empty for none."""
    if seconds is None:
        return [(name, ""), (f"{name}{_UNIT}", "day")]
    amount, unit = _parts(seconds)
    return [(name, str(amount)), (f"{name}{_UNIT}", unit)]


def sent(form: Form, name: str) -> int | str | None:
    """The seconds that were typed; None for none, and the text itself if it is no number."""
    text = form.text(name)
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        return text
    return int(text) * UNITS.get(form.text(f"{name}{_UNIT}"), 1)


def given(form: Form, name: str) -> dict[str, int | str]:
    """The span as a member of what is sent; nothing where none was typed."""
    seconds = sent(form, name)
    return {} if seconds is None else {name: seconds}


def _parts(seconds: int) -> tuple[int, str]:
    unit = next(unit for unit, length in UNITS.items() if seconds % length == 0)
    return (seconds // UNITS[unit], unit) if seconds else (0, "second")
