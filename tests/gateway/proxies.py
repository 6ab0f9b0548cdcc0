"""nginx and Caddy as the shipped samples configure them, each a process of its own on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port
from tests.tls import Certificate

SAMPLES = Path(__file__).parents[2] / "examples/gateway"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
START_SECONDS = 20
FILE = "reading.txt"


@contextlib.contextmanager
def proxy(name: str, *, server: str, workspace_id: str) -> Iterator[str]:
    """The proxy `nginx` or `caddy` in front of one static file; its URL."""
    with tempfile.TemporaryDirectory(prefix="scopewright-proxy-") as made:
        folder, site = Path(made), Path(made) / "site"
        site.mkdir()
        (site / FILE).write_text("21.5")
        for each in (folder, site):  # nginx's workers are nobody when it was started by root
            each.chmod(0o755)
        with _running(name, folder, server=server, workspace_id=workspace_id) as url:
            yield url


@contextlib.contextmanager
def tls_proxy(server: str, certificate: Certificate, folder: Path) -> Iterator[str]:
    """nginx that ends TLS in front of a server, as `examples/tls` configures it; its URL."""
    port, log = free_port(), folder / "log"
    files = {"CERTIFICATE": str(certificate.chain), "KEY": str(certificate.key)}
    sample = SAMPLES.parent / "tls" / "nginx.conf"
    config = filled(sample, folder, {"PORT": str(port), "AUTH": server, **files})
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", str(config)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        stdout=log.open("wb"),
    )
    try:
        wait_for(port, process, log)
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


@contextlib.contextmanager
def application_proxy(
    name: str, *, server: str, workspace_id: str, application: str, upstream: str, port: int
) -> Iterator[str]:
    """The proxy `nginx` or `caddy` in front of an application; where browsers reach it."""
    with tempfile.TemporaryDirectory(prefix="scopewright-proxy-") as made:
        values = {
            "AUTH": _named(name, server),
            "WORKSPACE": workspace_id,
            "APPLICATION": application,
            "HOST": f"127.0.0.1:{port}",
            "UPSTREAM": _named(name, upstream),
            "PORT": str(port),
        }
        sample = {"nginx": "application.nginx.conf", "caddy": "application.Caddyfile"}[name]
        Path(made).chmod(0o755)
        with _started(name, Path(made), sample, values, port=port) as url:
            yield url


@contextlib.contextmanager
def _running(name: str, folder: Path, *, server: str, workspace_id: str) -> Iterator[str]:
    port, site = free_port(), folder / "site"
    values = {
        "WORKSPACE": workspace_id,
        "PORT": str(port),
        "FOLDER": str(site),
        "AUTH": _named(name, server),
    }
    sample = {"nginx": "nginx.conf", "caddy": "Caddyfile"}[name]
    with _started(name, folder, sample, values, port=port) as url:
        yield url


@contextlib.contextmanager
def _started(
    name: str, folder: Path, sample: str, values: dict[str, str], *, port: int
) -> Iterator[str]:
    config = filled(SAMPLES / sample, folder, values)
    homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    process = subprocess.Popen(
        _nginx(folder, config) if name == "nginx" else _caddy(config),
        cwd=folder,
        env={**os.environ, **homes},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        stdout=(folder / "log").open("wb"),
    )
    try:
        wait_for(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _nginx(folder: Path, config: Path) -> list[str]:
    return [NGINX, "-p", str(folder), "-c", str(config)]


def _caddy(config: Path) -> list[str]:
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]


def _named(name: str, url: str) -> str:
    """A server as the proxy's configuration names it."""
    return url if name == "nginx" else url.removeprefix("http://")


def filled(sample: Path, folder: Path, values: dict[str, str]) -> Path:
    """The sample in this folder, with these values in place of their names."""
    lines = sample.read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    for name, value in values.items():
        text = text.replace(name, value)
    config = folder / sample.name
    config.write_text(text + "\n")
    return config


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until something answers at this port."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"the proxy does not answer; it says:\n{log.read_text()}")
