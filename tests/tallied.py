"""What people see in a workspace, counted from its tables and not by the server."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select

from scopewright.store import schema
from scopewright.store.database import Database

Numbers = dict[str, dict[str, int]]
Seen = dict[str, set[Any]]
NOT_SEEN = {
    "changes", "audit", "revisions", "logout_notices", "issued_tokens", "refresh_tokens",
    "authorizations", "device_authorizations", "pushed_requests", "magic_links",
    "taken_grants", "taken_assignments",
}  # fmt: skip
NAMES = {
    "metadata": "metadata",
    "mqtt_configs": "mqtt-configs",
    "principals": "",  # by their kinds
    "client_secrets": "",
    "gateway_sessions": "",
}
OVER = {"sessions": "ended", "api-keys": "revoked"}


def seen(database: Database, workspace_id: str, *, now: datetime) -> Seen:
    """What people see in a workspace: for every noun the keys of what there is."""
    found: Seen = defaultdict(set)
    with database.read() as tx:
        mine = schema.principals.c.workspace_id == workspace_id
        people = {row.id: row.kind for row in tx.all(select(schema.principals).where(mine))}
        for id, kind in people.items():
            found["end-users" if kind == "end_user" else f"{kind}s"].add(id)
        for name, table in schema.metadata.tables.items():
            noun = NAMES.get(name, name.replace("_", "-"))
            if name in NOT_SEEN or not noun or noun == "clients":
                continue
            key = [column.name for column in inspect(table).primary_key]
            for row in (one._mapping for one in tx.all(select(table))):
                where = row.get("workspace_id") or (row["id"] if name == "workspaces" else None)
                is_here = where == workspace_id or row.get("principal_id") in people
                is_over = row.get("ended_at") or row.get("revoked_at")
                ends = row.get("expires_at")
                if is_here and not is_over and not (ends and ends <= now):
                    found[noun].add(tuple(row[part] for part in key))
    return found


def difference(before: Seen, after: Seen) -> Numbers:
    """How many of what were added and went."""
    found: Numbers = {}
    for noun in before.keys() | after.keys():
        gone, more = len(before[noun] - after[noun]), len(after[noun] - before[noun])
        said = {"added": more, OVER.get(noun, "removed"): gone}
        if any(said.values()):
            found[noun] = {verb: number for verb, number in said.items() if number}
    return found
