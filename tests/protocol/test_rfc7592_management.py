"""RFC 7592: a client that looks after its own registration, and nobody else's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scopewright.core.model import Client, Consent, WorkspacePolicy
from scopewright.core.scopes import EVERYTHING
from scopewright.store import audit, clients, consents
from scopewright.store.pages import Window
from tests.protocol.issuer import (
    REDIRECT_URI,
    Issuer,
    KnownClient,
    Site,
    assert_refused,
    bearer,
)

PUBLIC = {
    "redirect_uris": [REDIRECT_URI],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
    "client_name": "Editor",
}
MACHINE = {"grant_types": ["client_credentials"], "response_types": []}
KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43}]}
ELSEWHERE = ["https://elsewhere.example/callback"]


class Registered:
    """A client that has registered itself."""

    def __init__(self, issuer: Issuer, document: dict[str, Any]) -> None:
        answer = issuer.http.post(f"{issuer.issuer}/register", json=document)
        assert answer.status_code == 201, answer.text
        self.issuer = issuer
        self.made: dict[str, Any] = answer.json()
        self.id: str = self.made["client_id"]
        self.token: str = self.made["registration_access_token"]

    def ask(self, method: str, token: str | None = None, **more: Any) -> httpx.Response:
        headers = bearer(self.token if token is None else token)
        return self.issuer.http.request(
            method, self.made["registration_client_uri"], headers=headers, **more
        )

    def replace(self, document: dict[str, Any]) -> httpx.Response:
        return self.ask("PUT", json={"client_id": self.id, **document})

    @property
    def kept(self) -> Client:
        with self.issuer.database.read() as tx:
            client = clients.get(tx, self.id)
        assert client is not None
        return client

    def as_known(self, secret: str | None = None) -> KnownClient:
        return KnownClient(self.id, secret or self.made.get("client_secret"))


@pytest.fixture
def open_issuer(site: Site) -> Issuer:
    return Issuer.new(site, policy=WorkspacePolicy(client_registration="open"))


@pytest.fixture
def app(open_issuer: Issuer) -> Registered:
    return Registered(open_issuer, PUBLIC)


@pytest.fixture
def machine(open_issuer: Issuer) -> Registered:
    return Registered(open_issuer, MACHINE)


# --- reading ------------------------------------------------------------------------------------


def test_a_client_reads_its_registration_without_its_secret(machine: Registered) -> None:
    answer = machine.ask("GET")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    hidden = {"client_secret", "client_secret_expires_at"}
    assert answer.json() == {k: v for k, v in machine.made.items() if k not in hidden}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_token_opens_nothing_and_says_nothing(
    open_issuer: Issuer, app: Registered, machine: Registered, method: str
) -> None:
    person = open_issuer.person()
    access = open_issuer.signed_in(app.as_known(), person)["access_token"]
    body = {"json": {"client_id": app.id, **PUBLIC}} if method == "PUT" else {}
    for token in ("wrong", machine.token, access, app.kept.registration_token_hash):
        answer = app.ask(method, token, **body)
        assert_refused(answer, 401, "invalid_token")
    unsaid = open_issuer.http.request(method, app.made["registration_client_uri"], **body)
    assert_refused(unsaid, 401, "invalid_token")
    nobody = app.made["registration_client_uri"].replace(app.id, "0" * 36)
    unknown = open_issuer.http.request(method, nobody, headers=bearer(app.token), **body)
    assert (unknown.status_code, unknown.json()) == (answer.status_code, answer.json())
    assert app.kept.name == "Editor"


def test_a_token_is_good_at_its_own_issuer_alone(app: Registered, stranger: Issuer) -> None:
    there = f"{stranger.issuer}/register/{app.id}"
    answer = stranger.http.get(there, headers=bearer(app.token))
    assert_refused(answer, 401, "invalid_token")


def test_a_client_that_a_member_registered_has_no_such_token(open_issuer: Issuer) -> None:
    client = open_issuer.machine()
    for token in ("x", "0" * 64, client.secret or ""):
        answer = open_issuer.http.get(
            f"{open_issuer.issuer}/register/{client.id}", headers=bearer(token)
        )
        assert_refused(answer, 401, "invalid_token")


def test_registrations_go_on_when_no_more_are_taken(site: Site) -> None:
    issuer = Issuer.new(site, policy=WorkspacePolicy(client_registration="open"))
    app = Registered(issuer, PUBLIC)
    issuer.set_policy(client_registration="closed")
    assert app.ask("GET").status_code == 200
    assert app.ask("DELETE").status_code == 204


# --- replacing ----------------------------------------------------------------------------------


def test_what_is_said_anew_replaces_all_that_was_said(app: Registered) -> None:
    document = {**PUBLIC, "client_name": "Writer", "tos_uri": "https://app.example/tos"}
    answer = app.replace(document)
    assert answer.status_code == 200
    assert answer.json() == {**app.made, **document}
    less = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}
    said = app.replace(less).json()
    assert "tos_uri" not in said
    assert said["client_name"] == app.id
    assert said["grant_types"] == ["authorization_code"]
    assert app.ask("GET").json() == said


def test_the_registration_access_token_stays(app: Registered) -> None:
    assert app.replace(PUBLIC).json()["registration_access_token"] == app.token
    assert app.ask("GET").status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://app.example"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 0},
        {"client_secret": "chosen-by-the-client"},
        {"client_secret": 7},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"software_statement": "x"},
    ],
    ids=str,
)
def test_what_is_not_the_clients_to_say_is_refused_and_nothing_changes(
    machine: Registered, said: dict[str, Any]
) -> None:
    before = machine.kept
    answer = machine.ask("PUT", json={"client_id": machine.id, **MACHINE, **said})
    code = "unapproved_software_statement" if "software_statement" in said else None
    assert_refused(answer, 400, code or "invalid_client_metadata")
    assert machine.kept == before


def test_a_refused_redirect_uri_changes_nothing(app: Registered) -> None:
    answer = app.replace({**PUBLIC, "redirect_uris": ["http://elsewhere.example/"]})
    assert_refused(answer, 400, "invalid_redirect_uri")
    assert app.kept.redirect_uris == (REDIRECT_URI,)


def test_the_own_secret_may_be_said_and_is_kept(machine: Registered) -> None:
    answer = machine.replace({**MACHINE, "client_secret": machine.made["client_secret"]})
    assert answer.status_code == 200
    assert "client_secret" not in answer.json()
    assert machine.issuer.token(machine.as_known()).status_code == 200


def test_who_turns_to_keys_loses_the_secret_and_who_turns_back_gets_a_new_one(
    machine: Registered,
) -> None:
    by_keys = {**MACHINE, "token_endpoint_auth_method": "private_key_jwt", "jwks": KEYS}
    assert "client_secret" not in machine.replace(by_keys).json()
    assert_refused(machine.issuer.token(machine.as_known()), 401, "invalid_client")
    answer = machine.replace(MACHINE).json()
    assert answer["client_secret"] != machine.made["client_secret"]
    assert answer["client_secret_expires_at"] == 0
    known = machine.as_known(answer["client_secret"])
    assert machine.issuer.token(known).status_code == 200
    assert_refused(machine.issuer.token(machine.as_known()), 401, "invalid_client")


def test_another_redirect_uri_gets_nothing_that_people_approved_before(
    open_issuer: Issuer, app: Registered
) -> None:
    person = open_issuer.person()
    with open_issuer.database.write() as tx:
        consents.put(tx, Consent(person, app.id, EVERYTHING, open_issuer.clock()))
    assert app.replace({**PUBLIC, "client_name": "Writer"}).status_code == 200
    assert _consent(open_issuer, person, app) is not None
    assert app.replace({**PUBLIC, "redirect_uris": ELSEWHERE}).status_code == 200
    assert _consent(open_issuer, person, app) is None


def _consent(issuer: Issuer, person: str, app: Registered) -> Consent | None:
    with issuer.database.read() as tx:
        return consents.get(tx, principal_id=person, client_id=app.id)


def test_a_code_on_its_way_does_not_follow_to_another_redirect_uri(
    open_issuer: Issuer, app: Registered
) -> None:
    code = open_issuer.code(app.as_known(), open_issuer.person())
    app.replace({**PUBLIC, "redirect_uris": ELSEWHERE})
    answer = open_issuer.redeem(app.as_known(), code, redirect_uri=ELSEWHERE[0])
    assert_refused(answer, 400, "invalid_grant")


def test_a_change_counts_at_the_next_request(machine: Registered) -> None:
    assert machine.issuer.token(machine.as_known()).status_code == 200
    public = {**PUBLIC, "grant_types": ["authorization_code"]}
    assert machine.replace(public).status_code == 200
    assert_refused(machine.issuer.token(machine.as_known()), 401, "invalid_client")


# --- deleting -----------------------------------------------------------------------------------


def test_a_deleted_client_is_gone_with_its_sessions_and_tokens(
    open_issuer: Issuer, app: Registered, machine: Registered
) -> None:
    issued = open_issuer.signed_in(app.as_known(), open_issuer.person(), "offline_access")
    asker = open_issuer.machine()
    assert open_issuer.is_active(asker, issued["access_token"])
    answer = app.ask("DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_refused(app.ask("GET"), 401, "invalid_token")
    assert_refused(
        open_issuer.refresh(app.as_known(), issued["refresh_token"]), 400, "invalid_grant"
    )
    assert not open_issuer.is_active(asker, issued["access_token"])
    assert machine.ask("GET").status_code == 200


def test_what_a_client_does_about_itself_is_written_down(app: Registered) -> None:
    app.replace({**PUBLIC, "client_name": "Writer"})
    app.ask("DELETE")
    with app.issuer.database.read() as tx:
        events = audit.page(tx, app.issuer.id, window=Window()).items
    assert [(event.operation, event.via, event.actor) for event in events] == [
        ("clients:delete", "registration", app.id),
        ("clients:update", "registration", app.id),
        ("clients:create", "registration", app.id),
    ]
    assert events[1].details["before"]["client_name"] == "Editor"
    assert app.token not in str(events)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_methods_are_refused(app: Registered, method: str) -> None:
    answer = app.ask(method, json=PUBLIC)
    assert_refused(answer, 405, "invalid_request")
    assert answer.headers["allow"] == "DELETE, GET, PUT"


def test_the_token_of_a_disabled_client_counts_for_nothing(app: Registered) -> None:
    app.issuer.disable(app.id)
    for method in ("GET", "DELETE"):
        assert app.ask(method).status_code == 401
    assert app.replace(PUBLIC).status_code == 401
    assert app.kept.id == app.id
