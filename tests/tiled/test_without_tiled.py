"""Where Tiled is not installed, what needs it says so, and what does not works."""

from __future__ import annotations

import subprocess
import sys

import pytest

import scopewright.tiled as plugin


def test_the_command_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scopewright.tiled", "sync-tags"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "Tiled is not installed here: pip install 'scopewright[tiled]'\n"


def test_a_name_that_is_not_there_is_not_looked_for_in_tiled() -> None:
    with pytest.raises(AttributeError, match="Polcy"):
        _ = plugin.Polcy  # type: ignore[attr-defined]
