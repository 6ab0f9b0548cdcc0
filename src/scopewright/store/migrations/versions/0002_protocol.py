"""The protocol in full: what clients and requests say, pushed requests, devices, trusted issuers."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

revision = "0002"
down_revision = "0001"

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    _extend()
    _create_requests()
    _create_trust()


def _extend() -> None:
    op.add_column("workspaces", _optional("policy"))
    op.add_column("clients", _optional("registration"))
    op.add_column("clients", _text("document_url", null=True))
    op.add_column("clients", _instant("document_expires_at", null=True))
    op.add_column("clients", _text("registration_token_hash", null=True))
    op.add_column("authorizations", _optional("particulars"))
    op.add_column("authorizations", _text("sign_in_hash", null=True))
    op.add_column("authorizations", _text("acr", null=True))
    op.add_column("sessions", _optional("terms"))
    op.add_column("sessions", _text("sign_in_hash", null=True))
    op.create_index("ix_sessions_sign_in_hash", "sessions", ["sign_in_hash"])


def _create_requests() -> None:
    op.create_table(
        "pushed_requests",
        _text("id", key=True), _in_workspace(), _of("clients", "client_id"), _json("parameters"),
        _instant("created_at"), _instant("expires_at"),
        Index(None, "expires_at"),
    )  # fmt: skip
    op.create_table(
        "device_authorizations",
        _text("id", key=True), _in_workspace(), _of("clients", "client_id"), _text("requested"),
        _optional("particulars"), _text("device_code_hash"), _text("user_code_hash"),
        _text("stage"), _of("principals", "principal_id", null=True),
        _instant("authenticated_at", null=True), _text("sign_in_hash", null=True),
        _text("session_id", null=True), Column("interval", Integer, nullable=False),
        _instant("polled_at", null=True), _instant("answered_at", null=True),
        _instant("created_at"), _instant("expires_at"),
        UniqueConstraint("device_code_hash"), UniqueConstraint("user_code_hash"),
        Index(None, "expires_at"),
    )  # fmt: skip
    op.create_table(
        "jtis", _text("hash", key=True), _instant("forget_at"),
        Index(None, "forget_at"),
    )  # fmt: skip


def _create_trust() -> None:
    op.create_table(
        "trusted_issuers",
        _text("id", key=True), _in_workspace(), _text("issuer"), _text("audience"),
        _text("jwks_uri", null=True), _json("jwks"), _json("rules"),
        Column("is_single_use", Boolean, nullable=False), _instant("created_at"),
        UniqueConstraint("workspace_id", "issuer"),
    )  # fmt: skip
    op.create_table(
        "registration_tokens",
        _text("id", key=True), _in_workspace(), _text("hash"), _text("note"),
        _text("created_by"), _instant("created_at"), _instant("expires_at"),
        UniqueConstraint("hash"), Index(None, "workspace_id"),
    )  # fmt: skip
    op.create_table(
        "logout_notices",
        _text("id", key=True), _in_workspace(), _of("clients", "client_id"),
        _text("principal_id"), _text("session_id"), Column("tries", Integer, nullable=False),
        _instant("next_at"), _instant("created_at"),
        Index(None, "next_at"),
    )  # fmt: skip


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null, primary_key=key)


def _instant(name: str, *, null: bool = False) -> Column[int]:
    """Microseconds since 1970."""
    return Column(name, BigInteger, nullable=null)


def _json(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _optional(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False, server_default="{}")


def _of(table: str, name: str, *, null: bool = False) -> Column[str]:
    """A reference that goes when what it refers to goes."""
    return Column(name, _TEXT, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=null)


def _in_workspace() -> Column[str]:
    return _of("workspaces", "workspace_id")
