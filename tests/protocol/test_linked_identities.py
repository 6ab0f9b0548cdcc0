"""A linked identity signs in as the same person, everywhere; signed out is signed out."""

from __future__ import annotations

import pytest

from scopewright.core.identities import LinkedIdentity
from scopewright.core.model import Identity, Principal, PrincipalKind
from scopewright.ids import new_id
from scopewright.store import identities, standing
from tests.people import ORIGIN, Browser, Stage, answer_of, claims_of

MEMBER = PrincipalKind.MEMBER


@pytest.fixture
def other() -> str:
    """Another address of the same person."""
    return f"{new_id('other')}@example.com"


@pytest.fixture
def ann(stage: Stage, other: str) -> Principal:
    person = stage.person(f"{new_id('ann')}@example.com", "sensor:read")
    return linked(stage, person, other)


@pytest.fixture
def mia(stage: Stage, other: str) -> Principal:
    role = "iotman:admin"
    person = stage.person(f"{new_id('mia')}@example.com", kind=MEMBER, role=role)
    return linked(stage, person, other)


def linked(stage: Stage, person: Principal, address: str) -> Principal:
    identity = LinkedIdentity(person.id, Identity("email", address), "admin", stage.clock())
    with stage.database.write() as tx:
        identities.add(tx, person, identity)
    return person


def used(stage: Stage, person: Principal) -> set[str]:
    """By which of a person's identities something here was signed in to."""
    with stage.database.read() as tx:
        found = identities.of_principals(tx, [person.id])[person.id]
    return {one.identity.subject for one in found if one.last_used_at is not None}


def api(stage: Stage, browser: Browser) -> int:
    """How the workspace answers the browser's cookie."""
    url = f"{ORIGIN}/api/workspaces/{stage.workspace.id}/scopes"
    return browser.ask("GET", url).status_code


def test_a_client_gets_the_same_person_by_either_address(
    stage: Stage, ann: Principal, other: str
) -> None:
    subjects = set()
    for address in (other, ann.name):
        client, browser = stage.client(), stage.signed_in(address)
        page = browser.get(stage.authorize_url(client))
        code = answer_of(browser.submit(page))["code"]
        tokens = stage.exchange(client, code).json()
        subjects.add(claims_of(tokens["access_token"])["sub"])
        if address == other:
            assert used(stage, ann) == {other}
    assert subjects == {ann.id}
    assert used(stage, ann) == {other, ann.name}


def test_the_account_page_and_the_api_know_the_member_by_the_linked_address(
    stage: Stage, mia: Principal, other: str
) -> None:
    browser = stage.signed_in(other)
    assert stage.workspace.name in browser.get("/me").text
    assert api(stage, browser) == 200
    listed = browser.ask("GET", f"{ORIGIN}/api/workspaces").json()["data"]
    assert [one["id"] for one in listed] == [stage.workspace.id]
    assert used(stage, mia) == {other}


def test_an_unlinked_address_is_a_strangers_again(stage: Stage, mia: Principal, other: str) -> None:
    browser = stage.signed_in(other)
    assert api(stage, browser) == 200
    with stage.database.write() as tx:
        assert identities.remove(tx, mia, Identity("email", other))
    assert api(stage, browser) == 404


def test_who_was_signed_out_signs_in_anew_before_anything_else(
    stage: Stage, ann: Principal
) -> None:
    client, browser = stage.client(), stage.signed_in(ann.name)
    answer_of(browser.submit(browser.get(stage.authorize_url(client))))
    stage.clock.advance(seconds=1)
    with stage.database.write() as tx:
        standing.sign_out(tx, ann, at=stage.clock(), why="")
    stage.clock.advance(seconds=1)
    page = browser.get(stage.authorize_url(client))
    assert page.url.path == "/sign-in"
    silent = browser.get(stage.authorize_url(client, prompt="none"))
    assert answer_of(silent)["error"] == "login_required"
    browser.submit(page, email=ann.name)
    done = browser.submit(browser.get(stage.letters.link))
    assert "code" in answer_of(done)


def test_a_member_who_was_signed_out_is_nobody_here_and_somebody_elsewhere(
    stage: Stage, mia: Principal, other: str
) -> None:
    browser = stage.signed_in(other)
    assert api(stage, browser) == 200
    stage.clock.advance(seconds=1)
    with stage.database.write() as tx:
        standing.sign_out(tx, mia, at=stage.clock(), why="")
    assert api(stage, browser) == 404
    assert browser.get("/me").url.path == "/me"  # signed in to the instance still
    stage.clock.advance(seconds=1)
    assert api(stage, stage.signed_in(mia.name)) == 200


def test_a_disabled_member_is_refused_by_cookie(stage: Stage, mia: Principal) -> None:
    browser = stage.signed_in(mia.name)
    assert api(stage, browser) == 200
    with stage.database.write() as tx:
        standing.disable(tx, mia.id, at=stage.clock())
    assert browser.ask("GET", f"{ORIGIN}/api/workspaces").json()["data"] == []
