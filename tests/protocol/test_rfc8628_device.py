"""RFC 8628: a device shows a code, a person types it elsewhere, the device asks until it knows."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from scopewright.core.builtin_clients import command_line_id
from scopewright.core.device_authorization import TRIES_A_PERSON, TRIES_A_SOURCE
from scopewright.core.model import ChangeKind, Client, ClientType, PrincipalKind, ScopeDefault
from scopewright.core.oauth import DEVICE_CODE, GRANTS_OF_TYPE
from scopewright.ids import new_code
from scopewright.store import principals, schema, standing, workspaces
from tests.people import Browser, Forms, Stage
from tests.proofs import ProofKey
from tests.protocol.issuer import assert_refused

ANN = "ann@example.com"
EVE = "eve@example.com"
WRONG = "This code did not work."


@pytest.fixture
def device(stage: Stage) -> Client:
    stage.person(ANN, "sensor:read")
    return stage.client(type=ClientType.DEVICE, name="Kettle", redirect_uris=())


def begun(stage: Stage, client: Client, **form: str) -> httpx.Response:
    """The device authorization endpoint's answer."""
    form = {"client_id": client.id, **form}
    return stage.browser().ask("POST", f"{stage.issuer}/device_authorization", data=form)


def codes(stage: Stage, client: Client, **form: str) -> dict[str, Any]:
    answer = begun(stage, client, **form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def polled(stage: Stage, client: Client, device_code: str, **form: str) -> httpx.Response:
    form = {
        "grant_type": DEVICE_CODE, "client_id": client.id, "device_code": device_code, **form,
    }  # fmt: skip
    return stage.browser().ask("POST", f"{stage.issuer}/token", data=form)


def typed(stage: Stage, browser: Browser, user_code: str) -> httpx.Response:
    """The page after the code has been typed."""
    return browser.submit(browser.get(f"{stage.issuer}/device"), user_code=user_code)


def answered(stage: Stage, browser: Browser, user_code: str, *, button: int = 0) -> httpx.Response:
    """The page after Allow (0) or Do not allow (1) has been pressed."""
    return browser.submit(typed(stage, browser, user_code), button=button)


def allowed(stage: Stage, client: Client, **form: str) -> dict[str, Any]:
    """Codes that Ann has approved."""
    shown = codes(stage, client, **form)
    assert "Allowed" in answered(stage, stage.signed_in(ANN), shown["user_code"]).text
    return shown


def tokens_of(stage: Stage, client: Client, **form: str) -> dict[str, Any]:
    answer = polled(stage, client, allowed(stage, client, **form)["device_code"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def stages(stage: Stage) -> list[str]:
    """The stage of each request in this workspace."""
    table = schema.device_authorizations
    rows = select(table.c.stage).where(table.c.workspace_id == stage.workspace.id)
    with stage.database.read() as tx:
        return [row.stage for row in tx.all(rows)]


def userinfo(stage: Stage, access_token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {access_token}"}
    return stage.browser().ask("GET", f"{stage.issuer}/userinfo", headers=headers)


# --- the device asks for codes (§3.1, §3.2) ------------------------------------------------------


def test_a_device_is_told_two_codes_and_where_to_type_one_of_them(
    stage: Stage, device: Client
) -> None:
    answer = begun(stage, device)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told.keys() == {
        "device_code", "user_code", "verification_uri", "verification_uri_complete",
        "expires_in", "interval",
    }  # fmt: skip
    assert re.fullmatch(r"[BCDFGHJ-NP-TV-XZ2-9]{4}-[BCDFGHJ-NP-TV-XZ2-9]{4}", told["user_code"])
    assert told["verification_uri"] == f"{stage.issuer}/device"
    assert told["verification_uri_complete"].endswith(f"/device?user_code={told['user_code']}")
    assert (told["expires_in"], told["interval"]) == (900, 5)


def test_neither_code_is_kept_as_it_is(stage: Stage, device: Client) -> None:
    told = codes(stage, device)
    table = schema.device_authorizations
    with stage.database.read() as tx:
        kept = str(tx.all(select(table)))
    assert told["device_code"] not in kept
    assert told["user_code"].replace("-", "") not in kept


def test_a_client_must_be_one_that_may_use_the_grant(stage: Stage, device: Client) -> None:
    assert_refused(begun(stage, stage.client()), 400, "unauthorized_client")
    unknown = stage.browser().ask(
        "POST", f"{stage.issuer}/device_authorization", data={"client_id": stage.workspace.id}
    )
    assert_refused(unknown, 401, "invalid_client")
    nobody = stage.browser().ask(
        "POST", f"{stage.issuer}/device_authorization", data={"scope": "sensor:read"}
    )
    assert_refused(nobody, 401, "invalid_client")


def test_a_confidential_client_proves_itself_here_too(stage: Stage) -> None:
    may = GRANTS_OF_TYPE[ClientType.AUTHORIZATION_CODE] | {DEVICE_CODE}
    client = stage.confidential("sws_secret", grant_types=may)
    assert_refused(begun(stage, client), 401, "invalid_client")
    assert_refused(begun(stage, client, client_secret="wrong"), 401, "invalid_client")
    assert begun(stage, client, client_secret="sws_secret").status_code == 200


def test_a_phone_app_may_use_it_once_it_is_told_so(stage: Stage, device: Client) -> None:
    phone = stage.client(grant_types=GRANTS_OF_TYPE[ClientType.PKCE] | {DEVICE_CODE})
    assert tokens_of(stage, phone)["scope"] == "sensor:read"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "not/a/name"}, "invalid_scope"),
        ({"scope": " ".join(f"s{number}" for number in range(50_000))}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_at_once(
    stage: Stage, device: Client, form: dict[str, str], error: str
) -> None:
    assert_refused(begun(stage, device, **form), 400, error)
    assert stages(stage) == []


def test_a_parameter_that_stands_twice_is_refused(stage: Stage, device: Client) -> None:
    body = f"client_id={device.id}&scope=a&scope=b"
    answer = stage.browser().ask(
        "POST",
        f"{stage.issuer}/device_authorization",
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert_refused(answer, 400, "invalid_request")


# --- the device asks for its tokens (§3.4, §3.5) -------------------------------------------------


def test_the_device_waits_until_the_person_has_answered(stage: Stage, device: Client) -> None:
    told = codes(stage, device)
    assert_refused(polled(stage, device, told["device_code"]), 400, "authorization_pending")
    answered(stage, stage.signed_in(ANN), told["user_code"])
    stage.clock.advance(seconds=5)
    answer = polled(stage, device, told["device_code"])
    assert answer.status_code == 200
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == "sensor:read"
    assert tokens["refresh_token"]
    assert userinfo(stage, tokens["access_token"]).json()["email"] == ANN


def test_a_device_that_asks_too_often_has_to_wait_longer_from_then_on(
    stage: Stage, device: Client
) -> None:
    code = codes(stage, device)["device_code"]

    def after(seconds: float) -> str:
        stage.clock.advance(seconds=seconds)
        return str(polled(stage, device, code).json()["error"])

    assert after(0) == "authorization_pending"
    assert after(5) == "authorization_pending"
    assert after(4.9) == "slow_down"  # from now on 10 seconds
    assert after(9.9) == "slow_down"  # 15
    assert after(15) == "authorization_pending"
    assert after(14.9) == "slow_down"  # it never shrinks again


def test_a_person_who_says_no_is_believed(stage: Stage, device: Client) -> None:
    told = codes(stage, device)
    page = answered(stage, stage.signed_in(ANN), told["user_code"], button=1)
    assert "Not allowed" in page.text
    for _ in range(2):
        assert_refused(polled(stage, device, told["device_code"]), 400, "access_denied")


def test_a_code_expires(stage: Stage, device: Client) -> None:
    told, late = codes(stage, device), allowed(stage, device)
    stage.clock.advance(minutes=15)
    assert_refused(polled(stage, device, told["device_code"]), 400, "expired_token")
    assert_refused(polled(stage, device, late["device_code"]), 400, "expired_token")
    page = typed(stage, stage.signed_in(ANN), told["user_code"])
    assert WRONG in page.text


def test_a_stranger_gets_nothing_for_a_code_and_ends_nobodys_session(
    stage: Stage, device: Client
) -> None:
    other = stage.client(type=ClientType.DEVICE, redirect_uris=())
    told = allowed(stage, device)
    assert_refused(polled(stage, other, told["device_code"]), 400, "invalid_grant")
    assert_refused(polled(stage, device, "swd_unknown"), 400, "invalid_grant")
    tokens = polled(stage, device, told["device_code"]).json()
    assert_refused(polled(stage, other, told["device_code"]), 400, "invalid_grant")
    assert userinfo(stage, tokens["access_token"]).status_code == 200


def test_the_code_must_be_there(stage: Stage, device: Client) -> None:
    assert_refused(polled(stage, device, ""), 400, "invalid_request")


def test_a_code_that_is_redeemed_again_ends_its_session(stage: Stage, device: Client) -> None:
    told = allowed(stage, device)
    tokens = polled(stage, device, told["device_code"]).json()
    assert userinfo(stage, tokens["access_token"]).status_code == 200
    assert_refused(polled(stage, device, told["device_code"]), 400, "invalid_grant")
    assert userinfo(stage, tokens["access_token"]).status_code == 401
    form = {
        "grant_type": "refresh_token", "client_id": device.id,
        "refresh_token": tokens["refresh_token"],
    }  # fmt: skip
    refreshed = stage.browser().ask("POST", f"{stage.issuer}/token", data=form)
    assert_refused(refreshed, 400, "invalid_grant")


def test_the_session_goes_on_by_its_refresh_token(stage: Stage, device: Client) -> None:
    tokens = tokens_of(stage, device)
    stage.clock.advance(hours=2)
    form = {
        "grant_type": "refresh_token", "client_id": device.id,
        "refresh_token": tokens["refresh_token"],
    }  # fmt: skip
    answer = stage.browser().ask("POST", f"{stage.issuer}/token", data=form)
    assert answer.status_code == 200
    assert userinfo(stage, answer.json()["access_token"]).json()["email"] == ANN


def test_a_device_that_shows_a_key_gets_tokens_bound_to_it(stage: Stage, device: Client) -> None:
    key, url = ProofKey(), f"{stage.issuer}/token"

    def asked(**form: str) -> httpx.Response:
        proof = key.proof("POST", url, at=stage.clock().timestamp())
        sent = {"client_id": device.id, **form}
        return stage.browser().ask("POST", url, data=sent, headers={"dpop": proof})

    told = allowed(stage, device)
    tokens = asked(grant_type=DEVICE_CODE, device_code=told["device_code"]).json()
    assert tokens["token_type"] == "DPoP"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    stolen = stage.browser().ask("POST", url, data={"client_id": device.id, **form})
    assert_refused(stolen, 400, "invalid_grant")
    assert asked(**form).status_code == 200


def test_a_device_gets_what_it_asked_for_and_the_person_holds(stage: Stage, device: Client) -> None:
    assert tokens_of(stage, device, scope="sensor:read video:gold")["scope"] == "sensor:read"


def test_a_device_that_asked_by_one_name_of_a_scope_may_go_on_by_another(stage: Stage) -> None:
    row = schema.workspaces.update().where(schema.workspaces.c.id == stage.workspace.id)
    with stage.database.write() as tx:
        workspaces.touch(tx, stage.workspace.id, ChangeKind.WORKSPACE, "names", at=stage.clock())
        tx.run(row.values(catalogues=["internal", "tiled"]))
    stage.person(ANN, "create")
    device = stage.client(type=ClientType.DEVICE, name="Kettle", redirect_uris=())
    tokens = tokens_of(stage, device, scope="create")
    assert tokens["scope"] == "create create:node"
    form = {"client_id": device.id, "refresh_token": tokens["refresh_token"]}
    form |= {"grant_type": "refresh_token", "scope": "create:node"}
    answer = stage.browser().ask("POST", f"{stage.issuer}/token", data=form)
    assert answer.json()["scope"] == "create create:node"


def test_a_device_may_ask_for_a_resource_and_the_person_is_told(
    stage: Stage, device: Client
) -> None:
    sensors = "https://sensors.example/"
    policy = {"resources": {sensors: ["sensor:read"]}}
    row = schema.workspaces.update().where(schema.workspaces.c.id == stage.workspace.id)
    with stage.database.write() as tx:
        workspaces.touch(tx, stage.workspace.id, ChangeKind.WORKSPACE, "policy", at=stage.clock())
        tx.run(row.values(policy=policy))
    told = codes(stage, device, resource=sensors)
    browser = stage.signed_in(ANN)
    question = typed(stage, browser, told["user_code"])
    assert sensors in question.text
    assert "everything you may do here" not in question.text
    browser.submit(question)
    tokens = polled(stage, device, told["device_code"]).json()
    assert tokens["scope"] == "sensor:read"
    assert userinfo(stage, tokens["access_token"]).status_code == 401  # it is for the sensors


def test_an_id_token_is_there_for_who_asked_for_openid(stage: Stage, device: Client) -> None:
    assert "id_token" in tokens_of(stage, device, scope="openid sensor:read")


def test_a_device_that_only_signs_people_in_is_given_nothing_unasked(stage: Stage) -> None:
    stage.person(ANN, "sensor:read")
    device = stage.client(type=ClientType.DEVICE, redirect_uris=(), scope_default=ScopeDefault.NONE)
    assert tokens_of(stage, device)["scope"] == ""


def test_a_disabled_or_removed_person_gets_no_token(stage: Stage, device: Client) -> None:
    told = allowed(stage, device)
    rows = schema.principals.update().where(schema.principals.c.name == ANN)
    with stage.database.write() as tx:
        tx.run(rows.values(disabled_at=stage.clock()))
    assert_refused(polled(stage, device, told["device_code"]), 400, "invalid_grant")


def test_who_was_signed_out_here_proves_who_they_are_before_allowing_anything(
    stage: Stage, device: Client
) -> None:
    browser = stage.signed_in(ANN)
    stage.clock.advance(seconds=1)
    with stage.database.write() as tx:
        ann = principals.find_any(tx, stage.workspace.id, name=ANN)
        standing.sign_out(tx, ann, at=stage.clock(), why="")
    stage.clock.advance(seconds=1)
    page = typed(stage, browser, codes(stage, device)["user_code"])
    assert "no access here" in page.text
    assert stages(stage) == ["asked"]
    assert tokens_of(stage, device)["scope"] == "sensor:read"


def test_the_command_line_is_known_from_its_first_use_and_acts_for_the_member(
    stage: Stage,
) -> None:
    stage.person(ANN, kind=PrincipalKind.MEMBER, role="iotman:viewer")
    stage.person(ANN, "sensor:read")
    command_line = stage.command_line()
    assert command_line.id == command_line_id(stage.workspace.id)
    scopes = tokens_of(stage, command_line)["scope"].split()
    assert "iotman:clients:read" in scopes
    assert "sensor:read" not in scopes


# --- the page (§3.3) -----------------------------------------------------------------------------


def test_the_code_may_be_typed_in_any_case_and_grouping(stage: Stage, device: Client) -> None:
    browser = stage.signed_in(ANN)
    for spelled in (str.lower, lambda code: code.replace("-", " "), lambda code: f" {code} "):
        user_code = codes(stage, device)["user_code"]
        assert "Kettle" in typed(stage, browser, spelled(user_code)).text


def test_the_question_says_who_asks_for_what_in_plain_words_and_warns(
    stage: Stage, device: Client
) -> None:
    told = codes(stage, device, scope="openid sensor:read")
    page = typed(stage, stage.signed_in(ANN), told["user_code"]).text
    for said in (
        "Kettle", "Acme", ANN, told["user_code"], "See what the sensors measure",
        "Recognise you when you come back", "If somebody sent",
    ):  # fmt: skip
        assert said in page, said


def test_opening_the_page_with_a_code_approves_and_reveals_nothing(
    stage: Stage, device: Client
) -> None:
    told = codes(stage, device)
    browser = stage.signed_in(ANN)
    page = browser.get(told["verification_uri_complete"])
    assert stage.fields(page)["user_code"] == told["user_code"]
    assert "Kettle" not in page.text
    for query in ("&decision=approve", "&user_code=x"):
        browser.get(told["verification_uri_complete"] + query)
    assert stages(stage) == ["asked"]


def test_who_is_not_signed_in_signs_in_by_letter_first_and_comes_back(
    stage: Stage, device: Client
) -> None:
    told = codes(stage, device)
    browser = stage.browser()
    browser.submit(browser.get(told["verification_uri_complete"]), email=ANN)
    page = browser.submit(browser.get(stage.letters.link))
    assert str(page.url).startswith(told["verification_uri"])
    assert stage.fields(page)["user_code"] == told["user_code"]
    assert "Allowed" in browser.submit(browser.submit(page)).text


def test_a_page_without_a_good_code_says_the_same_for_every_reason(
    stage: Stage, device: Client
) -> None:
    browser = stage.signed_in(ANN)
    used = codes(stage, device)["user_code"]
    answered(stage, browser, used)
    denied = codes(stage, device)["user_code"]
    answered(stage, browser, denied, button=1)
    expired = codes(stage, device)["user_code"]
    stage.clock.advance(minutes=16)
    pages = [
        typed(stage, browser, code) for code in (used, denied, expired, new_code(), "123", "🙂" * 8)
    ]
    said = [page.text.replace(f'value="{stage.fields(page)["user_code"]}"', "") for page in pages]
    assert {page.status_code for page in pages} == {422}
    assert len(set(said)) == 1
    assert WRONG in said[0]


def test_an_answer_counts_once(stage: Stage, device: Client) -> None:
    told = codes(stage, device)
    browser = stage.signed_in(ANN)
    question = typed(stage, browser, told["user_code"])
    assert "Allowed" in browser.submit(question).text
    for button in (0, 1):
        assert WRONG in browser.submit(question, button=button).text
    assert polled(stage, device, told["device_code"]).status_code == 200


def test_an_answer_needs_the_anti_forgery_token_and_our_own_origin(
    stage: Stage, device: Client
) -> None:
    browser = stage.signed_in(ANN)
    question = typed(stage, browser, codes(stage, device)["user_code"])
    fields = {**stage.fields(question), "decision": "approve"}
    url = f"{stage.issuer}/device"
    foreign = browser.ask("POST", url, data=fields, headers={"origin": "https://evil.example"})
    without = browser.ask("POST", url, data={**fields, "anti_forgery": ""})
    stranger = stage.browser().ask("POST", url, data=fields)
    assert [foreign.status_code, without.status_code, stranger.status_code] == [403, 403, 303]
    assert stages(stage) == ["asked"]


@pytest.mark.parametrize(
    "fields", [{"decision": "maybe"}, {"more": "fields"}, {"decision": "approve "}]
)
def test_an_answer_that_is_none_changes_nothing(
    stage: Stage, device: Client, fields: dict[str, str]
) -> None:
    browser = stage.signed_in(ANN)
    question = typed(stage, browser, codes(stage, device)["user_code"])
    sent = {**stage.fields(question), **fields}
    answer = browser.ask("POST", f"{stage.issuer}/device", data=sent)
    assert answer.status_code == 400
    assert stages(stage) == ["asked"]


def test_somebody_without_a_record_here_cannot_answer(stage: Stage, device: Client) -> None:
    told = codes(stage, device)
    other = next_door(stage)
    page = typed(stage, other, told["user_code"])
    assert "This account has no access here." in page.text
    sent = {**stage.fields(page), "user_code": told["user_code"], "decision": "approve"}
    assert other.ask("POST", f"{stage.issuer}/device", data=sent).status_code == 422
    assert stages(stage) == ["asked"]


def next_door(stage: Stage) -> Browser:
    """The browser of somebody who is known in another workspace alone."""
    here, there = stage.workspace, stage.add_workspace()
    stage.workspace = there
    stage.person(EVE, "sensor:read")
    stage.workspace = here
    return stage.signed_in(EVE)


def test_somebody_who_holds_none_of_what_is_named_cannot_answer(
    stage: Stage, device: Client
) -> None:
    told = codes(stage, device, scope="video:gold")
    page = typed(stage, stage.signed_in(ANN), told["user_code"])
    assert "You hold none of the scopes" in page.text


def test_a_code_of_one_workspace_is_none_in_another(stage: Stage, device: Client) -> None:
    told = codes(stage, device)
    stage.workspace = stage.add_workspace()
    stage.person(ANN, "sensor:read")
    assert WRONG in typed(stage, stage.signed_in(ANN), told["user_code"]).text


def test_there_is_no_page_of_a_workspace_that_does_not_exist(stage: Stage) -> None:
    for name in ("nothing", stage.command_line().id):
        assert stage.browser().ask("GET", f"/w/{name}/device").status_code == 404


def test_a_person_may_try_so_many_codes_and_then_not_even_the_right_one(
    stage: Stage, device: Client
) -> None:
    stage.clock.advance(hours=1)
    browser = stage.signed_in(ANN)
    page = browser.get(f"{stage.issuer}/device")
    for _ in range(TRIES_A_PERSON):
        assert browser.submit(page, user_code=new_code()).status_code == 422
    right = codes(stage, device)["user_code"]
    refused = browser.submit(page, user_code=right)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    stage.clock.advance(minutes=15)
    later = codes(stage, device)["user_code"]
    assert "Kettle" in browser.submit(page, user_code=later).text


def test_one_address_may_try_only_so_many_whoever_asks(stage: Stage, device: Client) -> None:
    stage.clock.advance(hours=1)
    people = TRIES_A_SOURCE // TRIES_A_PERSON
    for number in range(people + 1):
        email = f"p{number}@example.com"
        stage.person(email)
        browser = stage.browser(f"2001:db8:6:6::{number:x}")  # of one network: they count as one
        browser.submit(browser.get("/sign-in"), email=email)
        browser.submit(browser.get(stage.letters.link))
        page = browser.get(f"{stage.issuer}/device")
        tries = TRIES_A_PERSON if number < people else 1
        answers = {browser.submit(page, user_code="x").status_code for _ in range(tries)}
        assert answers == ({422} if number < people else {429})


def test_an_approval_is_recorded_as_consent_and_in_the_audit_log(
    stage: Stage, device: Client
) -> None:
    tokens_of(stage, device, scope="sensor:read")
    with stage.database.read() as tx:
        consent = tx.one(select(schema.consents).where(schema.consents.c.client_id == device.id))
        events = tx.all(
            select(schema.audit).where(schema.audit.c.workspace_id == stage.workspace.id)
        )
    assert consent is not None
    assert consent.requested == "sensor:read"
    [event] = [event for event in events if event.target == device.id]
    assert event.operation == "device-authorizations:approve"


def test_even_a_recorded_consent_does_not_answer_for_the_person(
    stage: Stage, device: Client
) -> None:
    tokens_of(stage, device)
    told = codes(stage, device)
    page = typed(stage, stage.signed_in(ANN), told["user_code"])
    assert Forms(page.text).found[0]["buttons"] == [
        {"decision": "approve"}, {"decision": "deny"},
    ]  # fmt: skip


def test_the_pages_can_neither_be_framed_nor_kept(stage: Stage, device: Client) -> None:
    browser = stage.signed_in(ANN)
    for page in (
        browser.get(f"{stage.issuer}/device"),
        typed(stage, browser, codes(stage, device)["user_code"]),
    ):
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "no-store" in page.headers["cache-control"]
        assert "<script" not in page.text
