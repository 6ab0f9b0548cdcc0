"""Apache with mod_auth_openidc: people sign in with us to see a page of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.protocol.peers.apache import apache
from tests.protocol.peers.browsing import callback
from tests.protocol.peers.conftest import Stage
from tests.worlds import KnownClient


def sign_in(stage: Stage, port: int, client: KnownClient) -> httpx.Response:
    """What Apache says to the person who comes back with a code."""
    world, folder = stage.world, tempfile.TemporaryDirectory(prefix="scopewright-apache-")
    values = {
        "AUTH": world.url,
        "WORKSPACE": world.id,
        "CLIENT": client.id,
        "SECRET": client.secret or "",
        "PASSPHRASE": "a-passphrase-of-the-tests",
    }
    with folder as name, apache(Path(name), port, **values) as url:
        private = f"{url}/private/"
        back = callback(stage.browser, private, stage.mailbox, ending=f"{url}/private/callback")
        answer = stage.browser.get(back)
        return stage.browser.get(private) if answer.is_redirect else answer


def test_apache_shows_its_page_to_who_signed_in_and_not_with_a_wrong_secret(stage: Stage) -> None:
    port = free_port()
    client = stage.world.server_app(redirect_uris=[f"http://127.0.0.1:{port}/private/callback"])
    page = sign_in(stage, port, client)
    assert (page.status_code, "private reading: 21.5" in page.text) == (200, True)

    stage.browser.cookies.delete("mod_auth_openidc_session")
    page = sign_in(stage, port, KnownClient(client.id, "sws_wrong"))
    assert "private reading" not in page.text, "signed in with a wrong secret"
