"""API keys for everybody, identities of principals, providers of them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text

revision = "0004"
down_revision = "0003"

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("principals", _text("owner_id", null=True))
    for columns in (["workspace_id", "id"], ["workspace_id", "kind", "id"], ["owner_id", "id"]):
        op.create_index(f"ix_principals_{'_'.join(columns)}", "principals", columns)
    _create_identities()
    _widen_api_keys()
    op.add_column("sign_ins", Column("state", Text, nullable=False, server_default="{}"))
    op.create_table(
        "upstream_sign_ins",
        _text("state_hash", key=True), _text("provider"), _text("browser_hash"),
        _text("continue_to", null=True), _instant("created_at"), _instant("expires_at"),
        Index(None, "expires_at"),
    )  # fmt: skip


def _create_identities() -> None:
    op.create_table(
        "identities",
        _of("workspaces", "workspace_id", key=True), _text("kind", key=True),
        _text("provider", key=True), _text("subject", key=True),
        _of("principals", "principal_id"), _text("linked_by"), _instant("linked_at"),
        _instant("last_used_at", null=True), _instant("signed_out_at", null=True),
        Index(None, "principal_id"), Index("ix_identities_identity", "provider", "subject"),
        Index(None, "workspace_id", "subject"),
    )  # fmt: skip
    op.execute(
        "INSERT INTO identities"
        " (workspace_id, kind, provider, subject, principal_id, linked_by, linked_at)"
        " SELECT workspace_id, kind, provider, subject, id, id, created_at"
        " FROM principals WHERE provider IS NOT NULL"
    )


def _widen_api_keys() -> None:
    op.add_column("api_keys", Column("tags", Text, nullable=False, server_default="[]"))
    op.add_column("api_keys", _text("last_used_from", null=True))
    op.add_column("api_keys", _text("last_used_for", null=True))
    op.drop_index("ix_api_keys_principal_id", "api_keys")
    op.create_index("ix_api_keys_principal_id_id", "api_keys", ["principal_id", "id"])
    op.create_index("ix_api_keys_expires_at", "api_keys", ["expires_at"])
    op.create_index("ix_api_keys_revoked_at", "api_keys", ["revoked_at"])


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null, primary_key=key)


def _instant(name: str, *, null: bool = False) -> Column[int]:
    """Microseconds since 1970."""
    return Column(name, BigInteger, nullable=null)


def _of(table: str, name: str, *, key: bool = False) -> Column[str]:
    """A reference that goes when what it refers to goes."""
    return Column(name, _TEXT, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False,
                  primary_key=key)  # fmt: skip
