"""One application on SQLite for all fuzzing, what it says about itself, and the way to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from scopewright import log
from tests.api.fuzz.schemas import NEGATIVE, POSITIVE, Schemas, schema_of
from tests.api.fuzz.wire import Wire
from tests.api.fuzz.world import World
from tests.inprocess import Running, running


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of requests, each with its line; the next file's tests read theirs."""
    log.configure(logging.CRITICAL)
    yield
    log.configure()


@pytest.fixture(scope="session")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("fuzz")
    database = f"sqlite:///{folder / 'scopewright.db'}"
    with running(database, folder, administrators=("admin@example.com",)) as started:
        yield started


@pytest.fixture(scope="session")
def document(fuzzed: Running) -> dict[str, Any]:
    """The OpenAPI document."""
    answer = fuzzed.http.request("GET", "/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="session")
def schemas(document: dict[str, Any]) -> Schemas:
    return {mode: schema_of(document, mode) for mode in (NEGATIVE, POSITIVE)}


@pytest.fixture(scope="session")
def wire(fuzzed: Running) -> Iterator[Wire]:
    with asyncio.Runner() as runner:
        opened = Wire(fuzzed, runner)
        yield opened
        opened.close()


@pytest.fixture
def world(fuzzed: Running) -> Iterator[World]:
    """A workspace of the test's own; there is no other."""
    made = World(fuzzed)
    yield made
    made.end()
