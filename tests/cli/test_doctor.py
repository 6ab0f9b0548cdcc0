"""`doctor` says what is off, and what to do about it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import Cluster, Postgres
from tests.servers import Installation


@pytest.fixture(scope="session")
def postgres_cluster(durable_cluster: Cluster) -> Cluster:
    """One that loses nothing by a power cut."""
    return durable_cluster


def found(installation: Installation) -> tuple[int, dict[str, Any]]:
    done = installation.command("doctor", "--json", succeed=False)
    return done.returncode, {finding["about"]: finding for finding in json.loads(done.stdout)}


def test_everything_is_in_order_after_init(installation: Installation) -> None:
    installation.init()
    code, findings = found(installation)
    assert code == 0
    assert all(finding["in_order"] for finding in findings.values())
    assert {"settings", "database", "durability", "clock", "mail"} <= set(findings)


def test_people_see_marks(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db")
    done = installation.command("doctor", succeed=False)
    assert done.returncode == 1
    assert "✗  database" in done.stdout
    assert "scopewright init" in done.stdout
    assert "✓  settings" in done.stdout


def test_a_database_that_everybody_can_read_is_off(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db")
    installation.found()
    assert (tmp_path / "x.db").stat().st_mode & 0o077 == 0
    assert found(installation)[1]["privacy of the database"]["in_order"]
    (tmp_path / "x.db").chmod(0o644)
    code, findings = found(installation)
    assert code == 1
    assert f"chmod o= {tmp_path}/x.db" in findings["privacy of the database"]["advice"]


def test_a_database_that_could_lose_commits_is_off(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    installation = Installation(
        Path.cwd(), f"{url}{'&' if '?' in url else '?'}options=-c%20synchronous_commit%3Doff"
    )
    _, findings = found(installation)
    assert not findings["durability"]["in_order"]
    assert "synchronous_commit = off" in findings["durability"]["advice"]


@pytest.mark.parametrize(
    ("variable", "value", "about"),
    [
        ("SCOPEWRIGHT_SERVER__PUBLIC_URL", "http://auth.example", "public address"),
        ("SCOPEWRIGHT_MAIL__URL", "pigeon:", "mail"),
        ("SCOPEWRIGHT_MAIL__URL", "smtp://[", "mail"),
        ("SCOPEWRIGHT_MAIL__URL", "smtp://127.0.0.1:1", "mail"),
        ("SCOPEWRIGHT_MAIL__URL", "file:/proc/nowhere", "mail"),
        ("SCOPEWRIGHT_SERVER__PORT", "many", "settings"),
        ("SCOPEWRIGHT_NO__SUCH", "1", "settings"),
    ],
)
def test_a_bad_setting_is_off(tmp_path: Path, variable: str, value: str, about: str) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db", {variable: value})
    code, findings = found(installation)
    assert code == 1
    assert not findings[about]["in_order"]
    assert findings[about]["advice"]


def test_mail_that_is_taken_is_in_order(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        mail = {"SCOPEWRIGHT_MAIL__URL": f"smtp://127.0.0.1:{server.getsockname()[1]}"}
        _, findings = found(Installation(tmp_path, f"sqlite:///{tmp_path}/x.db", mail))
    assert findings["mail"]["in_order"]
