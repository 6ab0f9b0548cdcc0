"""Instants as they are sent, RFC 3339 to the microsecond, and as they are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from scopewright.core.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,15})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


def spell_instant(at: datetime) -> str:
    """`2026-01-01T12:00:00.000000Z`: always with microseconds, so that texts sort like times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_instant(text: str, *, field: str) -> datetime:
    """Unix seconds, fractions allowed, or RFC 3339.

    Raises:
        Invalid: neither, or outside the years 1 to 9999.
    """
    try:
        if _SECONDS.fullmatch(text):
            return _EPOCH + timedelta(microseconds=int(Decimal(text) * 1_000_000))
        if _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid("Write Unix seconds, or a time such as 2026-01-01T12:00:00Z.", field=field)
