"""A year of hourly weather at three airports: 26,115 real observations (see NOTICE)."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

_MEASURED = ("temp", "humid", "pressure")  # °F, percent, millibars


def observations() -> Iterator[dict[str, Any]]:
    """Every row of the record in its order; what was not measured is None."""
    packed = (files(__package__) / "weather.csv.gz").read_bytes()
    for row in csv.DictReader(gzip.decompress(packed).decode("ascii").splitlines()):
        measured = {name: float(row[name]) if row[name] else None for name in _MEASURED}
        yield {"origin": row["origin"], "time": row["time_hour"], **measured}
