"""openid-client (npm), a certified relying party, does what it can, and is refused in time."""

from __future__ import annotations

import json

from joserfc.jwk import ECKey

from tests.protocol.peers.conftest import SCOPE, Stage
from tests.protocol.peers.javascript import Step, drive, spelled
from tests.visitors import REDIRECT_URI, submit
from tests.worlds import KnownClient


def openid_client(stage: Stage) -> dict[str, Step]:
    """Every step that the script tells, the person's browser doing its part."""
    key = ECKey.generate_key("P-256", {"kid": "the client's", "use": "sig"})
    signed = stage.world.server_app(
        registration={
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key.as_dict(private=False)]},
            "dpop_bound_access_tokens": True,
        }
    )
    use = {
        "issuer": stage.world.issuer,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "phone": spelled(stage.phone),
        "app": spelled(stage.app),
        "signed": {"id": signed.id, "jwk": json.loads(json.dumps(key.as_dict(private=True)))},
        "device": spelled(stage.world.register("device")),
    }

    def confirmed(url: str) -> str:
        """The page's button, and that of the page that follows it."""
        page = submit(stage.browser, stage.browser.get(url))
        return str((submit(stage.browser, page) if "<form" in page.text else page).url)

    return drive(
        "openid-client.mjs",
        use,
        {"authorize": stage.callback, "device": confirmed, "logout": stage.opened},
    )


def client_of(stage: Stage, name: str) -> KnownClient:
    return {"phone": stage.phone, "app": stage.app}[name]


def test_openid_client_signs_people_in_by_every_flow_and_is_refused_what_it_must_not_have(
    stage: Stage,
) -> None:
    told = openid_client(stage)
    for name in ("phone", "app"):
        assert told[f"{name}: signed in"] == {
            "audience": client_of(stage, name).id,
            "email": stage.mailbox.address,
            "scope": f"email offline_access openid {SCOPE}",
            "same": True,
            "sid": True,
        }
        assert told[f"{name}: after revocation"]["error"] == "invalid_grant"

    assert told["signed: pushed and bound"] == {
        "type": "dpop", "pushed": True, "email": stage.mailbox.address,
    }  # fmt: skip
    without_proof = told["signed: bound token without proof"]
    assert (without_proof["refused"], without_proof["status"]) == (True, 401)
    strange = told["signed: with a strange key"]
    assert (strange["refused"], strange["status"]) == (True, 401)
    assert told["device: signed in"]["scope"] == f"openid {SCOPE}"

    assert stage.browser.get(f"{stage.world.url}/me").headers["location"].endswith("/sign-in")
