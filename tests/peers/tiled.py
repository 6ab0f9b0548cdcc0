"""The real Tiled, from an environment of its own, run as a site runs it: by one YAML file."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

import scopewright
from tests.ports import free_port
from tests.worlds import World

PROGRAMS = Path(__file__).parent / ".venv" / "bin"
OURS = Path(scopewright.__file__).parents[1]  # its plugin, too, comes from this tree
START_SECONDS = 120
STOP_SECONDS = 10
TREE = """\
import numpy
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.mapping import MapAdapter

tree = MapAdapter({name: ArrayAdapter.from_array(numpy.ones((3, 3))) for name in "ABCD"})
"""
# Tiled keeps a provider's keys for an hour; what is to be seen in seconds shortens that.
KEYS_KEPT = """\
import tiled.authenticators

tiled.authenticators.OIDCAuthenticator.keys.cache._TTLCache__ttl = {seconds}
"""


@dataclass(frozen=True)
class Tiled:
    """A running Tiled; `http` speaks to its API as nobody."""

    url: str
    http: httpx.Client
    log: Path

    def ask(
        self, method: str, path: str, credential: str | None = None, **more: Any
    ) -> httpx.Response:
        """One request to the API; a credential is for `Bearer` unless it names its scheme."""
        headers = {}
        if credential is not None:
            headers["authorization"] = credential if " " in credential else f"Bearer {credential}"
        return self.http.request(method, f"{self.url}/api/v1{path}", headers=headers, **more)

    def get(self, path: str, credential: str | None = None) -> httpx.Response:
        """One request to the API, with a credential or with none."""
        return self.ask("GET", path, credential)

    def listed(self, credential: str | None = None) -> set[str]:
        """What is seen in the list of the root."""
        answer = self.get("/search/", credential)
        assert answer.status_code == 200, answer.text
        return {entry["id"] for entry in answer.json()["data"]}

    def login(self, provider: str, username: str, password: str) -> str:
        """The access token of somebody who signs in with a password."""
        form = {"username": username, "password": password}
        answer = self.ask("POST", f"/auth/provider/{provider}/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def python(self, program: str, **environment: str) -> str:
        """What a program prints that has Tiled's own client at hand, and the address in `URL`."""
        done = subprocess.run(
            [PROGRAMS / "python", "-c", program],
            env={**os.environ, "URL": f"{self.url}/api/v1", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout


@contextlib.contextmanager
def serving(
    folder: Path,
    authentication: Mapping[str, Any],
    *,
    port: int | None = None,
    customize: str = "",
    environment: Mapping[str, str] | None = None,
    **more: Any,
) -> Iterator[Tiled]:
    """Tiled with four arrays, A to D; `customize` is code that its process runs first.

    Its own database is a file, and it has nothing in it yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site_tree.py").write_text(TREE)
    (folder / "sitecustomize.py").write_text(customize)
    config = {
        "authentication": {"secret_keys": ["only-for-this-test"], **authentication},
        "database": {"uri": authn_database(folder), "init_if_not_exists": True},
        "trees": [{"path": "/", "tree": "site_tree:tree"}],
        **more,
    }
    with running(folder, yaml.safe_dump(config), port=port, environment=environment) as tiled:
        yield tiled


# For a site whose people and keys need not outlive it: it starts without another process's help.
FORGETFUL = {"uri": "sqlite:///:memory:", "init_if_not_exists": True}


def authn_database(folder: Path) -> str:
    """Where a Tiled that serves from a folder keeps people, roles and keys."""
    return f"sqlite:///{folder / 'authn.db'}"


@contextlib.contextmanager
def running(
    folder: Path,
    config: str,
    *options: str,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Tiled]:
    """Tiled with the text of a configuration, in a process that finds modules in the folder."""
    port = port or free_port()
    (folder / "config.yml").write_text(config)
    log = folder / "tiled.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [PROGRAMS / "tiled", "serve", "config", "config.yml", "--port", str(port), *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{folder}:{OURS}", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(timeout=30) as http:
            _wait(http, f"{url}/api/v1/", process, log)
            yield Tiled(url, http, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def plugin(*arguments: str, world: World, fails: bool = False, **environment: str) -> str:
    """What the commands of our plugin say, which read a workspace as its administrator."""
    workspace = {
        "SCOPEWRIGHT_URL": world.url,
        "SCOPEWRIGHT_API_KEY": world.api_key,
        "SCOPEWRIGHT_WORKSPACE": world.id,
    }
    done = subprocess.run(
        [PROGRAMS / "python", "-m", "scopewright.tiled", *arguments],
        env={**os.environ, "PYTHONPATH": str(OURS), **workspace, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stderr[-4000:]
    return done.stderr if fails else done.stdout


def _wait(http: httpx.Client, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if http.get(url).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"Tiled did not start:\n{log.read_text()[-4000:]}")
