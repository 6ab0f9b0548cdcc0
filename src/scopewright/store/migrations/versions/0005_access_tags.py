"""Access tags: what each gives to whom, what is nested in which, and who owns them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Text

revision = "0005"
down_revision = "0004"

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "access_tags",
        _of("workspaces", "workspace_id"), _text("name", key=True), _text("description"),
        _instant("created_at"),
    )  # fmt: skip
    op.create_table(
        "access_tag_grants",
        _text("workspace_id", key=True), _text("tag", key=True),
        _of("principals", "principal_id"), _text("word", key=True),
        Column("is_role", Boolean, primary_key=True, nullable=False), _text("given_by"),
        _instant("given_at"),
        _of_tag(), Index(None, "principal_id"), Index(None, "workspace_id", "word"),
    )  # fmt: skip
    op.create_table(
        "access_tag_owners",
        _text("workspace_id", key=True), _text("tag", key=True),
        _of("principals", "principal_id"),
        _of_tag(), Index(None, "principal_id"),
    )  # fmt: skip
    op.create_table(
        "access_tag_nestings",
        _text("workspace_id", key=True), _text("tag", key=True), _text("nested", key=True),
        _of_tag(), Index(None, "workspace_id", "nested", "tag"),
    )  # fmt: skip


def downgrade() -> None:
    for name in ("access_tag_nestings", "access_tag_owners", "access_tag_grants", "access_tags"):
        op.drop_table(name)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=False, primary_key=key)


def _instant(name: str) -> Column[int]:
    """Microseconds since 1970."""
    return Column(name, BigInteger, nullable=False)


def _of(table: str, name: str) -> Column[str]:
    """A reference that goes when what it refers to goes."""
    return Column(name, _TEXT, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False,
                  primary_key=True)  # fmt: skip


def _of_tag() -> ForeignKeyConstraint:
    key = ["access_tags.workspace_id", "access_tags.name"]
    return ForeignKeyConstraint(["workspace_id", "tag"], key, ondelete="CASCADE")
