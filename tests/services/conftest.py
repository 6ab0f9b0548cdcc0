"""The application on a database of a test's own, of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inprocess import Running, running


@pytest.fixture
def inside(migrated_database_url: str, tmp_path: Path) -> Iterator[Running]:
    with running(migrated_database_url, tmp_path) as started:
        yield started
