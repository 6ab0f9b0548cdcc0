"""Roles made and assigned here, in the real Tiled's own tables, where its own keys follow them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.peers.tiled import PROGRAMS, Tiled, authn_database, plugin, serving
from tests.postgres import Cluster
from tests.worlds import World

ANN = "ann@example.com"
TOY = {
    "provider": "toy",
    "authenticator": "tiled.authenticators:DictionaryAuthenticator",
    "args": {"users_to_passwords": {ANN: "secret", "root": "secret"}},
}
METRICS = "/metrics"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roles")


@pytest.fixture(scope="module")
def tiled(folder: Path) -> Iterator[Tiled]:
    """A site that signs people in by itself, called as here, and has never heard of us."""
    admins = [{"provider": "toy", "id": "root"}]
    with serving(folder, {"providers": [TOY], "tiled_admins": admins}) as tiled:
        yield tiled


@pytest.fixture(scope="module")
def ann(world: World) -> str:
    """The id of somebody who is known here and there."""
    return str(world.end_user(ANN, scopes=["read:data"])["id"])


@pytest.fixture(scope="module")
def key(tiled: Tiled, ann: str) -> str:
    """An API key of Tiled's own that inherits what its owner has."""
    asked = {"expires_in": None, "scopes": ["inherit"]}
    made = tiled.ask("POST", "/auth/apikey", tiled.login("toy", ANN, "secret"), json=asked)
    return f"Apikey {made.json()['secret']}"


def sync(world: World, folder: Path, *options: str) -> str:
    """What the connector says."""
    return plugin(
        "sync-roles",
        *("--database", authn_database(folder), "--provider", "toy", "--backup", str(folder)),
        *options,
        world=world,
    )


def roles(tiled: Tiled, key: str) -> dict[str, list[str]]:
    """The roles of whoever presents a key, as Tiled tells them."""
    shown: dict[str, Any] = tiled.get("/auth/whoami", key).json()
    return {role["name"]: role["scopes"] for role in shown["roles"]}


def test_084_a_role_made_and_assigned_here_counts_there_at_once(
    world: World, tiled: Tiled, folder: Path, ann: str, key: str
) -> None:
    """A role that is made and assigned here stands in the real Tiled, and counts for a key
    that inherits at once.
    """
    world.define("metrics")
    made = {"name": "watcher", "description": "Sees the figures.", "scopes": ["metrics"]}
    assert world.admin.post("/roles", json=made).is_success
    assert world.admin.put(f"/principals/{ann}/roles/watcher").is_success
    planned = ["+ role watcher: metrics", f"+ {ANN} has watcher"]
    assert sync(world, folder, "--dry-run").splitlines() == planned
    assert backups(folder) == []
    assert tiled.get(METRICS, key).status_code == 401

    assert sync(world, folder).splitlines()[:2] == planned
    assert tiled.get(METRICS, key).status_code == 200
    assert roles(tiled, key)["watcher"] == ["metrics"]
    (before,) = backups(folder)
    assert before.stat().st_mode & 0o777 == 0o600
    kept = json.loads(before.read_text())
    assert {role["name"] for role in kept["roles"]} == {"user", "admin"}
    assert {one["role"] for one in kept["principal_role_association"]} == {"user", "admin"}


def test_084_what_changes_here_changes_there_and_tiled_s_own_roles_are_never_touched(
    world: World, tiled: Tiled, folder: Path, ann: str, key: str
) -> None:
    own = roles(tiled, key)["user"]
    assert world.admin.post("/roles", json={"name": "user", "scopes": ["metrics"]}).is_success
    assert world.admin.patch("/roles/watcher", json={"scopes": ["read:data"]}).is_success
    said = sync(world, folder)
    assert "~ role watcher: read:data" in said
    assert "role user: Tiled has one of its own by this name, left alone" in said
    assert tiled.get(METRICS, key).status_code == 401
    assert roles(tiled, key) == {"user": own, "watcher": ["read:data"]}

    assert world.admin.delete("/roles/watcher?force=true").is_success
    said = sync(world, folder)
    assert said.splitlines()[:2] == [f"- {ANN} no longer has watcher", "- role watcher"]
    assert roles(tiled, key) == {"user": own}
    assert len(backups(folder)) == 3


def test_084_a_database_that_is_not_there_is_not_made(world: World, folder: Path) -> None:
    missing = folder / "missing.db"
    arguments = ("--database", f"sqlite:///{missing}", "--provider", "toy")
    assert "no such database" in plugin("sync-roles", *arguments, world=world, fails=True)
    assert not missing.exists()


KNOWN = """
WITH p AS (INSERT INTO principals (uuid, type) VALUES (gen_random_uuid(), 'user') RETURNING id)
INSERT INTO identities (id, provider, principal_id) SELECT %s, 'toy', id FROM p
"""
HAVE = """
SELECT i.id, r.scopes FROM identities i
JOIN principal_role_association a ON a.principal_id = i.principal_id
JOIN roles r ON r.id = a.role_id
"""


@pytest.mark.postgres
def test_084_a_database_on_postgresql_whose_password_no_argument_says(
    world: World, ann: str, folder: Path, postgres_cluster: Cluster
) -> None:
    url = postgres_cluster.create_database()
    subprocess.run([PROGRAMS / "tiled", "admin", "initialize-database", url], check=True)
    with psycopg.connect(url) as connection:
        connection.execute(KNOWN, [ANN])
    role = {"name": "keeper", "scopes": ["read:data"]}
    assert world.admin.post("/roles", json=role).is_success
    assert world.admin.put(f"/principals/{ann}/roles/keeper").is_success
    arguments = ("sync-roles", "--provider", "toy", "--backup", str(folder))
    assert f"+ {ANN} has keeper" in plugin(*arguments, world=world, TILED_AUTHN_URI=url)
    with psycopg.connect(url) as connection:
        assert connection.execute(HAVE).fetchall() == [(ANN, '["read:data"]')]
    assert world.admin.delete("/roles/keeper?force=true").is_success
    assert "- role keeper" in plugin(*arguments, world=world, TILED_AUTHN_URI=url)
    with psycopg.connect(url) as connection:
        assert connection.execute(HAVE).fetchall() == []
    postgres_cluster.drop_database(url)


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("tiled-roles-*.json"))
