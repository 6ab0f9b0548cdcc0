"""Whom the link of a letter invites."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("magic_links", sa.Column("principal_id", _TEXT, nullable=True))
    op.create_index("ix_magic_links_principal_id", "magic_links", ["principal_id"])


def downgrade() -> None:
    op.drop_index("ix_magic_links_principal_id", "magic_links")
    op.drop_column("magic_links", "principal_id")
