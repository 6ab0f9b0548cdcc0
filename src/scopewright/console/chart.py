"""A chart of what came in: each number of the payloads over time, drawn on the server as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_FIELDS = 6
DEEPEST = 4
WIDTH, HEIGHT, EDGE = 600, 120, 6


@dataclass(frozen=True, slots=True)
class Line:
    """One field over time. `drawn` are the points of an SVG polyline, `rows` the values it shows.

    A row has the moment and the value, the newest first.
    """

    field: str
    drawn: str
    lowest: float
    highest: float
    rows: list[tuple[str, float]]

    @property
    def last(self) -> tuple[str, float]:
        """The newest of them."""
        return self.rows[0]


def lines_of(points: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The fields of these datapoints that are numbers in two of them at least."""
    values: dict[str, list[tuple[str, float]]] = {}
    for point in points:
        for field, value in _numbers("", point["payload"], 0):
            values.setdefault(field, []).append((point["received_at"], value))
    drawable = [(field, rows) for field, rows in values.items() if len(rows) > 1]
    return [_line(field, rows) for field, rows in drawable[:MOST_FIELDS]]


def _numbers(path: str, value: Any, depth: int) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping) and depth < DEEPEST:
        for key, inner in value.items():
            yield from _numbers(f"{path}.{key}" if path else str(key), inner, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
        yield path, float(value)


def _line(field: str, rows: list[tuple[str, float]]) -> Line:
    moments = [datetime.fromisoformat(at).timestamp() for at, _ in rows]
    numbers = [value for _, value in rows]
    across = _scaled(moments, EDGE, WIDTH - EDGE)
    upwards = _scaled(numbers, HEIGHT - EDGE, EDGE)
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, upwards, strict=True))
    return Line(field, drawn, min(numbers), max(numbers), rows)


def _scaled(values: Sequence[float], first: float, last: float) -> list[float]:
    """The values between two edges; all in the middle, where they are the same."""
    low, high = min(values), max(values)
    if high == low:
        return [(first + last) / 2] * len(values)
    return [first + (value - low) / (high - low) * (last - first) for value in values]
