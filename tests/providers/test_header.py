"""Signing in by a header of a trusted proxy: whose word counts, and what of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scopewright.core.errors import Invalid
from scopewright.store import assignments
from tests.people import Stage
from tests.providers.stages import Open, record

PROXY, STRANGER = "10.0.0.1", "10.0.0.66"
ARGS = {"header": "Remote-User", "groups_header": "Remote-Groups", "email_header": "Remote-Email"}
RULES = [{"claim": "groups", "value": "staff", "roles": ["iotman:viewer"]}]


def proxied(**said: Any) -> dict[str, Any]:
    provider = {"provider": "proxy", "authenticator": "header", "args": ARGS, "rules": RULES}
    return provider | {"on_first_sign_in": "create"} | said


@pytest.fixture
def stage(opened: Open) -> Stage:
    return opened(proxied(), sections={"server": {"trusted_proxies": [PROXY]}})


def pressed(stage: Stage, address: str, *headers: tuple[str, str]) -> httpx.Response:
    """The button's answer, by a request with these headers from this address."""
    browser = stage.browser(address)
    fields = stage.fields(browser.get("/sign-in"), form=1)
    return browser.ask("POST", "/sign-in/with/proxy", data=fields, headers=list(headers))


def test_whoever_the_proxy_names_is_signed_in_with_their_groups(stage: Stage) -> None:
    sent = [("Remote-User", "ann"), ("remote-groups", "guest, staff")]
    answer = pressed(stage, PROXY, *sent)
    assert answer.status_code == 303
    assert answer.headers["set-cookie"].startswith("scopewright=swi_")
    found = record(stage, "ann", provider="proxy")
    assert found is not None
    with stage.database.read() as tx:
        assert [one.role for one in assignments.of_principal(tx, found.id)] == ["iotman:viewer"]


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (STRANGER, [("Remote-User", "ann")]),
        (STRANGER, [("Remote-User", "ann"), ("X-Forwarded-For", PROXY)]),
        (PROXY, []),
        (PROXY, [("Remote-User", "")]),
        (PROXY, [("Remote-User", "ann"), ("remote-user", "bob")]),
        (PROXY, [("Remote_User", "ann")]),
        (PROXY, [("Remote-User", "x" * 256)]),
    ],
)
def test_nobody_else_is_believed_and_nothing_that_could_be_read_in_two_ways(
    stage: Stage, address: str, headers: list[tuple[str, str]]
) -> None:
    answer = pressed(stage, address, *headers)
    assert answer.status_code == 422
    assert "did not work" in answer.text
    assert "scopewright=" not in answer.headers.get("set-cookie", "")
    assert record(stage, "ann", provider="proxy") is None


def test_the_form_needs_its_anti_forgery_token(stage: Stage) -> None:
    browser = stage.browser(PROXY)
    browser.get("/sign-in")
    answer = browser.ask(
        "POST", "/sign-in/with/proxy", data={"anti_forgery": "x"}, headers={"remote-user": "ann"}
    )
    assert answer.status_code == 403


def test_without_a_trusted_proxy_the_server_does_not_start(opened: Open) -> None:
    with pytest.raises(Invalid, match="trusted_proxies"):
        opened(proxied())


def test_what_is_no_name_of_a_header_is_refused(opened: Open) -> None:
    sections = {"server": {"trusted_proxies": [PROXY]}}
    with pytest.raises(Invalid, match="Remote-User"):
        opened(proxied(args={"header": "a b"}), sections=sections)
