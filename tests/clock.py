"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Called like the system's clock; begins at 2026-01-01T00:00Z."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        """Move on by a `timedelta` and answer the new time: `clock.advance(minutes=6)`."""
        self.now += timedelta(**duration)
        return self.now
