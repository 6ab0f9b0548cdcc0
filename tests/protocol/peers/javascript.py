"""Scripts for Node.js that drive the server: they tell and ask in lines of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from tests.worlds import KnownClient

HERE = Path(__file__).parent
SECONDS = 120
Step = dict[str, Any]
Part = Callable[[str], str]
"""What a person does at this URL, and where the browser ends."""


def drive(script: str, use: dict[str, Any], parts: dict[str, Part]) -> dict[str, Step]:
    """The steps that the script told, by name; `parts` are those in which a person acts."""
    steps: dict[str, Step] = {}
    with _node(script) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps(use), file=process.stdin, flush=True)
        for line in process.stdout:
            step = json.loads(line)
            name = step.pop("step")
            if name in parts:
                answer = {"callback": parts[name](step["url"])}
                print(json.dumps(answer), file=process.stdin, flush=True)
            else:
                steps[name] = step
    assert "done" in steps, steps
    return steps


@contextmanager
def _node(script: str) -> Iterator[subprocess.Popen[str]]:
    """The script, which is ended if it takes too long."""
    process = subprocess.Popen(
        ["node", script], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    limit = Timer(SECONDS, process.kill)
    limit.start()
    try:
        with process:
            yield process
    finally:
        limit.cancel()
        process.kill()


def spelled(client: KnownClient) -> dict[str, str | None]:
    """A client as the scripts are told of it."""
    return {"id": client.id, "secret": client.secret}
