"""What is read off pages of lists and forms, and the commands that they show, run."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.worlds import World


def rows_of(page: httpx.Response) -> dict[str, str]:
    """The rows of the first table, by the text of the first link in each."""
    found = re.findall(r"(?s)<tr id=.*?</tr>", page.text)
    return {html.unescape(re.search(r"(?s)<a [^>]*>(.*?)</a>", row)[1]): row for row in found}  # type: ignore[index]


def cells(row: str) -> list[str]:
    """The cells of a row."""
    return re.findall(r"(?s)<t[hd][ >].*?</t[hd]>", row)


def boxes(page: httpx.Response, name: str) -> set[str]:
    """The boxes of this name that are ticked."""
    found = re.findall(rf'<input type="checkbox" name="{name}" value="([^"]*)" checked', page.text)
    return set(found)


def chips(page: httpx.Response, name: str = "chip") -> dict[str, bool]:
    """Which chips are on."""
    found = re.findall(
        rf'<button name="{name}" value="([^"]*)"[^>]*aria-pressed="(\w+)"', page.text
    )
    return {value: pressed == "true" for value, pressed in found}


def command_text(page: httpx.Response) -> str:
    """The first command that a page shows, as it would be pasted into a shell."""
    found = re.search(r'(?s)<details class="command">.*?<code>(.*?)</code>', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def run_in_shell(world: World, command: str) -> None:
    """Run a shown command as the administrator of the workspace."""
    environment = os.environ | {
        "SCOPEWRIGHT_URL": world.url,
        "SCOPEWRIGHT_API_KEY": world.api_key,
        "XDG_CONFIG_HOME": "/nonexistent",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["sh", "-ec", command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
