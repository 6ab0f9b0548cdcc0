"""API keys for everybody, identities of principals, providers of them."""

from __future__ import annotations

import json

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text, text

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


def downgrade() -> None:
    """Whatever an older version would not heed as a restriction ends; it is not let loose."""
    op.execute("UPDATE api_keys SET revoked_at = created_at WHERE tags <> '[]'")
    op.execute("DELETE FROM sign_ins")  # who was signed out here stands in `identities`
    _forget("workspaces", "policy", "api_keys")
    _forget("sessions", "terms", "state")
    for table in ("workspaces", "clients"):
        _forget(table, "tokens", "session_lifetime")
    op.drop_table("upstream_sign_ins")
    op.drop_column("sign_ins", "state")
    for name in ("revoked_at", "expires_at", "principal_id_id"):
        op.drop_index(f"ix_api_keys_{name}", "api_keys")
    op.create_index("ix_api_keys_principal_id", "api_keys", ["principal_id"])
    for name in ("tags", "last_used_from", "last_used_for"):
        op.drop_column("api_keys", name)
    op.drop_table("identities")
    for name in ("workspace_id_id", "workspace_id_kind_id", "owner_id_id"):
        op.drop_index(f"ix_principals_{name}", "principals")
    op.drop_column("principals", "owner_id")


def _forget(table: str, column: str, member: str) -> None:
    """Take a member, which older versions do not know, out of the JSON of a column."""
    connection = op.get_bind()
    for id, said in connection.execute(text(f"SELECT id, {column} FROM {table}")).all():  # noqa: S608 - names of ours
        kept = json.loads(said)
        if member in kept:
            del kept[member]
            changed = text(f"UPDATE {table} SET {column} = :kept WHERE id = :id")  # noqa: S608
            connection.execute(changed, {"kept": json.dumps(kept), "id": id})


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
