"""Moments as JSON Web Tokens write them: NumericDate (RFC 7519 §2)."""

from __future__ import annotations

from datetime import UTC, datetime

LATEST = 253_402_300_800  # the year 10000, which no datetime can hold


def moment(value: object) -> datetime | None:
    """The moment that a claim names, fractions of a second and all; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)
