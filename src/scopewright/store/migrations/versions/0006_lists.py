"""Indexes for lists that are sorted and sought through, and for counting what a change comes to."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_INDEXES = {
    "principals": (("workspace_id", "name", "id"), ("workspace_id", "kind", "name", "id")),
    "clients": (("workspace_id", "id"), ("workspace_id", "name", "id")),
    "api_keys": (("workspace_id", "id"),),
    "audit": (("workspace_id", "operation", "id"), ("workspace_id", "actor", "id")),
}


def upgrade() -> None:
    op.drop_index("ix_clients_workspace_id", "clients")
    for table, indexes in _INDEXES.items():
        for columns in indexes:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def downgrade() -> None:
    for table, indexes in _INDEXES.items():
        for columns in indexes:
            op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    op.create_index("ix_clients_workspace_id", "clients", ["workspace_id"])
