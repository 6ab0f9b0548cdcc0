"""nginx asks `verify` about each request to what stands behind it."""

from __future__ import annotations

import httpx

from tests.gateway.proxies import FILE, proxy
from tests.protocol.peers.conftest import Stage


def test_nginx_lets_pass_who_holds_the_scope_and_nobody_else(stage: Stage) -> None:
    world = stage.world
    with proxy("nginx", server=world.url, workspace_id=world.id) as url:

        def asked(credential: str | None) -> httpx.Response:
            return httpx.get(f"{url}/{FILE}", headers=world.as_bearer(credential))

        answer = asked(world.access_token(stage.machine))
        assert (answer.status_code, answer.text) == (200, "21.5")
        assert answer.headers["x-subject"] == stage.machine.id

        tokens = world.person(stage.mailbox.address, stage.phone).session()
        assert asked(tokens["access_token"]).status_code == 200
        form = {"token": tokens["refresh_token"], "client_id": stage.phone.id}
        assert httpx.post(f"{world.issuer}/revoke", data=form).status_code == 200
        assert asked(tokens["access_token"]).status_code == 401

        assert asked(None).status_code == 401
        assert asked(world.access_token(world.device())).status_code == 403
