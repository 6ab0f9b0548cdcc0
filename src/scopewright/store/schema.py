"""The whole schema on one page. Alembic revisions lead here; a test compares the two.

Instants are microseconds since 1970 and JSON is text, so that both databases keep, sort and compare
them alike.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """An instant as it is kept."""
    return (instant - _EPOCH) // _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """Any JSON value, `null` included, kept as ASCII text so that it comes back equal."""

    impl = Text
    cache_ok = True
    should_evaluate_none = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str:
        return json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


# PostgreSQL would else sort by the language it was installed with, SQLite by code point.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null, primary_key=key)


def _instant(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=null)


def _json(name: str) -> Column[Any]:
    return Column(name, Json, nullable=False)


def _optional(name: str) -> Column[Any]:
    """A `compact` value; `{}` for rows that say nothing."""
    return Column(name, Json, nullable=False, server_default="{}")


def _list(name: str) -> Column[Any]:
    return Column(name, Json, nullable=False, server_default="[]")


def _of(table: str, name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    """A reference that goes when what it refers to goes."""
    target = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(name, _TEXT, target, nullable=null, primary_key=key)


def _in_workspace() -> Column[str]:
    return _of("workspaces", "workspace_id")


def _of_tag() -> ForeignKeyConstraint:
    """Rows of an access tag, which go with it."""
    key = ["access_tags.workspace_id", "access_tags.name"]
    return ForeignKeyConstraint(["workspace_id", "tag"], key, ondelete="CASCADE")


instance = Table("instance", metadata, _text("name", key=True), _text("value"))

workspaces = Table(
    "workspaces", metadata,
    _text("id", key=True), _text("slug"), _text("name"), _json("catalogues"), _json("tokens"),
    _optional("policy"),
    Column("authority_version", BigInteger, nullable=False), _instant("created_at"),
    UniqueConstraint("slug"),
)  # fmt: skip

changes = Table(
    "changes", metadata,
    _of("workspaces", "workspace_id", key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _text("kind"), _text("subject_id"), _instant("at"), _instant("forget_at", null=True),
    Index("ix_changes_subject", "workspace_id", "kind", "subject_id"),
)  # fmt: skip

principals = Table(
    "principals", metadata,
    _text("id", key=True), _in_workspace(), _text("kind"), _text("name"),
    _text("provider", null=True), _text("subject", null=True),
    _instant("created_at"), _instant("disabled_at", null=True), _text("owner_id", null=True),
    UniqueConstraint("workspace_id", "kind", "provider", "subject"),
    Index("ix_principals_identity", "provider", "subject"),
    Index(None, "workspace_id", "id"), Index(None, "workspace_id", "kind", "id"),
    Index(None, "workspace_id", "name", "id"), Index(None, "workspace_id", "kind", "name", "id"),
    Index(None, "owner_id", "id"),
)  # fmt: skip

# Every way by which a principal proves who it is, the one that it is called by among them.
identities = Table(
    "identities", metadata,
    _of("workspaces", "workspace_id", key=True), _text("kind", key=True),
    _text("provider", key=True), _text("subject", key=True), _of("principals", "principal_id"),
    _text("linked_by"), _instant("linked_at"), _instant("last_used_at", null=True),
    _instant("signed_out_at", null=True),
    Index(None, "principal_id"), Index("ix_identities_identity", "provider", "subject"),
    Index(None, "workspace_id", "subject"),
)  # fmt: skip

scopes = Table(
    "scopes", metadata,
    _of("workspaces", "workspace_id", key=True), _text("name", key=True),
    _text("description"), _instant("created_at"), _text("application", null=True),
    _list("implies"),
)  # fmt: skip

applications = Table(
    "applications", metadata,
    _text("id", key=True), _in_workspace(), _text("name"), _text("title"),
    _text("launch_url", null=True), _text("resource", null=True), _instant("created_at"),
    _instant("registered_at", null=True),
    UniqueConstraint("workspace_id", "name"),
)  # fmt: skip

roles = Table(
    "roles", metadata,
    _of("workspaces", "workspace_id", key=True), _text("name", key=True), _text("description"),
    _text("application", null=True), _json("scopes"), _json("includes"), _instant("created_at"),
)  # fmt: skip

# Which role stands for an include that no catalogue resolves.
role_mappings = Table(
    "role_mappings", metadata,
    _of("workspaces", "workspace_id", key=True), _text("include", key=True), _text("role"),
    _text("mapped_by"), _instant("mapped_at"),
)  # fmt: skip

# What each change of roles and scopes was before.
revisions = Table(
    "revisions", metadata,
    _text("id", key=True), _in_workspace(), _instant("at"), _text("actor"), _text("kind"),
    _text("name"), _json("before"), _json("after"), _instant("undone_at", null=True),
    Index(None, "workspace_id", "id"),
)  # fmt: skip

# Who had the scope or role that a revision deleted; undoing it lets those have it who are left.
taken_grants = Table(
    "taken_grants", metadata,
    _of("revisions", "revision_id", key=True), _text("principal_id", key=True),
    _text("granted_by"), _instant("granted_at"),
)  # fmt: skip

taken_assignments = Table(
    "taken_assignments", metadata,
    _of("revisions", "revision_id", key=True), _text("principal_id", key=True),
    _text("assigned_by"), _instant("assigned_at"),
)  # fmt: skip

memberships = Table(
    "memberships", metadata,
    _of("principals", "group_id", key=True), _of("principals", "principal_id", key=True),
    _in_workspace(), _text("added_by"), _instant("added_at"),
    Index(None, "principal_id"), Index(None, "workspace_id"),
)  # fmt: skip

gateway_routes = Table(
    "gateway_routes", metadata,
    _text("id", key=True), _in_workspace(), _of("applications", "application_id"), _text("host"),
    _text("path"), _json("methods"), _json("scopes"), _json("credentials"),
    Column("is_public", Boolean, nullable=False), _instant("created_at"),
    Index(None, "application_id"),
)  # fmt: skip

grants = Table(
    "grants", metadata,
    _of("principals", "principal_id", key=True), _text("scope", key=True), _in_workspace(),
    _text("granted_by"), _instant("granted_at"),
    Index(None, "workspace_id", "scope", "principal_id"),
)  # fmt: skip

assignments = Table(
    "assignments", metadata,
    _of("principals", "principal_id", key=True), _text("role", key=True), _in_workspace(),
    _text("assigned_by"), _instant("assigned_at"),
    Index(None, "workspace_id", "role", "principal_id"),
)  # fmt: skip

invitations = Table(
    "invitations", metadata,
    _text("id", key=True), _in_workspace(), _text("email"), _text("role"), _text("invited_by"),
    _instant("created_at"), _instant("expires_at"), _text("secret_hash"),
    UniqueConstraint("secret_hash"), UniqueConstraint("workspace_id", "email"),
)  # fmt: skip

clients = Table(
    "clients", metadata,
    _of("principals", "id", key=True), _in_workspace(), _text("name"), _text("type"),
    _json("redirect_uris"), Column("require_pkce", Boolean, nullable=False),
    Column("allow_both_auth_methods", Boolean, nullable=False), _text("scope_default"),
    _json("grant_types"), _json("tokens"), _instant("created_at"), _optional("registration"),
    _text("document_url", null=True), _instant("document_expires_at", null=True),
    _text("registration_token_hash", null=True),
    Index(None, "workspace_id", "id"), Index(None, "workspace_id", "name", "id"),
)  # fmt: skip

client_secrets = Table(
    "client_secrets", metadata,
    _of("clients", "client_id", key=True), _text("hash", key=True),
    _instant("created_at"), _instant("expires_at", null=True),
)  # fmt: skip

authorizations = Table(
    "authorizations", metadata,
    _text("id", key=True), _in_workspace(), _of("clients", "client_id"), _text("redirect_uri"),
    Column("redirect_uri_was_sent", Boolean, nullable=False), _text("requested"),
    _text("code_challenge", null=True), _text("state", null=True), _text("nonce", null=True),
    _text("prompt"), _text("stage"), _text("principal_id", null=True),
    _text("code_hash", null=True), _instant("authenticated_at", null=True),
    Column("failures", Integer, nullable=False), _text("session_id", null=True),
    _instant("answered_at", null=True), _instant("created_at"), _instant("expires_at"),
    _optional("particulars"), _text("sign_in_hash", null=True), _text("acr", null=True),
    UniqueConstraint("code_hash"), Index(None, "expires_at"),
)  # fmt: skip

consents = Table(
    "consents", metadata,
    _of("principals", "principal_id", key=True), _of("clients", "client_id", key=True),
    _text("requested"), _instant("at"),
    Index(None, "client_id"),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    _text("id", key=True), _in_workspace(), _of("principals", "principal_id"),
    _of("clients", "client_id"), _text("requested"), _instant("authenticated_at"),
    _instant("created_at"), _instant("last_used_at"), _instant("expires_at"),
    _instant("ended_at", null=True), _text("ended_why", null=True), _optional("terms"),
    _text("sign_in_hash", null=True),
    Index(None, "workspace_id", "id"), Index(None, "client_id"), Index(None, "principal_id"),
    Index(None, "sign_in_hash"),
)  # fmt: skip
# Those that are over are remembered for a while; lists and counts of the rest pass them by.
_IS_OPEN = sessions.c.ended_at.is_(None)
Index(
    "ix_sessions_open", sessions.c.workspace_id, sessions.c.id, sessions.c.expires_at,
    sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN,
)  # fmt: skip

refresh_tokens = Table(
    "refresh_tokens", metadata,
    _text("hash", key=True), _of("sessions", "session_id"), _instant("issued_at"),
    _instant("consumed_at", null=True),
    Index(None, "session_id"),
)  # fmt: skip

# Browsers at an application's own host: the gateway's cookie, and the session behind it.
gateway_sessions = Table(
    "gateway_sessions", metadata,
    _text("cookie_hash", key=True), _in_workspace(), _of("sessions", "session_id"),
    _of("applications", "application_id"), _text("host"), _instant("created_at"),
    Index(None, "session_id"),
)  # fmt: skip

# What was pushed (RFC 9126), until the browser brings its name.
pushed_requests = Table(
    "pushed_requests", metadata,
    _text("id", key=True), _in_workspace(), _of("clients", "client_id"), _json("parameters"),
    _instant("created_at"), _instant("expires_at"),
    Index(None, "expires_at"),
)  # fmt: skip

device_authorizations = Table(
    "device_authorizations", metadata,
    _text("id", key=True), _in_workspace(), _of("clients", "client_id"), _text("requested"),
    _optional("particulars"), _text("device_code_hash"), _text("user_code_hash"), _text("stage"),
    _of("principals", "principal_id", null=True), _instant("authenticated_at", null=True),
    _text("sign_in_hash", null=True), _text("session_id", null=True),
    Column("interval", Integer, nullable=False), _instant("polled_at", null=True),
    _instant("answered_at", null=True), _instant("created_at"), _instant("expires_at"),
    UniqueConstraint("device_code_hash"), UniqueConstraint("user_code_hash"),
    Index(None, "expires_at"),
)  # fmt: skip

# Assertions, proofs and request objects that were presented, so that none counts twice.
jtis = Table(
    "jtis", metadata, _text("hash", key=True), _instant("forget_at"),
    Index(None, "forget_at"),
)  # fmt: skip

# Outside issuers whose assertions (RFC 7523) and subject tokens (RFC 8693) speak for our clients.
trusted_issuers = Table(
    "trusted_issuers", metadata,
    _text("id", key=True), _in_workspace(), _text("issuer"), _text("audience"),
    _text("jwks_uri", null=True), _json("jwks"), _json("rules"),
    Column("is_single_use", Boolean, nullable=False), _instant("created_at"),
    UniqueConstraint("workspace_id", "issuer"),
)  # fmt: skip

# Initial access tokens (RFC 7591 §3).
registration_tokens = Table(
    "registration_tokens", metadata,
    _text("id", key=True), _in_workspace(), _text("hash"), _text("note"), _text("created_by"),
    _instant("created_at"), _instant("expires_at"),
    UniqueConstraint("hash"), Index(None, "workspace_id"),
)  # fmt: skip

# Back-channel logout: what is still to be told, and to whom.
logout_notices = Table(
    "logout_notices", metadata,
    _text("id", key=True), _in_workspace(), _of("clients", "client_id"), _text("principal_id"),
    _text("session_id"), Column("tries", Integer, nullable=False), _instant("next_at"),
    _instant("created_at"),
    Index(None, "next_at"),
)  # fmt: skip

api_keys = Table(
    "api_keys", metadata,
    _text("id", key=True), _in_workspace(), _of("principals", "principal_id"),
    _of("api_keys", "parent_id", null=True), _text("secret_hash"), _text("requested"),
    _text("note"), _text("created_by"), _instant("created_at"), _instant("expires_at", null=True),
    _instant("last_used_at", null=True), _instant("revoked_at", null=True),
    _list("tags"), _text("last_used_from", null=True), _text("last_used_for", null=True),
    Index(None, "principal_id", "id"), Index(None, "parent_id"), Index(None, "expires_at"),
    Index(None, "revoked_at"), Index(None, "workspace_id", "id"),
)  # fmt: skip

magic_links = Table(
    "magic_links", metadata,
    _text("hash", key=True), _text("email"), _text("browser_hash", null=True),
    _text("code_hash", null=True), _text("continue_to", null=True), _instant("created_at"),
    _instant("expires_at"), _instant("used_at", null=True),
    Column("failures", Integer, nullable=False), _text("principal_id", null=True),
    Index(None, "browser_hash"), Index(None, "expires_at"), Index(None, "principal_id"),
)  # fmt: skip

sign_ins = Table(
    "sign_ins", metadata,
    _text("cookie_hash", key=True), _text("provider"), _text("subject"),
    _instant("authenticated_at"), _instant("last_seen_at"), _instant("expires_at"),
    _optional("state"),
    Index(None, "expires_at"),
)  # fmt: skip

# Browsers that are away at a provider of identities, until they come back.
upstream_sign_ins = Table(
    "upstream_sign_ins", metadata,
    _text("state_hash", key=True), _text("provider"), _text("browser_hash"),
    _text("continue_to", null=True), _instant("created_at"), _instant("expires_at"),
    Index(None, "expires_at"),
)  # fmt: skip

principal_metadata = Table(
    "metadata", metadata,
    _of("principals", "principal_id", key=True), _text("key", key=True), _json("value"),
    _text("updated_by"), _instant("updated_at"),
)  # fmt: skip

endpoints = Table(
    "endpoints", metadata,
    _text("id", key=True), _in_workspace(), _text("name"), _text("url_path"),
    _text("authentication"), _text("write_scope", null=True), _json("clients"),
    Column("read", Boolean, nullable=False), _instant("created_at"),
    _instant("active_since", null=True),
    UniqueConstraint("workspace_id", "url_path"),
)  # fmt: skip

exports = Table(
    "exports", metadata,
    _text("id", key=True), _in_workspace(), _text("name"), _text("path"),
    _of("endpoints", "endpoint_id", null=True), _json("auth_methods"),
    _text("required_scope", null=True), _instant("created_at"),
    UniqueConstraint("workspace_id", "path"),
)  # fmt: skip

# Tags on resources elsewhere: what each gives to whom, as a role or a scope, and who may put it on.
access_tags = Table(
    "access_tags", metadata,
    _of("workspaces", "workspace_id", key=True), _text("name", key=True), _text("description"),
    _instant("created_at"),
)  # fmt: skip

access_tag_grants = Table(
    "access_tag_grants", metadata,
    _text("workspace_id", key=True), _text("tag", key=True),
    _of("principals", "principal_id", key=True), _text("word", key=True),
    Column("is_role", Boolean, primary_key=True), _text("given_by"), _instant("given_at"),
    _of_tag(), Index(None, "principal_id"), Index(None, "workspace_id", "word"),
)  # fmt: skip

access_tag_owners = Table(
    "access_tag_owners", metadata,
    _text("workspace_id", key=True), _text("tag", key=True),
    _of("principals", "principal_id", key=True),
    _of_tag(), Index(None, "principal_id"),
)  # fmt: skip

# `public` is nested like a tag, and is none.
access_tag_nestings = Table(
    "access_tag_nestings", metadata,
    _text("workspace_id", key=True), _text("tag", key=True), _text("nested", key=True),
    _of_tag(), Index(None, "workspace_id", "nested", "tag"),
)  # fmt: skip

datapoints = Table(
    "datapoints", metadata,
    _text("id", key=True), _in_workspace(), _text("endpoint_id"), _instant("received_at"),
    _json("payload"), _text("source_ip", null=True), _text("authentication_method"),
    _text("principal_id", null=True), _text("client_id", null=True), _json("ingest_context"),
    Index(None, "endpoint_id", "id"), Index(None, "workspace_id", "id"),
)  # fmt: skip

mqtt_configs = Table(
    "mqtt_configs", metadata,
    _text("id", key=True), _in_workspace(), _text("name"), _text("broker_url"),
    _text("topic_filter"), _text("write_scope", null=True), _instant("created_at"),
    _instant("active_since", null=True),
    UniqueConstraint("workspace_id", "name"),
)  # fmt: skip

signing_keys = Table(
    "signing_keys", metadata,
    _text("id", key=True), _in_workspace(), _text("algorithm"),
    Column("private_key", LargeBinary, nullable=False), _json("public_jwk"),
    _instant("published_at"), _instant("signs_from"), _instant("retired_at", null=True),
    _instant("forget_at", null=True),
    Index(None, "workspace_id"),
)  # fmt: skip

# No foreign keys: a row for every token, written in groups on the hottest path; ids sort by birth,
# so old ones are forgotten by a range of the primary key.
issued_tokens = Table(
    "issued_tokens", metadata,
    _text("id", key=True), _text("workspace_id"), _text("principal_id"), _text("client_id"),
    _text("session_id", null=True), _text("scopes"), _instant("issued_at"), _instant("expires_at"),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    _text("id", key=True), _in_workspace(), _instant("at"), _text("actor"), _text("via"),
    _text("operation"), _text("target"), _json("details"),
    Index(None, "workspace_id", "id"), Index(None, "workspace_id", "operation", "id"),
    Index(None, "workspace_id", "actor", "id"),
)  # fmt: skip

limits = Table(
    "limits", metadata,
    _text("key", key=True), Column("used", Integer, nullable=False), _instant("resets_at"),
)  # fmt: skip

leases = Table(
    "leases", metadata, _text("name", key=True), _text("holder"), _instant("until"),
)  # fmt: skip
