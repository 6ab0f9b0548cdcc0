"""Signing in by a name and a password, over HTTP: who comes in, with what, and how often."""

from __future__ import annotations

from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from scopewright.core.errors import Invalid
from scopewright.core.model import Assignment, ChangeKind, Identity, Principal, PrincipalKind
from scopewright.providers import Proven
from scopewright.services.providers.settling import SETTINGS, Settling
from scopewright.settings.authentication import AuthenticationSettings
from scopewright.store import assignments, grants, principals, schema, workspaces
from tests.people import Forms, Stage, answer_of, claims_of
from tests.providers.stages import Open, record, typed

WRONG = "did not work"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PEOPLE = {"alice": QUICK.hash("secret1"), "bob": QUICK.hash("secret2")}


class Claiming:
    """Lets everybody in, with what the settings make it say."""

    def __init__(self, **said: Any) -> None:
        self.said = said

    def authenticate(self, username: str, password: str) -> Proven | None:
        groups = frozenset(password.split(","))
        return Proven(username, groups=groups, **self.said)


def toy(**said: Any) -> dict[str, Any]:
    """The provider of Tiled's example."""
    args = {"users_to_passwords": PEOPLE}
    authenticator = "tiled.authenticators:DictionaryAuthenticator"
    return {"provider": "toy", "authenticator": authenticator, "args": args} | said


def claiming(**said: Any) -> dict[str, Any]:
    return {"provider": "toy", "authenticator": f"{__name__}:Claiming"} | said


def invite(stage: Stage, subject: str) -> Principal:
    identity = Identity("toy", subject)
    person = Principal(
        f"p-{subject}", stage.workspace.id, PrincipalKind.END_USER, subject, identity, stage.clock()
    )
    with stage.database.write() as tx:
        principals.add(tx, person)
    return person


def roles_of(stage: Stage, subject: str) -> dict[str, str]:
    person = record(stage, subject)
    assert person is not None
    with stage.database.read() as tx:
        return {one.role: one.assigned_by for one in assignments.of_principal(tx, person.id)}


def scopes_of(stage: Stage, subject: str) -> dict[str, str]:
    person = record(stage, subject)
    assert person is not None
    with stage.database.read() as tx:
        return {one.scope: one.granted_by for one in grants.of_principal(tx, person.id)}


# --- the way in ---------------------------------------------------------------------------------


def test_a_password_signs_in_whoever_was_invited(opened: Open) -> None:
    stage = opened(toy())
    invite(stage, "alice")
    me = typed(stage.browser(), "alice", "secret1")
    assert me.url.path == "/me"
    assert "alice" in me.text


def test_it_goes_on_with_the_authorization_and_its_token_says_who_it_is(opened: Open) -> None:
    stage = opened(toy(on_first_sign_in="create"))
    browser, client = stage.browser(), stage.client()
    consent = typed(browser, "alice", "secret1", browser.get(stage.authorize_url(client)))
    code = answer_of(browser.submit(consent))["code"]
    token = claims_of(stage.exchange(client, code).json()["access_token"])
    alice = record(stage, "alice")
    assert alice is not None
    assert (token["sub"], token["user"]) == (alice.id, "alice")
    assert "state" not in token


def test_every_failure_is_answered_alike_and_signs_nobody_in(opened: Open) -> None:
    stage = opened(toy())
    invite(stage, "alice")
    said = set()
    for name, password in [("alice", "secret2"), ("nobody", "secret1"), ("bob", "wrong")]:
        browser = stage.browser()
        answer = typed(browser, name, password)
        assert answer.status_code == 422
        assert password not in answer.text
        said.add(answer.text.count(WRONG))
        assert browser.get("/me").url.path == "/sign-in"
    assert said == {1}


