"""Roles of a workspace's own, applications, groups, the gateway's rules and browsers."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Text, UniqueConstraint

revision = "0003"
down_revision = "0002"

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("scopes", _text("application", null=True))
    op.add_column("scopes", Column("implies", Text, nullable=False, server_default="[]"))
    _create_roles()
    _create_groups()
    _create_gateway()


def _create_roles() -> None:
    op.create_table(
        "applications",
        _text("id", key=True), _in_workspace(), _text("name"), _text("title"),
        _text("launch_url", null=True), _text("resource", null=True), _instant("created_at"),
        _instant("registered_at", null=True),
        UniqueConstraint("workspace_id", "name"),
    )  # fmt: skip
    op.create_table(
        "roles",
        _of("workspaces", "workspace_id", key=True), _text("name", key=True),
        _text("description"), _text("application", null=True), _json("scopes"),
        _json("includes"), _instant("created_at"),
    )  # fmt: skip
    op.create_table(
        "role_mappings",
        _of("workspaces", "workspace_id", key=True), _text("include", key=True), _text("role"),
        _text("mapped_by"), _instant("mapped_at"),
    )  # fmt: skip
    op.create_table(
        "revisions",
        _text("id", key=True), _in_workspace(), _instant("at"), _text("actor"), _text("kind"),
        _text("name"), _json("before"), _json("after"), _instant("undone_at", null=True),
        Index(None, "workspace_id", "id"),
    )  # fmt: skip


def _create_groups() -> None:
    op.create_table(
        "memberships",
        _of("principals", "group_id", key=True), _of("principals", "principal_id", key=True),
        _in_workspace(), _text("added_by"), _instant("added_at"),
        Index(None, "principal_id"), Index(None, "workspace_id"),
    )  # fmt: skip


def _create_gateway() -> None:
    op.create_table(
        "gateway_routes",
        _text("id", key=True), _in_workspace(), _of("applications", "application_id"),
        _text("host"), _text("path"), _json("methods"), _json("scopes"), _json("credentials"),
        Column("is_public", Boolean, nullable=False), _instant("created_at"),
        Index(None, "application_id"),
    )  # fmt: skip
    op.create_table(
        "gateway_sessions",
        _text("cookie_hash", key=True), _in_workspace(), _of("sessions", "session_id"),
        _of("applications", "application_id"), _text("host"), _instant("created_at"),
        Index(None, "session_id"),
    )  # fmt: skip


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null, primary_key=key)


def _instant(name: str, *, null: bool = False) -> Column[int]:
    """Microseconds since 1970."""
    return Column(name, BigInteger, nullable=null)


def _json(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _of(table: str, name: str, *, key: bool = False) -> Column[str]:
    """A reference that goes when what it refers to goes."""
    return Column(name, _TEXT, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False,
                  primary_key=key)  # fmt: skip


def _in_workspace() -> Column[str]:
    return _of("workspaces", "workspace_id")
