"""What a deletion took is kept in rows; indexes for who has a word and for sessions still open."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Text, text

revision = "0008"
down_revision = "0007"

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_WORDS = {"grants": ("scope", "granted"), "assignments": ("role", "assigned")}
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def upgrade() -> None:
    is_open = text("ended_at IS NULL")
    op.create_index(
        "ix_sessions_open",
        "sessions",
        ["workspace_id", "id", "expires_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    for table, (word, verb) in _WORDS.items():
        op.drop_index(f"ix_{table}_workspace_id_{word}", table)
        columns = ["workspace_id", word, "principal_id"]
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
        op.create_table(
            f"taken_{table}",
            Column("revision_id", _TEXT, ForeignKey("revisions.id", ondelete="CASCADE"),
                   nullable=False, primary_key=True),
            Column("principal_id", _TEXT, nullable=False, primary_key=True),
            Column(f"{verb}_by", _TEXT, nullable=False),
            Column(f"{verb}_at", BigInteger, nullable=False),
        )  # fmt: skip
    for id, _, before in _revisions():
        if taken := before.get("taken"):
            for table in _WORDS:
                _insert(table, id, taken[table])
                taken[table] = len(taken[table])
            _keep(id, before)


def downgrade() -> None:
    op.drop_index("ix_sessions_open", "sessions")
    for id, name, before in _revisions():
        if "taken" in before:
            before["taken"] |= {table: _taken(table, id, name) for table in _WORDS}
            _keep(id, before)
    for table, (word, _) in _WORDS.items():
        op.drop_table(f"taken_{table}")
        op.drop_index(f"ix_{table}_workspace_id_{word}_principal_id", table)
        op.create_index(f"ix_{table}_workspace_id_{word}", table, ["workspace_id", word])


def _revisions() -> list[tuple[str, str, dict[str, Any]]]:
    """The id and name of every deletion, and what was before."""
    statement = "SELECT id, name, before FROM revisions WHERE after = 'null' AND before <> 'null'"
    return [
        (id, name, json.loads(said)) for id, name, said in op.get_bind().execute(text(statement))
    ]


def _keep(id: str, before: dict[str, Any]) -> None:
    statement = text("UPDATE revisions SET before = :before WHERE id = :id")
    op.get_bind().execute(
        statement, {"before": json.dumps(before, separators=(",", ":")), "id": id}
    )


def _insert(table: str, id: str, taken: list[tuple[str, str, str, str]]) -> None:
    rows = [
        {
            "id": id,
            "who": who,
            "by": by,
            "at": (datetime.fromisoformat(at) - _EPOCH) // _MICROSECOND,
        }
        for who, _, by, at in taken
    ]
    if rows:
        op.get_bind().execute(
            text(f"INSERT INTO taken_{table} VALUES (:id, :who, :by, :at)"),  # noqa: S608
            rows,
        )


def _taken(table: str, id: str, name: str) -> list[list[str]]:
    rows = op.get_bind().execute(
        text(f"SELECT * FROM taken_{table} WHERE revision_id = :id"),  # noqa: S608 - names of ours
        {"id": id},
    )
    return [[who, name, by, (_EPOCH + at * _MICROSECOND).isoformat()] for _, who, by, at in rows]
