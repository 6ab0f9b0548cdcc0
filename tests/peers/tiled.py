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

from tests.ports import free_port

PROGRAMS = Path(__file__).parent / ".venv" / "bin"
START_SECONDS = 60
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

    def get(self, path: str, credential: str | None = None) -> httpx.Response:
        """One request to the API, with a bearer credential or with none."""
        headers = {} if credential is None else {"authorization": f"Bearer {credential}"}
        return self.http.get(f"{self.url}/api/v1{path}", headers=headers)

    def listed(self, credential: str | None = None) -> set[str]:
        """What is seen in the list of the root."""
        answer = self.get("/search/", credential)
        assert answer.status_code == 200, answer.text
        return {entry["id"] for entry in answer.json()["data"]}

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
    **more: Any,
) -> Iterator[Tiled]:
    """Tiled with four arrays, A to D; `customize` is code that its process runs first.

    Its own database is a file, and it has nothing in it yet.
    """
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site_tree.py").write_text(TREE)
    (folder / "sitecustomize.py").write_text(customize)
    config = {
        "authentication": {"secret_keys": ["only-for-this-test"], **authentication},
        "database": {"uri": f"sqlite:///{folder / 'authn.db'}", "init_if_not_exists": True},
        "trees": [{"path": "/", "tree": "site_tree:tree"}],
        **more,
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    log = folder / "tiled.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [PROGRAMS / "tiled", "serve", "config", "config.yml", "--port", str(port)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
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


def _wait(http: httpx.Client, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if http.get(url).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"Tiled did not start:\n{log.read_text()[-4000:]}")
