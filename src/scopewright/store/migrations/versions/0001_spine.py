"""The spine: workspaces, principals, clients, tokens, sign-in, data, audit."""

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
    LargeBinary,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    _create_workspaces()
    _create_principals()
    _create_clients()
    _create_credentials()
    _create_sign_in()
    _create_data()
    _create_bookkeeping()


def _create_workspaces() -> None:
    op.create_table("instance", _text("name", key=True), _text("value"))
    op.create_table(
        "workspaces",
        _text("id", key=True), _text("slug"), _text("name"), _json("catalogues"), _json("tokens"),
        Column("authority_version", BigInteger, nullable=False), _instant("created_at"),
        UniqueConstraint("slug"),
    )  # fmt: skip
    op.create_table(
        "changes",
        _of("workspaces", "workspace_id", key=True),
        Column("version", BigInteger, primary_key=True, autoincrement=False),
        _text("kind"), _text("subject_id"), _instant("at"), _instant("forget_at", null=True),
        Index("ix_changes_subject", "workspace_id", "kind", "subject_id"),
    )  # fmt: skip
    op.create_table(
        "scopes",
        _of("workspaces", "workspace_id", key=True), _text("name", key=True),
        _text("description"), _instant("created_at"),
    )  # fmt: skip


def _create_principals() -> None:
    op.create_table(
        "principals",
        _text("id", key=True), _in_workspace(), _text("kind"), _text("name"),
        _text("provider", null=True), _text("subject", null=True),
        _instant("created_at"), _instant("disabled_at", null=True),
        UniqueConstraint("workspace_id", "kind", "provider", "subject"),
        Index("ix_principals_identity", "provider", "subject"),
    )  # fmt: skip
    op.create_table(
        "grants",
        _of("principals", "principal_id", key=True), _text("scope", key=True), _in_workspace(),
        _text("granted_by"), _instant("granted_at"),
        Index(None, "workspace_id", "scope"),
    )  # fmt: skip
    op.create_table(
        "assignments",
        _of("principals", "principal_id", key=True), _text("role", key=True), _in_workspace(),
        _text("assigned_by"), _instant("assigned_at"),
        Index(None, "workspace_id", "role"),
    )  # fmt: skip
    op.create_table(
        "invitations",
        _text("id", key=True), _in_workspace(), _text("email"), _text("role"),
        _text("invited_by"), _instant("created_at"), _instant("expires_at"), _text("secret_hash"),
        UniqueConstraint("secret_hash"), UniqueConstraint("workspace_id", "email"),
    )  # fmt: skip
    op.create_table(
        "metadata",
        _of("principals", "principal_id", key=True), _text("key", key=True), _json("value"),
        _text("updated_by"), _instant("updated_at"),
    )  # fmt: skip


def _create_clients() -> None:
    op.create_table(
        "clients",
        _of("principals", "id", key=True), _in_workspace(), _text("name"), _text("type"),
        _json("redirect_uris"), _boolean("require_pkce"), _boolean("allow_both_auth_methods"),
        _text("scope_default"), _json("grant_types"), _json("tokens"), _instant("created_at"),
        Index(None, "workspace_id"),
    )  # fmt: skip
    op.create_table(
        "client_secrets",
        _of("clients", "client_id", key=True), _text("hash", key=True),
        _instant("created_at"), _instant("expires_at", null=True),
    )  # fmt: skip
    op.create_table(
        "authorizations",
        _text("id", key=True), _in_workspace(), _of("clients", "client_id"),
        _text("redirect_uri"), _boolean("redirect_uri_was_sent"), _text("requested"),
        _text("code_challenge", null=True), _text("state", null=True), _text("nonce", null=True),
        _text("prompt"), _text("stage"), _text("principal_id", null=True),
        _text("code_hash", null=True), _instant("authenticated_at", null=True),
        _integer("failures"), _text("session_id", null=True),
        _instant("answered_at", null=True), _instant("created_at"), _instant("expires_at"),
        UniqueConstraint("code_hash"), Index(None, "expires_at"),
    )  # fmt: skip
    op.create_table(
        "consents",
        _of("principals", "principal_id", key=True), _of("clients", "client_id", key=True),
        _text("requested"), _instant("at"),
        Index(None, "client_id"),
    )  # fmt: skip


