"""The command itself: help, wrong usage, and an install without the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scopewright import __version__
from scopewright.cli.main import SERVER_PACKAGES
from tests import warm
from tests.servers import COMMAND

TYPERS_OWN = {"pydantic"}  # some of its versions bring it
NOT_INSTALLED = sorted({*SERVER_PACKAGES, "jinja2", "psycopg", "starlette", "uvloop"} - TYPERS_OWN)


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_without_server(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where the server's packages are not installed."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({NOT_INSTALLED!r}));"
        f"sys.argv = ['scopewright', *{arguments!r}];"
        "from scopewright.cli.main import run; run()"
    )
    own = {name: value for name, value in os.environ.items() if "SCOPEWRIGHT_" not in name}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=own | {"XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command_and_the_version_is_the_packages() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("serve", "init", "migrate", "demo", "doctor", "settings", "login", "keys"):
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)
    assert run("--version").stdout.strip() == __version__


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["serve", "extra"], ["--nope"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


def test_no_color_is_honoured_even_where_colour_is_forced() -> None:
    done = run("settings", NO_COLOR="1", FORCE_COLOR="1")
    assert done.returncode == 0
    assert not re.search("\x1b\\[[0-9;]*3[0-9]", done.stdout)


def test_an_output_that_nobody_reads_any_more_is_no_failure() -> None:
    done = subprocess.run(
        f"{COMMAND} settings | head -n 1",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_management_works_without_the_server_installed(tmp_path: Path) -> None:
    done = run_without_server(tmp_path, "scopes", "list", "--url", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "no key for http://127.0.0.1:1" in done.stderr
    assert run_without_server(tmp_path, "--help").returncode == 0


def test_ctrl_c_while_the_command_is_still_imported_says_nothing() -> None:
    program = (
        "import sys\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "from scopewright.cli import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("arguments", [("demo", "--port", "0"), ("docs", "nowhere")])
def test_a_folder_that_cannot_be_written_to_is_named_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "scopewright-data").write_text("a file in the place of the folder")
    done = warm.run(arguments, folder=tmp_path, environment=dict(os.environ), timeout=60)
    assert done.returncode == 3
    (said,) = done.stderr.splitlines()
    assert said.startswith(("scopewright: scopewright-data", "scopewright: nowhere"))


@pytest.mark.parametrize("command", ["serve", "migrate", "settings", "doctor", "demo"])
def test_a_command_of_the_server_says_what_to_install(tmp_path: Path, command: str) -> None:
    done = run_without_server(tmp_path, command)
    assert done.returncode == 3
    assert "scopewright[server]" in done.stderr
