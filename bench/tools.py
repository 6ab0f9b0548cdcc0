"""The programs the suite needs: installed by ``apt-get`` as root, otherwise named and refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
OWN = {"wrk": "wrk", "openssl": "openssl"}  # node, npm and PostgreSQL come with the tests' programs


class MissingTool(Exception):
    """A program is missing and could not be installed; the message says the line that would."""


def provide() -> None:
    """Have every program the suite runs, or raise `MissingTool`."""
    tests = subprocess.run([ROOT / "scripts" / "packages"], check=False, timeout=900)
    if tests.returncode != 0:
        raise MissingTool("a program named above is missing")
    missing = [package for program, package in OWN.items() if shutil.which(program) is None]
    if not missing:
        return
    line = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingTool(f"missing: {', '.join(missing)}. Run: sudo {' '.join(line)}")
    print(f"missing: {', '.join(missing)}; running {' '.join(line)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], line):
        subprocess.run(command, check=True, env=quiet, timeout=600, stdout=subprocess.DEVNULL)
