"""What a connection is set to, so that a power cut takes back no commit."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from scopewright.store.database import Database
from tests.postgres import Cluster


@pytest.fixture(scope="session")
def postgres_cluster(durable_cluster: Cluster) -> Cluster:
    """One that loses nothing by a power cut."""
    return durable_cluster


def test_commits_are_durable_and_references_kept(empty_database: Database) -> None:
    with empty_database.write() as tx:
        if empty_database.is_sqlite:
            asked = ("PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys")
            assert [tx.scalar(text(question)) for question in asked] == ["wal", 2, 1]
        else:
            asked = ("SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes")
            assert [tx.scalar(text(question)) for question in asked] == ["on", "on", "on"]