def test_the_form_needs_its_anti_forgery_token_and_takes_no_other_field(opened: Open) -> None:
    stage = opened(toy(on_first_sign_in="create"))
    browser = stage.browser()
    fields = stage.fields(browser.get("/sign-in"), form=1)
    good = {**fields, "username": "alice", "password": "secret1"}
    for bad in (good | {"anti_forgery": "x"}, good | {"more": "x"}):
        assert browser.ask("POST", "/sign-in/with/toy", data=bad).status_code in (400, 403)
    foreign = {"origin": "https://evil.example"}
    refused = browser.ask("POST", "/sign-in/with/toy", data=good, headers=foreign)
    assert refused.status_code == 403
    assert browser.ask("POST", "/sign-in/with/none", data=good).status_code == 404
    assert record(stage, "alice") is None


def test_several_providers_stand_beside_the_letter_with_labels_of_their_own(opened: Open) -> None:
    stage = opened(toy(title="The <toy>"))
    page = stage.browser().get("/sign-in").text
    assert 'type="email"' in page
    assert "The &lt;toy&gt;" in page
    assert 'for="username-toy"' in page
    assert 'autocomplete="current-password"' in page
    assert "<script" not in page


def test_without_a_provider_the_page_has_the_letter_alone(stage: Stage) -> None:
    page = stage.browser().get("/sign-in").text
    assert "password" not in page.lower().replace("there is no password", "")
    assert len(Forms(page).found) == 1


def test_what_the_operator_says_to_those_who_come_in_is_shown_as_text(opened: Open) -> None:
    args = {"users_to_passwords": {"<b>": "x"}, "confirmation_message": "You are {id}, {0.x}."}
    stage = opened(toy(on_first_sign_in="create", args=args))
    browser = stage.browser()
    shown = typed(browser, "<b>", "x")
    assert "You are &lt;b&gt;, {0.x}." in shown.text
    assert '<a href="/">Continue</a>' in shown.text
    assert browser.get("/me").url.path == "/me"


# --- the first time -----------------------------------------------------------------------------


def test_a_stranger_is_told_to_be_invited_and_leaves_nothing(opened: Open) -> None:
    stage = opened(toy())
    browser = stage.browser()
    refused = typed(browser, "alice", "secret1")
    assert refused.status_code == 403
    assert "invited" in refused.text
    assert record(stage, "alice") is None
    assert browser.get("/me").url.path == "/sign-in"


def test_a_record_is_made_once_where_the_settings_say_so(opened: Open) -> None:
    stage = opened(toy(on_first_sign_in="create"))
    typed(stage.browser(), "alice", "secret1")
    first = record(stage, "alice")
    stage.clock.advance(minutes=1)
    typed(stage.browser(), "alice", "secret1")
    assert first is not None
    assert record(stage, "alice") == first
    assert first.kind is PrincipalKind.END_USER
    with stage.database.read() as tx:
        written = [row.operation for row in tx.all(select(schema.audit))]
    assert written == ["end-users:create"]


def test_a_record_is_made_in_the_workspaces_that_are_named_alone(opened: Open) -> None:
    stage = opened(toy(on_first_sign_in="create"), workspaces=["second"])
    assert typed(stage.browser(), "alice", "secret1").status_code == 403
    with stage.database.write() as tx:
        slug = workspaces.list_all(tx)[0].slug
    assert slug
    assert record(stage, "alice") is None


def test_where_two_workspaces_could_be_meant_nobody_new_comes_in(opened: Open) -> None:
    stage = opened(toy(on_first_sign_in="create"))
    stage.add_workspace("Other")
    assert typed(stage.browser(), "alice", "secret1").status_code == 403
    settings = AuthenticationSettings.model_validate({"providers": [toy()]})
    settling = Settling(stage.database, stage.clock, {}, settings)
    with pytest.raises(Invalid, match=r"authentication\.workspaces"):
        settling.synchronise()


EMAIL = "ann@example.com"


@pytest.mark.parametrize(
    ("trusted", "verified", "linked"),
    [(True, True, True), (False, True, False), (True, False, False)],
)
def test_a_verified_address_is_an_invited_person_only_where_the_settings_trust_it(
    opened: Open, trusted: bool, verified: bool, linked: bool
) -> None:
    args = {"email": EMAIL, "email_verified": verified}
    stage = opened(claiming(args=args, link_verified_email=trusted))
    stage.person(EMAIL, "sensor:read")
    browser = stage.browser()
    typed(browser, "u-1", "x")
    me = browser.get("/me")
    assert (EMAIL in me.text and "sensor:read" in me.text) is linked
    assert (me.url.path == "/me") is linked


