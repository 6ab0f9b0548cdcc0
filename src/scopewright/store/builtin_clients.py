"""The built-in clients' rows: made when a workspace first needs them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from scopewright.core.applications import Application
from scopewright.core.builtin_clients import (
    application_client,
    application_client_id,
    command_line,
)
from scopewright.core.model import ChangeKind, Client
from scopewright.store import clients, principals, workspaces
from scopewright.store.database import Transaction


def command_line_of(tx: Transaction, workspace_id: str, *, now: datetime) -> Client:
    """The command line's client of a workspace; of several that come first, one makes it."""
    client = command_line(workspace_id, now=now)
    workspaces.touch(tx, workspace_id, ChangeKind.CLIENT, client.id, at=now)
    known = clients.get(tx, client.id)
    if known is not None:
        return known
    _add(tx, client)
    return client


def application_client_of(
    tx: Transaction, application: Application, hosts: Collection[str], *, now: datetime
) -> Client:
    """An application's client as it must be now; of several that come first, one makes it."""
    wanted = application_client(application, hosts, now=now)
    known = clients.get(tx, wanted.id)
    if known is not None and replace(wanted, created_at=known.created_at) == known:
        return known
    workspaces.touch(tx, application.workspace_id, ChangeKind.CLIENT, wanted.id, at=now)
    known = clients.get(tx, wanted.id)
    if known is None:
        _add(tx, wanted)
    else:
        wanted = replace(wanted, created_at=known.created_at)
        clients.change(tx, wanted)
        principals.rename(tx, wanted.id, name=wanted.name)
    return wanted


def forget_application(tx: Transaction, application: Application, *, now: datetime) -> None:
    """Forget an application's client, and with it every browser that is signed in there."""
    id = application_client_id(application)
    workspaces.touch_revoking(tx, application.workspace_id, ChangeKind.CLIENT, id, at=now)
    principals.remove(tx, id)


def _add(tx: Transaction, client: Client) -> None:
    principals.add(tx, client.principal)
    clients.add(tx, client)
