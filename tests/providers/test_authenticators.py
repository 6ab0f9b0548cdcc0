"""Authenticators that were written for Tiled sign people in here as they are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tests.people import Browser, Stage, answer_of, claims_of
from tests.providers.stages import Open, record, sent_away, typed


@dataclass
class UserSessionState:
    """As Tiled has it."""

    user_name: Any
    state: Any = None


class Site:
    """Knows people by a password, asynchronously."""

    def __init__(self, badge: int, confirmation_message: str = "") -> None:
        self.badge, self.confirmation_message = badge, confirmation_message
        self.lock = asyncio.Lock()  # of one loop: it must be the same each time

    async def authenticate(self, username: str, password: str) -> UserSessionState | None:
        async with self.lock:
            await asyncio.sleep(0)
        if password == "boom":
            raise RuntimeError(f"{username}:{password}")
        if password == "refused":
            raise HTTPException(401)
        if password == "odd":
            return UserSessionState(5)
        if password != "secret1":
            return None
        return UserSessionState(username, {"badge": self.badge})


class Plain:
    """The same without a coroutine, and with no state."""

    def authenticate(self, username: str, password: str) -> UserSessionState | None:
        return UserSessionState(username) if password == "secret1" else None


class Ticket:
    """Knows people by the request with which the browser comes."""

    def __init__(self, boom: bool = False) -> None:
        self.boom = boom

    async def authenticate(self, request: Request) -> UserSessionState | None:
        if self.boom:
            raise RuntimeError(str(request.url))
        who = request.headers.get("x-ticket") or request.query_params.get("ticket")
        return UserSessionState(who, {"path": request.url.path}) if who else None


@dataclass
class Elsewhere(Ticket):
    """The same; the browser is sent away first."""

    client_id: str = "us"
    boom: bool = False
    authorization_endpoint: httpx.URL = field(
        default_factory=lambda: httpx.URL("https://idp.example/authorize?realm=a")
    )


def named(name: str, **said: Any) -> dict[str, Any]:
    return {"provider": "site", "authenticator": f"{__name__}:{name}",
            "on_first_sign_in": "create"} | said  # fmt: skip


@pytest.fixture
def stage(opened: Open) -> Stage:
    return opened(named("Site", args={"badge": 7}))


# --- by a name and a password --------------------------------------------------------------------


def test_a_coroutine_that_knows_passwords_signs_people_in_and_its_state_travels(
    stage: Stage,
) -> None:
    browser, client = stage.browser(), stage.client()
    consent = typed(browser, "ann", "secret1", browser.get(stage.authorize_url(client)))
    code = answer_of(browser.submit(consent))["code"]
    token = claims_of(stage.exchange(client, code).json()["access_token"])
    assert (token["user"], token["state"]) == ("ann", {"badge": 7})


def test_it_is_asked_in_the_same_loop_each_time(stage: Stage) -> None:
    for _ in range(3):
        assert typed(stage.browser(), "ann", "secret1").url.path == "/me"


def test_one_without_a_coroutine_or_a_state_signs_people_in_as_well(opened: Open) -> None:
    stage = opened(named("Plain"))
    assert typed(stage.browser(), "ann", "secret1").url.path == "/me"
    assert typed(stage.browser(), "ann", "secret2").status_code == 422


@pytest.mark.parametrize(
    ("password", "status"), [("wrong", 422), ("refused", 422), ("boom", 503), ("odd", 503)]
)
def test_whatever_goes_wrong_in_it_is_a_refusal_and_only_its_kind_is_logged(
    stage: Stage, password: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = stage.browser()
    refused = typed(browser, "ann", password)
    assert refused.status_code == status
    assert browser.get("/me").url.path == "/sign-in"
    assert record(stage, "ann", provider="site") is None
    said = capsys.readouterr()
    log = said.out + said.err
    assert f"ann:{password}" not in log
    assert ("RuntimeError" in log) == (password == "boom")


def test_rules_look_at_its_state(opened: Open) -> None:
    rule = {"claim": "badge", "value": 7, "roles": ["iotman:viewer"]}
    stage = opened(named("Site", args={"badge": 7}, rules=[rule]))
    browser = stage.browser()
    typed(browser, "ann", "secret1")
    assert "iotman:viewer" in browser.get("/me").text


# --- by the request ------------------------------------------------------------------------------


def sent(browser: Browser) -> tuple[str, dict[str, str]]:
    url = sent_away(browser).headers["refresh"].removeprefix("0; url=")
    return url, dict(parse_qsl(urlsplit(url).query))


def test_one_that_wants_the_request_gets_the_whole_of_it_from_this_browser(opened: Open) -> None:
    stage = opened(named("Ticket"))
    browser = stage.browser()
    url, _ = sent(browser)
    assert url.startswith(f"{stage.origin}/sign-in/from/site?state=")
    answer = browser.ask("GET", url, headers={"x-ticket": "ann"})
    assert answer.headers["location"] == "/"
    assert record(stage, "ann", provider="site") is not None
    assert browser.ask("GET", url, headers={"x-ticket": "bob"}).status_code == 400
    other, url = stage.browser(), sent(stage.browser())[0]
    other.get("/sign-in")
    assert other.ask("GET", url, headers={"x-ticket": "bob"}).status_code == 400
    assert record(stage, "bob", provider="site") is None


def test_one_that_has_an_endpoint_elsewhere_has_the_browser_sent_there_first(opened: Open) -> None:
    stage = opened(named("Elsewhere"))
    browser = stage.browser()
    url, asked = sent(browser)
    assert url.startswith("https://idp.example/authorize?realm=a&")
    back = f"{stage.origin}/sign-in/from/site"
    assert (asked["client_id"], asked["redirect_uri"]) == ("us", back)
    query = urlencode({"ticket": "ann", "state": asked["state"]})
    assert browser.get(f"/sign-in/from/site?{query}").url.path == "/me"


@pytest.mark.parametrize(("boom", "status"), [(True, 503), (False, 400)])
def test_a_request_that_says_nothing_and_a_fault_are_refusals(
    opened: Open, boom: bool, status: int
) -> None:
    stage = opened(named("Ticket", args={"boom": boom}))
    browser = stage.browser()
    assert browser.get(sent(browser)[0]).status_code == status
    assert browser.get("/me").url.path == "/sign-in"
