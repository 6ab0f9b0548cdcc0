"""Growth: the token endpoint of a small Scopewright beside one with very many rows.

The rows are copied in the database from one workspace, one end-user and one client that were made
through the API, while no server runs. A tenth of the people and clients belongs to the workspace
that is asked, the rest to the others alike.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from bench.figures import Contestant, Figure
from bench.filling import Filling, filling
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
    url, folder = f"sqlite:///{stage.scratch / name}.db", stage.scratch / name
    folder.mkdir()
    installation = stage.ending.enter_context(Installation(folder, url))
    ours = furnished(installation, name=name, database_pids=[])
    address = ours.person.address
    installation.servers.pop().stop()
    with filling(url) as database:
        clients = fill(database, size, ours=ours, address=address)
    installation.serve()
    asked = (f"{client}:{ours.target.client_secret}".encode() for client in clients[:ASKED])
    headers = [f"Basic {base64.b64encode(pair).decode()}" for pair in asked]
    return replace(token_request(ours.target), authorizations=headers)


def fill(database: Filling, size: Size, *, ours: Ours, address: str) -> list[str]:
    """Copy rows up to ``size``; the ids of the clients of the asked workspace."""
    workspace, client = f"'{ours.workspace_id}'", f"'{ours.target.client_id}'"
    (found,) = database.execute(f"SELECT id FROM principals WHERE subject = '{address}'")
    person = f"'{found[0]}'"
    # The first tenth stays in the asked workspace.
    other = database.uuid("a", f"1 + i % {max(size.workspaces - 1, 1)}")
    home = f"CASE WHEN i % 10 = 0 OR {size.workspaces} = 1 THEN {workspace} ELSE {other} END"
    copied, copied_client = database.uuid("b", "i"), database.uuid("c", "i")
    copy = database.copy
    copy("workspaces", f"id = {workspace}", size.workspaces, id=database.uuid("a", "i"),
         slug="'w' || i")  # fmt: skip
    copy("principals", f"id = {person}", size.end_users, id=copied, workspace_id=home,
         name="'p' || i", subject=f"'p' || i || '{address}'")  # fmt: skip
    copy("grants", f"principal_id = {person}", size.end_users, principal_id=copied,
         workspace_id=home)  # fmt: skip
    copy("principals", f"id = {client}", size.clients, id=copied_client, workspace_id=home)
    copy("clients", f"id = {client}", size.clients, id=copied_client, workspace_id=home)
    copy("client_secrets", f"client_id = {client}", size.clients, client_id=copied_client)
    copy("grants", f"principal_id = {client}", size.clients, principal_id=copied_client,
         workspace_id=home)  # fmt: skip
    ids = database.execute(
        f"SELECT id FROM clients WHERE workspace_id = {workspace} AND type = 'client_credentials'"
    )
    return [row[0] for row in ids]