# --- rules --------------------------------------------------------------------------------------

RULES = [
    {"claim": "groups", "value": "staff", "roles": ["iotman:viewer"], "scopes": ["sensor:read"]},
    {"claim": "groups", "value": "lost", "roles": ["no-such-role"], "scopes": ["no:scope"]},
]


def test_rules_give_at_sign_in_and_take_away_what_no_longer_matches(opened: Open) -> None:
    stage = opened(claiming(on_first_sign_in="create", rules=RULES))
    typed(stage.browser(), "ann", "guest,lost")
    assert (roles_of(stage, "ann"), scopes_of(stage, "ann")) == ({}, {})
    typed(stage.browser(), "ann", "staff")
    assert roles_of(stage, "ann") == {"iotman:viewer": "provider:toy"}
    assert scopes_of(stage, "ann") == {"sensor:read": "provider:toy"}
    typed(stage.browser(), "ann", "guest")
    assert (roles_of(stage, "ann"), scopes_of(stage, "ann")) == ({}, {})


def test_what_an_administrator_gave_by_hand_stays(opened: Open) -> None:
    stage = opened(claiming(on_first_sign_in="create", rules=RULES))
    ann = invite(stage, "ann")
    with stage.database.write() as tx:
        here = stage.workspace.id
        workspaces.touch(tx, here, ChangeKind.HOLDINGS, ann.id, at=stage.clock())
        given = Assignment(ann.id, "iotman:viewer", "by-hand", stage.clock())
        assignments.add(tx, here, assignment=given)
    typed(stage.browser(), "ann", "staff")
    typed(stage.browser(), "ann", "guest")
    assert roles_of(stage, "ann") == {"iotman:viewer": "by-hand"}


def test_a_sign_in_that_changes_nothing_tells_nobodys_caches(opened: Open) -> None:
    stage = opened(claiming(on_first_sign_in="create", rules=RULES))
    typed(stage.browser(), "ann", "staff")

    def version() -> int | None:
        with stage.database.read() as tx:
            return workspaces.version(tx, stage.workspace.id)

    before = version()
    typed(stage.browser(), "ann", "staff")
    assert version() == before


# --- administrators by the settings -------------------------------------------------------------

ADMINS = [{"provider": "toy", "id": "alice"}]


def test_whoever_the_settings_name_comes_in_and_administers(opened: Open) -> None:
    stage = opened(toy(), tiled_admins=ADMINS)
    typed(stage.browser(), "alice", "secret1")
    assert roles_of(stage, "alice") == {"iotman:admin": SETTINGS}


def test_taking_the_entry_out_and_starting_again_takes_the_role_and_no_other(opened: Open) -> None:
    stage = opened(toy(), tiled_admins=ADMINS)
    typed(stage.browser(), "alice", "secret1")
    alice = record(stage, "alice")
    assert alice is not None
    with stage.database.write() as tx:
        other = Assignment(alice.id, "iotman:viewer", "by-hand", stage.clock())
        assignments.add(tx, stage.workspace.id, assignment=other)
    opened(toy())
    assert roles_of(stage, "alice") == {"iotman:viewer": "by-hand"}


def test_a_known_person_has_the_role_from_the_start_on(opened: Open) -> None:
    stage = opened(toy())
    invite(stage, "alice")
    settings = AuthenticationSettings.model_validate({"providers": [toy()], "tiled_admins": ADMINS})
    catalogues = stage.application.services.scopes.catalogues
    Settling(stage.database, stage.clock, catalogues, settings).synchronise()
    assert roles_of(stage, "alice") == {"iotman:admin": SETTINGS}


# --- the state ----------------------------------------------------------------------------------


