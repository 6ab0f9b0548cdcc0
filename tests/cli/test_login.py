"""`login` keeps a key for the other commands, and gives it to nobody else."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.cli.conftest import Site
from tests.servers import COMMAND
from tests.visitors import Form, Person, sign_in, submit


def run(
    home: Path, *arguments: str, typed: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """A command of somebody who has no variables of ours."""
    own = {name: value for name, value in os.environ.items() if "SCOPEWRIGHT_" not in name}
    return subprocess.run(
        [COMMAND, *arguments],
        env=own | {"XDG_CONFIG_HOME": str(home)} | variables,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def signed_in(site: Site, tmp_path: Path) -> Path:
    """The home of somebody who has signed in with the administrator's key."""
    done = run(tmp_path, "login", "--url", site.installation.url, typed=f"{site.api_key}\n")
    assert done.returncode == 0, done.stderr
    assert site.api_key not in done.stdout + done.stderr
    return tmp_path


def test_a_stored_key_serves_the_other_commands(signed_in: Path) -> None:
    done = run(signed_in, "whoami")
    assert done.returncode == 0
    assert "admin@example.com" in done.stdout


def test_the_key_is_for_its_owners_eyes_alone(signed_in: Path) -> None:
    (kept,) = signed_in.rglob("credentials.toml")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert list(kept.parent.iterdir()) == [kept]


def test_a_stored_key_is_not_sent_to_another_server(signed_in: Path) -> None:
    done = run(signed_in, "whoami", "--url", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "no key for http://127.0.0.1:1" in done.stderr


def test_a_variable_wins_over_the_stored_key(signed_in: Path) -> None:
    assert run(signed_in, "whoami", SCOPEWRIGHT_API_KEY="swk_wrong").returncode == 1


def test_logging_out_forgets_the_key(signed_in: Path) -> None:
    assert run(signed_in, "logout").returncode == 0
    assert run(signed_in, "whoami").returncode == 2
    assert not list(signed_in.rglob("credentials.toml"))


def test_a_key_that_is_refused_is_not_kept(site: Site, tmp_path: Path) -> None:
    done = run(tmp_path, "login", "--url", site.installation.url, typed="swk_wrong\n")
    assert done.returncode == 1
    assert not list(tmp_path.rglob("credentials.toml*"))


def test_without_a_key_nobody_is_asked_when_there_is_no_terminal(
    site: Site, tmp_path: Path
) -> None:
    done = run(tmp_path, "login", "--url", site.installation.url)
    assert done.returncode == 2
    assert "standard input" in done.stderr


def test_a_damaged_file_is_told_apart_from_none(signed_in: Path) -> None:
    (kept,) = signed_in.rglob("credentials.toml")
    for damage in ("url = ", "no_such = 1", "\x00"):
        kept.write_text(damage)
        done = run(signed_in, "whoami")
        assert done.returncode == 3
        assert "login" in done.stderr


def test_an_unreachable_server_keeps_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "login", "--url", "http://127.0.0.1:1", typed="swk_x\n")
    assert done.returncode == 3
    assert not list(tmp_path.rglob("credentials.toml*"))


def test_a_member_signs_in_with_a_browser_and_the_session_is_renewed(
    site: Site, tmp_path: Path
) -> None:
    home, issuer = tmp_path / "home", site.issuer
    _sign_in_by_browser(site, home)
    assert "admin@example.com" in run(home, "whoami").stdout

    (kept,) = home.rglob("credentials.toml")
    first = tomllib.loads(kept.read_text())
    kept.write_text(kept.read_text().replace(first["api_key"], "an.ended.token"))
    assert run(home, "scopes", "list").returncode == 0
    renewed = tomllib.loads(kept.read_text())
    assert renewed["refresh_token"] not in ("", first["refresh_token"])
    assert f"{renewed['url']}/w/{renewed['workspace']}" == issuer


def test_an_ended_session_says_to_sign_in_again(site: Site, tmp_path: Path) -> None:
    _sign_in_by_browser(site, tmp_path)
    for session in json.loads(run(tmp_path, "sessions", "list", "--json").stdout):
        run(tmp_path, "sessions", "revoke", session["id"])
    done = run(tmp_path, "scopes", "list")
    assert done.returncode == 1
    assert "scopewright login" in done.stderr


def test_a_member_signs_in_on_another_device(site: Site, tmp_path: Path) -> None:
    process = _logging_in(site, tmp_path, "--device")
    assert process.stdout is not None
    said = (line.strip() for line in process.stdout)
    address = next(line for line in said if line.startswith("http"))
    code = next(line for line in said if re.fullmatch(r"\w{4}-\w{4}", line))
    person = Person("admin@example.com", "unused", {}, site.installation.letters)
    sign_in(person.browser, site.installation.url, person.mailbox)
    form = Form(person.browser.get(address))
    typed = person.browser.post(form.action, data={**form.fields, "user_code": code})
    allowed = submit(person.browser, typed)
    assert allowed.status_code == 200
    assert process.wait(30) == 0
    assert "admin@example.com" in run(tmp_path, "whoami").stdout


@pytest.mark.parametrize("issuer", ["nonsense", "http://127.0.0.1:1/w/x", "http://a.example/w/"])
def test_what_is_no_issuer_is_wrong_usage(tmp_path: Path, issuer: str) -> None:
    assert run(tmp_path, "login", "--issuer", issuer).returncode == 2


def _logging_in(site: Site, home: Path, *options: str) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if "SCOPEWRIGHT_" not in name}
    return subprocess.Popen(
        [COMMAND, "login", "--issuer", site.issuer, *options],
        env=own | {"XDG_CONFIG_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def _sign_in_by_browser(site: Site, home: Path) -> None:
    """Run `login`, and do in a browser what it asks for."""
    process = _logging_in(site, home)
    assert process.stdout is not None
    address = next(line.strip() for line in process.stdout if line.startswith("http"))
    person = Person("admin@example.com", "unused", {}, site.installation.letters)
    page = person.browser.get(address)
    while process.poll() is None:
        if not page.is_redirect:
            page = person._answer(page)
            continue
        location = urljoin(str(page.url), page.headers["location"])
        if "/callback?" in location:
            stranger = location.partition("?")[0] + "?code=x&state=y"
            assert httpx.get(stranger).status_code == 200  # heard, and not believed
            assert httpx.get(location).status_code == 200
            break
        page = person.browser.get(location)
    assert process.wait(30) == 0
