"""OAuth clients over HTTP: registered, changed, given new secrets, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scopewright.core.builtin_clients import command_line
from scopewright.core.model import ChangeKind, ClientType, Principal, PrincipalKind
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import Requested
from scopewright.store import audit, changes, clients, consents, principals, sessions
from scopewright.store.pages import Window
from tests.inprocess import REDIRECT_URI, Tenant

PEOPLE = ("pkce", "authorization_code")
MACHINES = ("client_credentials", "device")
SECRET = ("authorization_code", "client_credentials")
ELSEWHERE = "https://elsewhere.example/callback"


def body_for(type: str, **more: Any) -> dict[str, Any]:
    uris = {"redirect_uris": [REDIRECT_URI]} if type in PEOPLE else {}
    return {"name": "Field app", "type": type, **uris, **more}


def registered(tenant: Tenant, type: str, **more: Any) -> dict[str, Any]:
    answer = tenant.call("POST", "/clients", body_for(type, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("type", PEOPLE + MACHINES)
def test_the_secret_is_in_the_answer_that_made_it_where_the_type_has_one_and_nowhere_else(
    tenant: Tenant, type: str
) -> None:
    made = registered(tenant, type)
    assert ("client_secret" in made) is (type in SECRET)
    shown = tenant.call("GET", f"/clients/{made['client_id']}").json()
    assert shown == {name: value for name, value in made.items() if name != "client_secret"}
    assert tenant.call("GET", "/clients").json() == {"data": [shown], "next_page": None}
    if type in SECRET:
        with tenant.running.database.read() as tx:
            client = clients.get(tx, made["client_id"])
            logged = str(audit.page(tx, tenant.id, window=Window()).items)
        assert client is not None
        assert [s.hash for s in client.secrets] == [hash_secret(made["client_secret"])]
        assert made["client_secret"] not in logged
        assert made["client_secret"].startswith("sws_")


def test_a_new_client_has_the_defaults_of_its_type(tenant: Tenant) -> None:
    made = registered(tenant, "pkce", name="  Field app ")
    assert made["name"] == "Field app"
    assert made["type"] == "pkce"
    assert made["redirect_uris"] == [REDIRECT_URI]
    assert made["require_pkce"] is True
    assert made["allow_both_auth_methods"] is False
    assert made["scope_default"] == "held"
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    assert set(made["tokens"].values()) == {None}
    assert made["secrets"] == made["scopes"] == made["internal_scopes"] == []


def test_a_new_machine_gets_a_token_without_scopes(tenant: Tenant) -> None:
    made = registered(tenant, "client_credentials")
    answer = tenant.token(made["client_id"], made["client_secret"])
    assert (answer.status_code, answer.json()["scope"]) == (200, "")


def test_two_clients_may_have_the_same_name(tenant: Tenant) -> None:
    first, second = (registered(tenant, "device", name="twin") for _ in range(2))
    assert first["client_id"] != second["client_id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *((body_for(type, redirect_uris=[]), "redirect_uris") for type in PEOPLE),
        *((body_for(type, redirect_uris=[REDIRECT_URI]), "redirect_uris") for type in MACHINES),
        (body_for("pkce", redirect_uris=[REDIRECT_URI, REDIRECT_URI]), "redirect_uris"),
        (body_for("pkce", redirect_uris=[f"{REDIRECT_URI}/{n}" for n in range(21)]),
         "redirect_uris"),
        (body_for("pkce", redirect_uris=[REDIRECT_URI, "http://app.example/cb"]),
         "redirect_uris"),
        *((body_for(type, require_pkce=False), "require_pkce")
          for type in ("pkce", *MACHINES)),
        (body_for("device", name=" "), "name"),
        (body_for("implicit"), "type"),
        (body_for("device", tokens={"access_lifetime": 0}), "access_lifetime"),
        (body_for("device", tokens={"signing_algorithm": "HS256"}), "signing_algorithm"),
        (body_for("device", scope_default="all"), "scope_default"),
        (body_for("device", grant_types=["client_credentials"]), "grant_types"),
        (body_for("device", client_id="mine"), "client_id"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_type_is_refused(
    tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    answer = tenant.call("POST", "/clients", body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert tenant.call("GET", "/clients").json()["data"] == []


def test_only_confidential_clients_for_people_may_do_without_pkce(tenant: Tenant) -> None:
    made = registered(tenant, "authorization_code", require_pkce=False)
    assert made["require_pkce"] is False


# --- changing -----------------------------------------------------------------------------------


def test_a_change_replaces_what_it_names_and_leaves_the_rest(tenant: Tenant) -> None:
    before = registered(
        tenant, "authorization_code", redirect_uris=[REDIRECT_URI, ELSEWHERE],
        tokens={"access_lifetime": 60, "signing_algorithm": "RS256"},
    )  # fmt: skip
    path = f"/clients/{before.pop('client_id')}"
    before.pop("client_secret")
    change: dict[str, Any] = {
        "name": "Control room",
        "redirect_uris": ["com.example.app:/callback"],
        "require_pkce": False,
        "allow_both_auth_methods": True,
        "scope_default": "none",
        "grant_types": ["authorization_code"],
        "tokens": {"access_lifetime": None, "refresh_grace": 0, "live_scopes": True},
    }
    for name, value in change.items():
        changed = tenant.call("PATCH", path, {name: value}).json()
        changed.pop("client_id")
        expected = before["tokens"] | value if name == "tokens" else value
        assert changed == before | {name: expected}
        before = changed
    assert tenant.call("PATCH", path, {}).json() == tenant.call("GET", path).json()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"redirect_uris": []}, "redirect_uris"),
        ({"require_pkce": False}, "require_pkce"),
        ({"grant_types": []}, "grant_types"),
        ({"grant_types": ["authorization_code", "client_credentials"]}, "grant_types"),
        ({"type": "device"}, "type"),
        ({"name": ""}, "name"),
    ],
)
def test_a_change_that_does_not_fit_the_type_changes_nothing(
    tenant: Tenant, change: dict[str, Any], field: str
) -> None:
    made = registered(tenant, "pkce")
    path = f"/clients/{made['client_id']}"
    answer = tenant.call("PATCH", path, {"name": "changed", **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert tenant.call("GET", path).json() == made


def test_a_grant_type_that_is_taken_off_is_refused_at_once(tenant: Tenant) -> None:
    made = registered(tenant, "authorization_code")
    id, secret = made["client_id"], made["client_secret"]
    form = {"grant_type": "refresh_token", "refresh_token": "swr_x"}
    assert tenant.token(id, secret, **form).json()["error"] == "invalid_grant"
    tenant.call("PATCH", f"/clients/{id}", {"grant_types": ["authorization_code"]})
    assert tenant.token(id, secret, **form).json()["error"] == "unauthorized_client"


def signed_in_at(tenant: Tenant, client_id: str, *scopes: str, how: str) -> Principal:
    person = tenant.person("boss@example.com")
    tenant.grant(person, *scopes)
    if how == "session":
        tenant.session(person, client_id)
    else:
        tenant.consent(person, client_id)
    return person


@pytest.mark.parametrize("how", ["session", "consent"])
def test_nobody_turns_the_codes_of_stronger_people_elsewhere(tenant: Tenant, how: str) -> None:
    client_id, _ = tenant.client(ClientType.PKCE)
    signed_in_at(tenant, client_id, "iotman:keys:rotate", how=how)
    path, change = f"/clients/{client_id}", {"redirect_uris": [REDIRECT_URI, ELSEWHERE]}
    weak = tenant.key_with("iotman:clients:update")
    refused = tenant.call("PATCH", path, change, bearer=weak)
    assert (refused.status_code, refused.json()["missing"]) == (403, ["iotman:keys:rotate"])
    assert tenant.call("GET", path).json()["redirect_uris"] == [REDIRECT_URI]
    assert tenant.call("PATCH", path, {"name": "other"}, bearer=weak).status_code == 200
    strong = tenant.key_with("iotman:clients:update", "iotman:keys:rotate")
    assert tenant.call("PATCH", path, change, bearer=strong).status_code == 200


def test_sessions_that_are_over_do_not_stand_against_a_new_redirect_uri(tenant: Tenant) -> None:
    client_id, _ = tenant.client(ClientType.PKCE)
    person = tenant.person("boss@example.com")
    tenant.grant(person, "iotman:keys:rotate")
    session = tenant.session(person, client_id)
    with tenant.running.database.write() as tx:
        sessions.end(tx, session, at=tenant.running.clock(), why="test")
    weak = tenant.key_with("iotman:clients:update")
    change = {"redirect_uris": [ELSEWHERE]}
    answer = tenant.call("PATCH", f"/clients/{client_id}", change, bearer=weak)
    assert answer.status_code == 200


def test_another_redirect_uri_drops_the_recorded_consents_and_the_same_ones_keep_them(
    tenant: Tenant,
) -> None:
    client_id, _ = tenant.client(ClientType.PKCE)
    person = tenant.person("ann@example.com")
    tenant.consent(person, client_id, Requested(frozenset({"sensor:read"})))

    def consented() -> bool:
        with tenant.running.database.read() as tx:
            found = consents.get(tx, principal_id=person.id, client_id=client_id)
        return found is not None

    same = {"redirect_uris": [REDIRECT_URI], "name": "other"}
    tenant.call("PATCH", f"/clients/{client_id}", same)
    assert consented()
    tenant.call("PATCH", f"/clients/{client_id}", {"redirect_uris": [REDIRECT_URI, ELSEWHERE]})
    assert not consented()


# --- new secrets --------------------------------------------------------------------------------


def works(tenant: Tenant, client_id: str, secret: str) -> bool:
    return tenant.token(client_id, secret).status_code == 200


@pytest.mark.parametrize(
    ("body", "seconds"), [(None, 86_400), ({"overlap": 60}, 60), ({"overlap": 0}, 0)]
)
def test_the_old_secret_goes_on_for_the_overlap(
    tenant: Tenant, body: dict[str, int] | None, seconds: int
) -> None:
    id, old = tenant.client()
    assert works(tenant, id, old)
    answer = tenant.call("POST", f"/clients/{id}/rotate-secret", body)
    assert answer.status_code == 200
    new = answer.json()["client_secret"]
    assert new != old
    assert works(tenant, id, new)
    assert works(tenant, id, old) is (seconds > 0)
    tenant.running.clock.advance(seconds=seconds)
    assert works(tenant, id, new)
    assert not works(tenant, id, old)


def test_a_second_rotation_does_not_lengthen_the_life_of_the_first_secret(tenant: Tenant) -> None:
    id, first = tenant.client()
    tenant.call("POST", f"/clients/{id}/rotate-secret", {"overlap": 60})
    tenant.call("POST", f"/clients/{id}/rotate-secret", {"overlap": 3600})
    tenant.running.clock.advance(seconds=60)
    assert not works(tenant, id, first)


@pytest.mark.parametrize("overlap", [-1, 30 * 86_400 + 1, 1.5, "60", None])
def test_an_overlap_out_of_bounds_is_refused(tenant: Tenant, overlap: Any) -> None:
    id, secret = tenant.client()
    answer = tenant.call("POST", f"/clients/{id}/rotate-secret", {"overlap": overlap})
    assert (answer.status_code, answer.json()["field"]) == (422, "overlap")
    assert len(tenant.call("GET", f"/clients/{id}").json()["secrets"]) == 1
    assert works(tenant, id, secret)


@pytest.mark.parametrize("type", ["pkce", "device"])
def test_a_public_client_has_no_secret_to_rotate(tenant: Tenant, type: str) -> None:
    made = registered(tenant, type)
    answer = tenant.call("POST", f"/clients/{made['client_id']}/rotate-secret")
    assert answer.status_code == 409


def test_nobody_takes_control_of_a_client_that_is_stronger(tenant: Tenant) -> None:
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:keys:rotate")
    weak = tenant.key_with("iotman:clients:rotate-secret")
    refused = tenant.call("POST", f"/clients/{id}/rotate-secret", bearer=weak)
    assert (refused.status_code, refused.json()["missing"]) == (403, ["iotman:keys:rotate"])
    assert works(tenant, id, secret)
    assert len(tenant.call("GET", f"/clients/{id}").json()["secrets"]) == 1
    strong = tenant.key_with("iotman:clients:rotate-secret", "iotman:keys:rotate")
    assert tenant.call("POST", f"/clients/{id}/rotate-secret", bearer=strong).status_code == 200


# --- deleting -----------------------------------------------------------------------------------


def test_deleting_a_client_refuses_its_tokens_at_once_and_leaves_others_alone(
    tenant: Tenant,
) -> None:
    scope = "iotman:scopes:read"
    (id, secret), (other_id, other_secret) = (
        tenant.client(ClientType.CLIENT_CREDENTIALS, scope) for _ in range(2)
    )
    token, other = tenant.access_token(id, secret), tenant.access_token(other_id, other_secret)
    assert tenant.call("GET", "/scopes", bearer=token).status_code == 200
    assert tenant.call("DELETE", f"/clients/{id}").status_code == 204
    assert tenant.call("GET", "/scopes", bearer=token).status_code == 401
    assert tenant.token(id, secret).json()["error"] == "invalid_client"
    assert tenant.call("GET", f"/clients/{id}").status_code == 404
    assert tenant.call("DELETE", f"/clients/{id}").status_code == 404
    assert tenant.call("GET", "/scopes", bearer=other).status_code == 200
    with tenant.running.database.read() as tx:
        assert principals.get(tx, id) is None
        now = tenant.running.clock()
        feed = changes.revoked_since(tx, tenant.id, after=0, now=now, limit=10)
    assert [(c.kind, c.subject_id) for c in feed] == [(ChangeKind.CLIENT, id)]
    assert feed[0].forget_at is not None
    assert feed[0].forget_at - now >= timedelta(hours=1)  # no access token can outlive it


@pytest.mark.parametrize("type", [ClientType.PKCE, ClientType.AUTHORIZATION_CODE])
def test_deleting_a_client_ends_the_sessions_with_it(tenant: Tenant, type: ClientType) -> None:
    client_id, _ = tenant.client(type)
    session = tenant.session(tenant.person("ann@example.com"), client_id)
    assert tenant.call("DELETE", f"/clients/{client_id}").status_code == 204
    with tenant.running.database.read() as tx:
        assert sessions.get(tx, session) is None


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "taken"}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", None),
    ],
)
def test_clients_of_another_workspace_are_not_there(
    tenant: Tenant, method: str, suffix: str, body: Any
) -> None:
    other = Tenant(tenant.running)
    id, secret = other.client()
    for name in (id, tenant.admin.id, "nobody"):
        assert tenant.call(method, f"/clients/{name}{suffix}", body).status_code == 404
    assert works(other, id, secret)
    assert other.call("GET", f"/clients/{id}").json()["name"] == "client_credentials"


def test_the_built_in_client_of_the_command_line_is_read_only(tenant: Tenant) -> None:
    client = command_line(tenant.id, now=tenant.running.clock())
    with tenant.running.database.write() as tx:
        kind, at = PrincipalKind.CLIENT, client.created_at
        principals.add(tx, Principal(client.id, tenant.id, kind, client.name, None, at))
        clients.add(tx, client)
    path = f"/clients/{client.id}"
    assert tenant.call("PATCH", path, {"redirect_uris": [ELSEWHERE]}).status_code == 403
    assert tenant.call("DELETE", path).status_code == 403
    assert tenant.call("GET", path).json()["redirect_uris"] == list(client.redirect_uris)


def test_each_change_is_written_down_with_the_values_before_and_after(tenant: Tenant) -> None:
    made = registered(tenant, "pkce")
    path = f"/clients/{made['client_id']}"
    tenant.call("PATCH", path, {"name": "Other", "redirect_uris": [REDIRECT_URI]})
    tenant.call("DELETE", path)
    with tenant.running.database.read() as tx:
        events = list(reversed(audit.page(tx, tenant.id, window=Window()).items))
    assert [event.operation for event in events] == [
        "clients:create",
        "clients:update",
        "clients:delete",
    ]
    assert events[1].details == {"before": {"name": "Field app"}, "after": {"name": "Other"}}
    assert events[2].details["before"]["redirect_uris"] == [REDIRECT_URI]