def _create_credentials() -> None:
    op.create_table(
        "sessions",
        _text("id", key=True), _in_workspace(), _of("principals", "principal_id"),
        _of("clients", "client_id"), _text("requested"), _instant("authenticated_at"),
        _instant("created_at"), _instant("last_used_at"), _instant("expires_at"),
        _instant("ended_at", null=True), _text("ended_why", null=True),
        Index(None, "workspace_id", "id"), Index(None, "client_id"), Index(None, "principal_id"),
    )  # fmt: skip
    op.create_table(
        "refresh_tokens",
        _text("hash", key=True), _of("sessions", "session_id"), _instant("issued_at"),
        _instant("consumed_at", null=True),
        Index(None, "session_id"),
    )  # fmt: skip
    op.create_table(
        "api_keys",
        _text("id", key=True), _in_workspace(), _of("principals", "principal_id"),
        _of("api_keys", "parent_id", null=True), _text("secret_hash"), _text("requested"),
        _text("note"), _text("created_by"), _instant("created_at"),
        _instant("expires_at", null=True), _instant("last_used_at", null=True),
        _instant("revoked_at", null=True),
        Index(None, "principal_id"), Index(None, "parent_id"),
    )  # fmt: skip
    op.create_table(
        "issued_tokens",
        _text("id", key=True), _text("workspace_id"), _text("principal_id"), _text("client_id"),
        _text("session_id", null=True), _text("scopes"), _instant("issued_at"),
        _instant("expires_at"),
    )  # fmt: skip
    op.create_table(
        "signing_keys",
        _text("id", key=True), _in_workspace(), _text("algorithm"),
        Column("private_key", LargeBinary, nullable=False), _json("public_jwk"),
        _instant("published_at"), _instant("signs_from"), _instant("retired_at", null=True),
        _instant("forget_at", null=True),
        Index(None, "workspace_id"),
    )  # fmt: skip


def _create_sign_in() -> None:
    op.create_table(
        "magic_links",
        _text("hash", key=True), _text("email"), _text("browser_hash", null=True),
        _text("code_hash", null=True), _text("continue_to", null=True), _instant("created_at"),
        _instant("expires_at"), _instant("used_at", null=True), _integer("failures"),
        Index(None, "browser_hash"), Index(None, "expires_at"),
    )  # fmt: skip
    op.create_table(
        "sign_ins",
        _text("cookie_hash", key=True), _text("provider"), _text("subject"),
        _instant("authenticated_at"), _instant("last_seen_at"), _instant("expires_at"),
        Index(None, "expires_at"),
    )  # fmt: skip


def _create_data() -> None:
    op.create_table(
        "endpoints",
        _text("id", key=True), _in_workspace(), _text("name"), _text("url_path"),
        _text("authentication"), _text("write_scope", null=True), _json("clients"),
        _boolean("read"), _instant("created_at"), _instant("active_since", null=True),
        UniqueConstraint("workspace_id", "url_path"),
    )  # fmt: skip
    op.create_table(
        "exports",
        _text("id", key=True), _in_workspace(), _text("name"), _text("path"),
        _of("endpoints", "endpoint_id", null=True), _json("auth_methods"),
        _text("required_scope", null=True), _instant("created_at"),
        UniqueConstraint("workspace_id", "path"),
    )  # fmt: skip
    op.create_table(
        "datapoints",
        _text("id", key=True), _in_workspace(), _text("endpoint_id"), _instant("received_at"),
        _json("payload"), _text("source_ip", null=True), _text("authentication_method"),
        _text("principal_id", null=True), _text("client_id", null=True), _json("ingest_context"),
        Index(None, "endpoint_id", "id"), Index(None, "workspace_id", "id"),
    )  # fmt: skip
    op.create_table(
        "mqtt_configs",
        _text("id", key=True), _in_workspace(), _text("name"), _text("broker_url"),
        _text("topic_filter"), _text("write_scope", null=True), _instant("created_at"),
        _instant("active_since", null=True),
        UniqueConstraint("workspace_id", "name"),
    )  # fmt: skip


def _create_bookkeeping() -> None:
    op.create_table(
        "audit",
        _text("id", key=True), _in_workspace(), _instant("at"), _text("actor"), _text("via"),
        _text("operation"), _text("target"), _json("details"),
        Index(None, "workspace_id", "id"),
    )  # fmt: skip
    op.create_table("limits", _text("key", key=True), _integer("used"), _instant("resets_at"))
    op.create_table("leases", _text("name", key=True), _text("holder"), _instant("until"))


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null, primary_key=key)


def _instant(name: str, *, null: bool = False) -> Column[int]:
    """Microseconds since 1970."""
    return Column(name, BigInteger, nullable=null)


def _json(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _boolean(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _integer(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _of(table: str, name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    """A reference that goes when what it refers to goes."""
    target = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(name, _TEXT, target, nullable=null, primary_key=key)


def _in_workspace() -> Column[str]:
    return _of("workspaces", "workspace_id")
