"""The built-in clients' rows: made when a workspace first needs them."""

from __future__ import annotations

from datetime import datetime

from scopewright.core.builtin_clients import command_line
from scopewright.core.model import ChangeKind, Client, Principal, PrincipalKind
from scopewright.store import clients, principals, workspaces
from scopewright.store.database import Transaction


def command_line_of(tx: Transaction, workspace_id: str, *, now: datetime) -> Client:
    """The command line's client of a workspace; of several that come first, one makes it."""
    client = command_line(workspace_id, now=now)
    workspaces.touch(tx, workspace_id, ChangeKind.CLIENT, client.id, at=now)
    known = clients.get(tx, client.id)
    if known is not None:
        return known
    itself = Principal(client.id, workspace_id, PrincipalKind.CLIENT, client.name, None, now)
    principals.add(tx, itself)
    clients.add(tx, client)
    return client
