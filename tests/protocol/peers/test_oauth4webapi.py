"""oauth4webapi (npm), a strict client library, completes every grant and is refused in time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from tests.protocol.peers.conftest import SCOPE, Stage
from tests.visitors import REDIRECT_URI
from tests.worlds import KnownClient

HERE = Path(__file__).parent
SECONDS = 120
Step = dict[str, Any]


@contextmanager
def node() -> Iterator[subprocess.Popen[str]]:
    """The script, which is ended if it takes too long."""
    process = subprocess.Popen(
        ["node", "oauth4webapi.mjs"],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
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
    return {"id": client.id, "secret": client.secret}


def drive(stage: Stage) -> list[Step]:
    """Every step that the script tells, the person's browser doing its part."""
    use = {
        "issuer": stage.world.issuer,
        "audience": stage.world.id,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "phone": spelled(stage.phone),
        "app": spelled(stage.app),
        "machine": spelled(stage.machine),
    }
    steps: list[Step] = []
    with node() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps(use), file=process.stdin, flush=True)
        for line in process.stdout:
            step = json.loads(line)
            if step["step"] == "authorize":
                answer = {"callback": stage.callback(step["url"])}
                print(json.dumps(answer), file=process.stdin, flush=True)
            else:
                steps.append(step)
    return steps


def test_oauth4webapi_completes_every_grant_and_is_refused_what_it_must_not_have(
    stage: Stage,
) -> None:
    steps = drive(stage)
    assert steps[-1] == {"step": "done"}, steps
    by_name = {step.pop("step"): step for step in steps}
    assert by_name["discovery"] == {"same": True, "issuer": stage.world.issuer}

    machine = stage.machine.id
    assert by_name["program: client credentials"] == {"scope": SCOPE, "sub": machine}
    assert by_name["program: introspection"]["active"]
    assert by_name["program: introspection"]["scope"] == SCOPE
    assert by_name["program: revocation"] == {"active": False}
    wrong_secret = by_name["program: wrong secret"]
    assert (wrong_secret["refused"], wrong_secret["status"]) == (True, 401)
    assert wrong_secret["scheme"] == "basic"

    for name, client in (("phone", stage.phone), ("app", stage.app)):
        assert by_name[f"{name}: code"]["scope"] == SCOPE
        assert by_name[f"{name}: code"]["type"] == "bearer"  # it lower-cases what it is told
        assert by_name[f"{name}: userinfo"] == {"email": stage.mailbox.address}
        assert by_name[f"{name}: refresh"] == {
            "scope": SCOPE, "rotated": True, "same_subject": True,
        }  # fmt: skip
        told = by_name[f"{name}: introspection"]
        assert (told["active"], told["client_id"]) == (True, client.id)
        assert told["username"] == stage.mailbox.address
        assert by_name[f"{name}: revocation"] == {"active": False}
        for refused in (
            "wrong verifier",
            "refresh after revocation",
            "code again",
            "refresh after the replay",
        ):
            assert by_name[f"{name}: {refused}"] == {
                "refused": True, "status": 400, "error": "invalid_grant",
            }, refused  # fmt: skip
