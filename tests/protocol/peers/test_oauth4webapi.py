"""oauth4webapi (npm), a strict client library, completes every grant and is refused in time."""

from __future__ import annotations

from tests.protocol.peers.conftest import SCOPE, Stage
from tests.protocol.peers.javascript import Step, drive, spelled
from tests.visitors import REDIRECT_URI


def oauth4webapi(stage: Stage) -> dict[str, Step]:
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
    return drive("oauth4webapi.mjs", use, {"authorize": stage.callback})


def test_oauth4webapi_completes_every_grant_and_is_refused_what_it_must_not_have(
    stage: Stage,
) -> None:
    by_name = oauth4webapi(stage)
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
