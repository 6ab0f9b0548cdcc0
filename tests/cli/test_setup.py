"""`init` and `migrate`: what they make, and that they can be run again."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.servers import COMMAND, Installation


def test_init_makes_a_workspace_whose_key_administers_it(installation: Installation) -> None:
    made = installation.init(workspace="Acme", slug="acme", admin="Admin@Example.com")
    assert made["issuer"] == f"{installation.url}/w/{made['workspace_id']}"
    assert (made["slug"], made["admin_email"]) == ("acme", "admin@example.com")
    installation.serve()
    headers = {"authorization": f"Bearer {made['api_key']}"}
    me = httpx.get(f"{installation.url}/api/whoami", headers=headers).json()
    assert me["workspace"] == made["workspace_id"]
    assert "iotman:workspace:delete" in me["scopes"]


def test_init_again_changes_nothing_and_shows_no_key(installation: Installation) -> None:
    first = installation.init()
    again = installation.init(workspace="Other", admin="other@example.com")
    assert again == {**first, "api_key": None}


def test_init_refuses_nonsense_with_one_line(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db")
    good = {"--workspace": "Acme", "--slug": "acme", "--admin": "a@b.example"}
    bad = {"--slug": "A B", "--admin": "nobody", "--workspace": "", "--catalogue": "nope"}
    for option, value in bad.items():
        given = [part for pair in {**good, option: value}.items() for part in pair]
        done = installation.command("init", *given, succeed=False)
        assert done.returncode == 2, option
        assert len(done.stderr.splitlines()) == 1
    assert installation.command("init", succeed=False).returncode == 2


def test_init_says_that_nothing_was_changed_where_the_workspace_is_there(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db")
    installation.found()
    options = ("--workspace", "Acme", "--slug", "acme", "--admin", "other@example.com")
    assert "nothing has been changed" in installation.command("init", *options).stdout


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    Installation(tmp_path, url).found()
    full = ("bash", "-c", 'ulimit -f 40 && exec "$0" "$@"', COMMAND)  # files of at most 40 KiB
    options = ("--workspace", "Other", "--slug", "other", "--admin", "a@b.example")
    done = Installation(tmp_path, url, program=full).command("init", *options, succeed=False)
    assert done.returncode == 3
    assert f"{tmp_path}/x.db" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "nothing has been changed" not in Installation(tmp_path, url).command(
        "init", *options
    ).stdout  # fmt: skip


def test_an_empty_database_is_not_led_back(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db")
    done = installation.command("migrate", "--back-to", "0003", succeed=False)
    assert done.returncode == 2
    assert "empty" in done.stderr


def test_migrate_says_what_it_did(installation: Installation) -> None:
    assert "now" in installation.command("migrate").stdout
    assert "already" in installation.command("migrate").stdout


def test_a_database_that_does_not_answer_is_a_failure_that_keeps_its_password(
    tmp_path: Path,
) -> None:
    urls = {
        "postgresql://u:hunter2@127.0.0.1:1/x": 3,
        "sqlite:////proc/no/such/folder/x.db": 3,
        "nonsense hunter2": 2,
        "oracle://u:hunter2@h/x": 2,
    }
    for url, code in urls.items():
        done = Installation(tmp_path, url).command("migrate", succeed=False)
        assert (done.returncode, url) == (code, url)
        assert "hunter2" not in done.stdout + done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_answer_for_programs_is_json_alone(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db")
    options = ("--workspace", "Acme", "--slug", "acme", "--admin", "a@b.example")
    said = installation.command("init", *options, "--json").stdout
    assert set(json.loads(said)) == {"workspace_id", "slug", "issuer", "admin_email", "api_key"}
