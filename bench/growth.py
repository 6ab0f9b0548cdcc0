"""Growth: the token endpoint of a small Scopewright beside one with very many rows.

The rows are copied in the database from one workspace, one end-user and one client that were made
through the API, while no server runs. A tenth of the people and clients belongs to the workspace
that is asked, the rest to the others alike.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from bench.figures import Contestant, Figure
from bench.load import Request, run
from bench.ours import Ours, furnished
from bench.stage import Stage
from bench.target import token_request
from tests.servers import Installation

ASKED = 1_000  # the clients that take turns, so that no cache holds the answer for one


@dataclass(frozen=True)
class Size:
    """How many rows there are of each."""

    workspaces: int
    end_users: int
    clients: int


SMALL = Size(workspaces=1, end_users=1_000, clients=10)
LARGE = Size(workspaces=10_000, end_users=1_000_000, clients=100_000)


def contestants(stage: Stage) -> Mapping[str, Contestant]:
    """Two more servers on SQLite, started here; nobody where ours is not measured."""
    if not stage.ours:
        return {}
    return {
        "small": partial(_measured, _grown(stage, "small", SMALL), stage.connections),
        "large": partial(_measured, _grown(stage, "large", LARGE), stage.connections),
    }


def _measured(request: Request, connections: int, seconds: int) -> Figure:
    outcome = run(request, connections=connections, seconds=seconds)
    return Figure(outcome.p50, p50=outcome.p50, p99=outcome.p99)


def _grown(stage: Stage, name: str, size: Size) -> Request:
    """A server of that size, and the token request of its clients by turns."""
    database, folder = stage.scratch / f"{name}.db", stage.scratch / name
    folder.mkdir()
    installation = stage.ending.enter_context(Installation(folder, f"sqlite:///{database}"))
    ours = furnished(installation, name=name, database_pids=[])
    address = ours.person.address
    installation.servers.pop().stop()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        clients = fill(connection, size, ours=ours, address=address)
    installation.serve()
    asked = (f"{client}:{ours.target.client_secret}".encode() for client in clients[:ASKED])
    headers = [f"Basic {base64.b64encode(pair).decode()}" for pair in asked]
    return replace(token_request(ours.target), authorizations=headers)


def fill(connection: sqlite3.Connection, size: Size, *, ours: Ours, address: str) -> list[str]:
    """Copy rows up to ``size``; the ids of the clients of the asked workspace.

    Copies are numbered by ``i`` and keep every column that is not named here.
    """
    connection.create_function("numbered", 2, _id, deterministic=True)
    workspace, client = f"'{ours.workspace_id}'", f"'{ours.target.client_id}'"
    (found,) = connection.execute("SELECT id FROM principals WHERE subject = ?", [address])
    person = f"'{found[0]}'"
    # The first tenth stays in the asked workspace.
    home = f"CASE WHEN i % 10 = 0 OR {size.workspaces} = 1 THEN {workspace} ELSE {{}} END"
    home = home.format(f"numbered('a', 1 + i % {max(size.workspaces - 1, 1)})")
    copy = partial(_copy, connection)
    connection.execute("BEGIN")
    copy("workspaces", f"id = {workspace}", size.workspaces, id="numbered('a', i)", slug="'w' || i")
    copy("principals", f"id = {person}", size.end_users, id="numbered('b', i)", workspace_id=home,
         name="'p' || i", subject=f"'p' || i || '{address}'")  # fmt: skip
    copy("grants", f"principal_id = {person}", size.end_users, principal_id="numbered('b', i)",
         workspace_id=home)  # fmt: skip
    copy("principals", f"id = {client}", size.clients, id="numbered('c', i)", workspace_id=home)
    copy("clients", f"id = {client}", size.clients, id="numbered('c', i)", workspace_id=home)
    copy("client_secrets", f"client_id = {client}", size.clients, client_id="numbered('c', i)")
    copy("grants", f"principal_id = {client}", size.clients, principal_id="numbered('c', i)",
         workspace_id=home)  # fmt: skip
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    ids = connection.execute(
        f"SELECT id FROM clients WHERE workspace_id = {workspace} AND type = 'client_credentials'"
    )
    return [row[0] for row in ids]


def _copy(
    connection: sqlite3.Connection, table: str, template: str, rows: int, **columns: str
) -> None:
    """Copy the row of ``table`` where ``template`` holds, until there are ``rows``."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(columns.get(name, f"{table}.{name}") for name in names)
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
        f" INSERT INTO {table} ({', '.join(names)})"
        f" SELECT {values} FROM {table}, n WHERE {template} AND i < ?",
        [rows, rows],
    )


def _id(kind: str, number: int) -> str:
    """A UUID of version 7 for the ``number``th copy of a kind (one hexadecimal digit)."""
    return f"01920000-0000-7000-8000-{kind}{number:011x}"