def test_the_state_of_a_provider_travels_to_resource_servers_and_survives_a_refresh(
    opened: Open,
) -> None:
    state = {"department": "optics", "badge": 7}
    stage = opened(claiming(on_first_sign_in="create", args={"state": state}))
    browser, client = stage.browser(), stage.client()
    consent = typed(browser, "ann", "x", browser.get(stage.authorize_url(client)))
    answer = stage.exchange(client, answer_of(browser.submit(consent))["code"]).json()
    assert claims_of(answer["access_token"])["state"] == state
    form = {
        "grant_type": "refresh_token",
        "client_id": client.id,
        "refresh_token": answer["refresh_token"],
    }
    again = stage.browser().ask("POST", f"{stage.issuer}/token", data=form).json()
    assert claims_of(again["access_token"])["state"] == state


def test_a_state_too_large_for_a_token_is_refused_at_the_sign_in(opened: Open) -> None:
    stage = opened(claiming(on_first_sign_in="create", args={"state": {"a": "x" * 2100}}))
    browser = stage.browser()
    assert typed(browser, "ann", "x").status_code == 422
    assert browser.get("/me").url.path == "/sign-in"
    assert record(stage, "ann") is None


# --- too often ----------------------------------------------------------------------------------


def test_forty_wrong_passwords_are_slowed_and_the_owner_still_comes_in_from_elsewhere(
    opened: Open,
) -> None:
    stage = opened(toy(on_first_sign_in="create"))
    browser = stage.browser("10.0.0.66")
    page = browser.get("/sign-in")
    answers = [typed(browser, "alice", f"guess{n}", page) for n in range(40)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 30
    assert 0 < int(answers[-1].headers["retry-after"]) <= 900
    assert typed(browser, "ALICE", "secret1", page).status_code == 429
    assert typed(stage.browser("10.0.0.7"), "alice", "secret1").url.path == "/me"
    stage.clock.advance(minutes=16)
    assert typed(browser, "alice", "secret1", page).url.path == "/me"


def test_one_source_may_not_try_one_name_after_the_other(opened: Open) -> None:
    stage = opened(claiming(on_first_sign_in="create"))
    browser = stage.browser("2001:db8::1")
    page = browser.get("/sign-in")
    for n in range(100):
        assert typed(browser, f"name{n}", "x", page).status_code == 200
    assert typed(browser, "name", "x", page).status_code == 429
    neighbour = stage.browser("2001:db8::2")
    assert typed(neighbour, "name", "x").status_code == 429
    assert typed(stage.browser("2001:db8:0:1::1"), "name", "x").status_code == 200


def test_what_was_typed_as_a_name_is_kept_nowhere(opened: Open) -> None:
    stage = opened(toy())
    typed(stage.browser(), "my-secret-typed-as-a-name", "x")
    with stage.database.read() as tx:
        for table in schema.metadata.sorted_tables:
            assert "typed-as-a-name" not in str(tx.all(select(table))), table.name


# --- the figures --------------------------------------------------------------------------------


def test_tries_to_sign_in_are_counted_by_provider_and_outcome(opened: Open) -> None:
    named = {"metrics": {"addresses": ["127.0.0.1"]}}  # where the tests' requests come from
    stage = opened(toy(on_first_sign_in="create"), sections=named)
    typed(stage.browser(), "alice", "secret1")
    typed(stage.browser(), "alice", "mistyped")
    typed(stage.browser(), "alice", "mistyped")
    stage.person("ann@example.com")
    stage.signed_in("ann@example.com")
    stranger = stage.browser()
    stranger.submit(stranger.get("/sign-in/link?token=swm_junk"), email="ann@example.com")
    told = [
        line
        for line in stage.browser().get("/metrics").text.splitlines()
        if line.startswith("scopewright_sign_ins_total")
    ]
    assert told == [
        'scopewright_sign_ins_total{outcome="signed_in",provider="toy"} 1.0',
        'scopewright_sign_ins_total{outcome="failed",provider="toy"} 2.0',
        'scopewright_sign_ins_total{outcome="signed_in",provider="email"} 1.0',
        'scopewright_sign_ins_total{outcome="failed",provider="email"} 1.0',
    ]
