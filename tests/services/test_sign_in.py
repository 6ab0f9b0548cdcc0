"""Letters, their links and codes: who gets one, and what it takes to sign in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from scopewright.core.errors import Invalid, TooMany
from scopewright.core.model import Identity
from scopewright.core.oauth import hash_secret
from scopewright.ids import new_id
from scopewright.services.sign_in import AskedHere, SignedIn, SignIns
from scopewright.settings import Settings
from scopewright.store import schema
from tests.people import ORIGIN, Stage

HERE, ELSEWHERE = "swb_here", "swb_elsewhere"


@pytest.fixture
def ann(stage: Stage) -> str:
    """The address of somebody who is known."""
    address = f"{new_id('ann')}@example.com"
    stage.person(address)
    return address


def sign_ins(stage: Stage, *, register: Any = None, **changes: Any) -> SignIns:
    settings = Settings.model_validate({"sign_in": changes}).sign_in
    return SignIns(stage.database, stage.clock, stage.letters, settings, ORIGIN, register)


def send(service: SignIns, email: str, browser: str = HERE, **options: Any) -> None:
    options = {"continue_to": None, "source": "192.0.2.1"} | options
    service.send_link(email, browser=browser, **options)


def link(service: SignIns, token: str, browser: str | None, email: str = "") -> SignedIn | None:
    return service.redeem_link(token, browser=browser, email=email)


# --- who gets a letter --------------------------------------------------------------------------


def test_a_known_address_gets_one_letter_with_a_link_and_a_code(stage: Stage, ann: str) -> None:
    send(sign_ins(stage), ann)
    (letter,) = stage.letters.sent
    assert letter.to == ann
    assert stage.letters.link.startswith(f"{ORIGIN}/sign-in/link?token=")
    assert len(stage.letters.code) == 8


def test_an_unknown_address_gets_none_but_leaves_the_same_rows(stage: Stage) -> None:
    send(sign_ins(stage), "nobody@example.com")
    assert stage.letters.sent == []
    assert stage.grown(schema.magic_links) == 1


def test_neither_link_nor_code_is_kept_readable(stage: Stage, ann: str) -> None:
    send(sign_ins(stage), ann)
    with stage.database.read() as tx:
        kept = repr(tx.all(schema.magic_links.select()))
    assert hash_secret(stage.letters.token) in kept
    assert stage.letters.token not in kept
    assert stage.letters.code not in kept


@pytest.mark.parametrize(
    "email", ["", "ann", "a@b@c", "a b@example.com", "a@b\x00", "\ud800@b", "a/b@c"]
)
def test_what_is_no_address_is_refused_and_not_counted(stage: Stage, email: str) -> None:
    with pytest.raises(Invalid):
        send(sign_ins(stage), email)
    assert stage.grown(schema.magic_links) == 0


def test_spellings_of_an_address_are_one_person(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, f" {ann.upper()} ")
    signed_in = link(service, stage.letters.token, HERE)
    assert signed_in is not None
    assert signed_in.identity == Identity("email", ann)


def test_an_address_gets_five_letters_in_a_quarter_of_an_hour(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    for source in range(7):
        send(service, ann, source=f"192.0.2.{source}")
    assert len(stage.letters.sent) == 5
    stage.clock.advance(minutes=15)
    send(service, ann)
    assert len(stage.letters.sent) == 6


def test_a_source_is_told_when_to_come_back_after_twenty_letters(stage: Stage) -> None:
    service = sign_ins(stage)
    for number in range(20):
        send(service, f"nobody-{number}@example.com")
    stage.clock.advance(minutes=5)
    for _ in range(2):
        with pytest.raises(TooMany) as refused:
            send(service, "nobody@example.com")
        assert refused.value.retry_after == 600
    send(service, "nobody@example.com", source="192.0.2.2")
    stage.clock.advance(minutes=10)
    send(service, "nobody@example.com")


# --- the link -----------------------------------------------------------------------------------


def test_in_the_browser_that_asked_the_link_signs_in_once(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    signed_in = link(service, stage.letters.token, HERE)
    assert signed_in is not None
    sign_in = service.of_cookie(signed_in.cookie)
    assert sign_in is not None
    assert sign_in.identity.subject == ann
    assert link(service, stage.letters.token, HERE) is None
    assert link(service, stage.letters.token, ELSEWHERE, ann) is None
    assert stage.grown(schema.sign_ins) == 1


@pytest.mark.parametrize("browser", [ELSEWHERE, None])
def test_elsewhere_it_takes_the_address_the_letter_went_to(
    stage: Stage, ann: str, browser: str | None
) -> None:
    service = sign_ins(stage)
    send(service, ann)
    token = stage.letters.token
    for answer in ("", "x", "bob@example.com", f"{ann}.org", hash_secret(ann)):
        assert link(service, token, browser, answer) is None
    assert stage.grown(schema.sign_ins) == 0
    assert link(service, token, browser, f" {ann.upper()}") is not None


def test_what_a_scanner_does_burns_nothing(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    for junk in [""] * 20 + ["test"] * 20 + ["test@example.com"] * 20:
        assert link(service, stage.letters.token, None, junk) is None
        service.asked_here(stage.letters.token, browser=None)
    assert stage.grown(schema.sign_ins) == 0
    assert link(service, stage.letters.token, HERE) is not None


def test_five_wrong_addresses_close_the_link_elsewhere(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    for _ in range(5):
        assert link(service, stage.letters.token, ELSEWHERE, "bob@example.com") is None
    assert link(service, stage.letters.token, ELSEWHERE, ann) is None


def test_a_link_lives_a_quarter_of_an_hour(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    stage.clock.advance(minutes=15)
    assert link(service, stage.letters.token, HERE) is None
    assert service.redeem_code(stage.letters.code, browser=HERE) is None


@pytest.mark.parametrize("change", ["guessed", "altered", "hash", "empty"])
def test_a_guessed_or_altered_link_fails(stage: Stage, ann: str, change: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    token = stage.letters.token
    altered = token[:-1] + ("1" if token[-1] != "1" else "2")
    wrong = {"guessed": "swm_1", "altered": altered, "hash": hash_secret(token), "empty": ""}
    assert link(service, wrong[change], HERE, ann) is None


def test_an_end_users_invitation_takes_its_address_and_lives_seven_days(
    stage: Stage, ann: str
) -> None:
    service, token = sign_ins(stage), stage.end_user_link(ann)
    stage.clock.advance(days=6, hours=23)
    assert link(service, token, HERE) is None
    assert link(service, token, HERE, ann) is not None
    late = stage.end_user_link(ann)
    stage.clock.advance(days=7)
    assert link(service, late, HERE, ann) is None


def test_only_the_browser_that_asked_goes_on_where_it_was(stage: Stage, ann: str) -> None:
    service, client = sign_ins(stage), stage.client()
    asked = stage.browser().get(stage.authorize_url(client))
    pending = asked.url.params["continue"]
    send(service, ann, continue_to=pending)
    elsewhere = link(service, stage.letters.token, ELSEWHERE, ann)
    assert elsewhere is not None
    assert elsewhere.continue_to is None
    send(service, ann, continue_to=pending)
    here = link(service, stage.letters.token, HERE)
    assert here is not None
    assert here.continue_to == f"/w/{stage.workspace.id}/authorize/{pending}"


def test_only_the_browser_that_asked_is_told_the_address(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    assert service.asked_here(stage.letters.token, browser=HERE) == AskedHere(ann, None)
    assert service.asked_here(stage.letters.token, browser=ELSEWHERE) is None
    assert service.asked_here(stage.letters.token, browser=None) is None
    link(service, stage.letters.token, HERE)
    assert service.asked_here(stage.letters.token, browser=HERE) is None


# --- the code -----------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["{}", " {} ", "lower", "with-hyphen", "with space"])
def test_the_code_works_in_the_browser_that_asked_however_it_is_typed(
    stage: Stage, ann: str, spelled: str
) -> None:
    service = sign_ins(stage)
    send(service, ann)
    code = stage.letters.code
    typed = {
        "lower": code.lower(),
        "with-hyphen": f"{code[:4]}-{code[4:]}",
        "with space": f"{code[:4]} {code[4:]}",
    }.get(spelled, spelled.format(code))
    assert service.redeem_code(code, browser=ELSEWHERE) is None
    assert service.redeem_code(typed, browser=HERE) is not None
    assert service.redeem_code(code, browser=HERE) is None
    assert link(service, stage.letters.token, HERE) is None


def test_five_wrong_codes_spend_the_code_but_not_the_link(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    for wrong in ("", "AAAAAAAA", "é", "x" * 10_000, "\x00"):
        assert service.redeem_code(wrong, browser=HERE) is None
    assert service.redeem_code(stage.letters.code, browser=HERE) is None
    assert link(service, stage.letters.token, HERE) is not None


def test_each_letter_of_a_browser_has_its_own_code(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    first = stage.letters.code
    send(service, ann)
    assert service.redeem_code(first, browser=HERE) is not None
    assert service.redeem_code(stage.letters.code, browser=HERE) is not None


# --- once ---------------------------------------------------------------------------------------


def test_of_many_tries_at_the_same_moment_one_signs_in(stage: Stage, ann: str) -> None:
    service, together = sign_ins(stage, letters=100), Barrier(6)
    redeem_link = functools.partial(service.redeem_link, browser=HERE, email=None)
    redeem_code = functools.partial(service.redeem_code, browser=HERE)

    def at_once(redeem: Callable[[str], SignedIn | None], secret: str) -> SignedIn | None:
        together.wait()
        return redeem(secret)

    for _ in range(10):
        send(service, ann, source=new_id("source"))
        tries = [(redeem_link, stage.letters.token)] * 4 + [(redeem_code, stage.letters.code)] * 2
        with ThreadPoolExecutor(len(tries)) as pool:
            done = list(pool.map(at_once, *zip(*tries, strict=True)))
        assert sum(signed_in is not None for signed_in in done) == 1


def test_wrong_codes_at_the_same_moment_are_counted_one_by_one(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    with ThreadPoolExecutor(8) as pool:
        for number in range(8):
            pool.submit(service.redeem_code, f"WRONG{number}", browser=HERE)
    assert service.redeem_code(stage.letters.code, browser=HERE) is None


# --- the sign-in itself -------------------------------------------------------------------------


def test_signing_in_always_gives_a_new_cookie_and_ends_the_old_one(stage: Stage, ann: str) -> None:
    service = sign_ins(stage)
    send(service, ann)
    first = link(service, stage.letters.token, HERE)
    assert first is not None
    send(service, ann)
    again = service.redeem_code(stage.letters.code, browser=HERE, cookie=first.cookie)
    assert again is not None
    assert again.cookie != first.cookie
    assert service.of_cookie(first.cookie) is None
    assert service.of_cookie(again.cookie) is not None


def test_a_browser_stays_signed_in_for_thirty_days_or_until_it_signs_out(
    stage: Stage, ann: str
) -> None:
    service = sign_ins(stage)
    cookies = [service.sign_in(Identity("email", ann)).cookie for _ in range(2)]
    service.sign_out(cookies[0])
    stage.clock.advance(days=29)
    assert [service.of_cookie(cookie) is not None for cookie in cookies] == [False, True]
    stage.clock.advance(days=1)
    assert service.of_cookie(cookies[1]) is None
    assert service.of_cookie("") is None
    assert service.of_cookie("swi_guessed") is None


def test_where_registration_is_open_a_new_address_is_registered_once_it_is_proven(
    stage: Stage,
) -> None:
    new, registered = f"{new_id('new')}@example.com", []
    service = sign_ins(stage, register=registered.append)
    send(service, new)
    assert [letter.to for letter in stage.letters.sent] == [new]
    assert registered == []
    link(service, stage.letters.token, HERE)
    assert registered == [Identity("email", new)]


def test_where_registration_is_open_who_is_known_gets_nothing_more(stage: Stage, ann: str) -> None:
    registered: list[Identity] = []
    service = sign_ins(stage, register=registered.append)
    send(service, ann)
    assert link(service, stage.letters.token, HERE) is not None
    assert registered == []
