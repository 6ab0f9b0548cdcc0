"""The installed command, as the suite starts and ends it."""

from __future__ import annotations

import contextlib

import httpx
import pytest

from tests.servers import Installation


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/healthz").is_success
    return False


def test_several_servers_share_one_database_and_one_public_address(
    installation: Installation,
) -> None:
    made = installation.init(slug="acme")
    first, second = installation.serve(), installation.serve(workers=2)
    key = {"Authorization": f"Apikey {made['api_key']}"}
    for server in (first, second):
        workspace = httpx.get(f"{server.url}/api/workspaces/acme", headers=key).json()
        assert workspace["issuer"] == made["issuer"] == f"{first.url}/w/{made['workspace_id']}"


def test_a_server_ends_when_asked_and_when_killed(installation: Installation) -> None:
    installation.init()
    asked, killed = installation.serve(), installation.serve(workers=2)
    asked.stop()
    killed.kill()
    assert not _answers(asked.url)
    assert not _answers(killed.url)


def test_a_server_that_does_not_start_shows_what_it_said(installation: Installation) -> None:
    installation.environment["SCOPEWRIGHT_SERVER__PUBLIC_URL"] = "https://auth.example/path"
    with pytest.raises(AssertionError, match="public_url"):
        installation.serve()


def test_a_command_that_fails_fails_the_test_unless_that_is_expected(
    installation: Installation,
) -> None:
    with pytest.raises(AssertionError, match="no-such-command"):
        installation.command("no-such-command")
    assert installation.command("no-such-command", succeed=False).returncode == 2
