"""`serve`: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.servers import COMMAND, Installation


@pytest.fixture
def quick(tmp_path: Path) -> Installation:
    """An installation on SQLite: what is tested here is the process, not the database."""
    return Installation(tmp_path, f"sqlite:///{tmp_path}/x.db", program=(COMMAND,))


def test_a_database_without_the_schema_is_refused_with_what_to_do(
    installation: Installation,
) -> None:
    done = installation.command("serve", succeed=False)
    assert done.returncode == 3
    assert "scopewright init" in done.stderr


def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "mistyped"
    for command in ("serve", "doctor"):
        done = Installation(tmp_path, f"sqlite:///{folder}/x.db").command(command, succeed=False)
        assert f"{folder}/x.db is not there" in done.stdout + done.stderr
        assert not folder.exists()


def test_private_keys_that_another_secret_encrypts_are_refused_at_start(
    installation: Installation,
) -> None:
    installation.environment["SCOPEWRIGHT_KEYS__ENCRYPTION_KEY"] = "A" * 43
    installation.found()
    installation.environment["SCOPEWRIGHT_KEYS__ENCRYPTION_KEY"] = "B" * 43
    assert_keys_are_closed(installation)
    del installation.environment["SCOPEWRIGHT_KEYS__ENCRYPTION_KEY"]
    assert_keys_are_closed(installation)
    installation.environment["SCOPEWRIGHT_KEYS__ENCRYPTION_KEY"] = "A" * 43
    installation.serve()


def assert_keys_are_closed(installation: Installation) -> None:
    """`serve` and `doctor` say so, and by which setting they would open."""
    for command, code in (("serve", 3), ("doctor", 1)):
        done = installation.command(command, succeed=False)
        assert done.returncode == code
        assert "another keys.encryption_key" in done.stdout + done.stderr


@pytest.mark.parametrize("spoilt", ["", "no certificate"])
def test_a_certificate_that_cannot_be_used_is_named_in_one_line(
    quick: Installation, tmp_path: Path, spoilt: str
) -> None:
    quick.found()
    file = tmp_path / "certificate.pem"
    if spoilt:
        file.write_text(spoilt)
    quick.environment["SCOPEWRIGHT_SERVER__PUBLIC_URL"] = "https://auth.example"
    options = ("--tls-certificate", str(file), "--tls-key", str(file))
    done = quick.command("serve", *options, succeed=False)
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_ends_well_when_asked_even_while_streams_are_open(quick: Installation) -> None:
    with quick:
        made = quick.found()
        server = quick.serve()
        key = {"authorization": f"Bearer {made['api_key']}"}
        feed = f"{made['issuer']}/revocations"
        accept = {"accept": "text/event-stream"}
        with httpx.stream("GET", feed, headers={**key, **accept}) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            started = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - started < 8


def test_several_processes_end_together(quick: Installation) -> None:
    with quick:
        quick.found()
        server = quick.serve(workers=2)
        children = _children(server.process.pid)
        assert len(children) >= 2
        assert server.stop() == 0
        deadline = time.monotonic() + 5
        while any(map(_lives, children)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(_lives, children))


def test_secrets_stand_neither_in_arguments_nor_in_the_log(quick: Installation) -> None:
    quick.environment["SCOPEWRIGHT_KEYS__ENCRYPTION_KEY"] = "A" * 43
    with quick:
        made = quick.found()
        server = quick.serve(workers=2)
        httpx.get(f"{quick.url}/api/whoami", headers={"authorization": f"Apikey {made['api_key']}"})
        for pid in [server.process.pid, *_children(server.process.pid)]:
            assert "A" * 43 not in Path(f"/proc/{pid}/cmdline").read_text()
        assert "A" * 43 not in server.said
        assert made["api_key"] not in server.said


def test_port_0_takes_a_free_port_and_prints_it(quick: Installation) -> None:
    quick.found()
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", "0", "--database", quick.database_url],
        cwd=quick.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:[1-9]\d*", process.stdout.readline())
        assert found is not None
        assert httpx.get(f"{found.group()}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()


def test_an_address_that_is_taken_is_a_failure_that_names_it(quick: Installation) -> None:
    quick.found()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = quick.command("serve", "--port", port, succeed=False)
    assert done.returncode == 3
    assert port in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "many"],
        ["--port", "70000"],
        ["--workers", "0"],
        ["--public-url", "https://a.b/c"],
        ["--config", "no-such.yaml"],
        ["--no-such-option"],
        ["--database", "nonsense"],
    ],
)
def test_nonsense_is_wrong_usage(quick: Installation, options: list[str]) -> None:
    done = quick.command("serve", *options, succeed=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_readiness_says_no_while_the_schema_is_not_ours(quick: Installation) -> None:
    with quick:
        quick.found()
        server = quick.serve()
        with sqlite3.connect(quick.folder / "x.db") as database:
            database.execute("UPDATE alembic_version SET version_num = 'later'")
        assert httpx.get(f"{server.url}/readyz").status_code == 503
        assert httpx.get(f"{server.url}/healthz").status_code == 200


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]
