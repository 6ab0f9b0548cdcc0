"""RFC 7591: clients that register themselves, and what is refused of what they say."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scopewright.core.model import Client, RegistrationToken, WorkspacePolicy
from scopewright.core.oauth import hash_secret
from scopewright.ids import new_id, new_secret
from scopewright.services.registration import MOST_OF_A_SOURCE
from scopewright.store import audit, clients, principals, registration_tokens
from scopewright.store.pages import Window
from tests.people import Stage
from tests.protocol.issuer import Issuer, KnownClient, Site, assert_refused, bearer

APP = "https://app.example/callback"
PUBLIC = {"redirect_uris": [APP], "token_endpoint_auth_method": "none"}
PUBLIC_KEY = {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43, "kid": "one"}
KEYS = {"keys": [PUBLIC_KEY]}
MACHINE = {"grant_types": ["client_credentials"], "response_types": []}


@pytest.fixture
def open_issuer(site: Site) -> Issuer:
    """Anybody registers here."""
    return Issuer.new(site, policy=WorkspacePolicy(client_registration="open"))


def register(issuer: Issuer, document: Any, token: str | None = None) -> httpx.Response:
    headers = bearer(token) if token else {}
    return issuer.http.post(f"{issuer.issuer}/register", json=document, headers=headers)


def registered(issuer: Issuer, document: Any) -> dict[str, Any]:
    answer = register(issuer, document)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def initial_token(issuer: Issuer, **fields: Any) -> str:
    """An initial access token of the workspace, made by a member of it."""
    secret, now = new_secret("swn"), issuer.clock()
    known: dict[str, Any] = {
        "id": new_id("rgt"),
        "workspace_id": issuer.id,
        "hash": hash_secret(secret),
        "note": "",
        "created_at": now,
        "expires_at": now.replace(year=now.year + 1),
    }
    made_by = fields.pop("created_by", None) or issuer.person(email=f"{known['id']}@a.example")
    with issuer.database.write() as tx:
        token = RegistrationToken(**{**known, "created_by": made_by, **fields})
        registration_tokens.add(tx, token)
    return secret


def kept(issuer: Issuer, made: dict[str, Any]) -> Client:
    with issuer.database.read() as tx:
        client = clients.get(tx, made["client_id"])
    assert client is not None
    return client


# --- what is answered ---------------------------------------------------------------------------


def test_a_public_client_registers_and_is_told_all_that_was_registered(open_issuer: Issuer) -> None:
    made = registered(open_issuer, {**PUBLIC, "client_name": "Editor", "software_id": "x-1"})
    token = made.pop("registration_access_token")
    assert made == {
        "client_id": made["client_id"],
        "client_id_issued_at": int(open_issuer.clock().timestamp()),
        "registration_client_uri": f"{open_issuer.issuer}/register/{made['client_id']}",
        "client_name": "Editor",
        "redirect_uris": [APP],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "software_id": "x-1",
    }
    client = kept(open_issuer, made)
    assert client.registration_token_hash == hash_secret(token)
    assert client.require_pkce
    assert client.scope_default == "none"


def test_a_client_that_names_no_method_gets_a_secret_that_does_not_expire(
    open_issuer: Issuer,
) -> None:
    made = registered(open_issuer, MACHINE)
    assert made["token_endpoint_auth_method"] == "client_secret_basic"  # RFC 7591 §2
    assert made["client_secret_expires_at"] == 0
    client = KnownClient(made["client_id"], made["client_secret"])
    assert open_issuer.token(client).status_code == 200
    assert made["client_secret"] not in repr(kept(open_issuer, made))


def test_a_registered_method_is_the_only_one(open_issuer: Issuer) -> None:
    made = registered(open_issuer, {**MACHINE, "token_endpoint_auth_method": "client_secret_post"})
    client = KnownClient(made["client_id"], made["client_secret"])
    assert_refused(open_issuer.token(client), 401, "invalid_client")
    form = {"client_id": client.id, "client_secret": made["client_secret"]}
    form["grant_type"] = "client_credentials"
    assert open_issuer.post("token", form).status_code == 200


@pytest.mark.parametrize("keys", [{"jwks": KEYS}, {"jwks_uri": "https://app.example/jwks"}])
def test_a_client_with_keys_gets_no_secret(open_issuer: Issuer, keys: dict[str, Any]) -> None:
    document = {**MACHINE, "token_endpoint_auth_method": "private_key_jwt", **keys}
    made = registered(open_issuer, document)
    assert "client_secret" not in made
    assert "client_secret_expires_at" not in made
    assert made | keys == made
    assert kept(open_issuer, made).secrets == ()


@pytest.mark.parametrize(
    ("document", "type"),
    [
        (PUBLIC, "pkce"),
        ({"redirect_uris": [APP]}, "authorization_code"),
        (MACHINE, "client_credentials"),
        (
            {
                "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
                "response_types": [],
                "token_endpoint_auth_method": "none",
            },
            "device",
        ),
    ],
)
def test_the_type_follows_from_grant_types_and_method(
    open_issuer: Issuer, document: dict[str, Any], type: str
) -> None:
    assert kept(open_issuer, registered(open_issuer, document)).type == type


def test_everything_that_is_known_is_registered_and_answered(open_issuer: Issuer) -> None:
    document = {
        **PUBLIC,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "Editor",
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "RS256",
        "request_object_signing_alg": "ES256",
        "require_signed_request_object": True,
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": True,
        "default_max_age": 0,
        "require_auth_time": True,
        "post_logout_redirect_uris": ["https://app.example/out"],
        "backchannel_logout_uri": "https://app.example/logout",
        "backchannel_logout_session_required": True,
        "client_uri": "https://app.example",
        "logo_uri": "https://app.example/logo.png",
        "tos_uri": "https://app.example/tos",
        "policy_uri": "https://app.example/policy",
        "contacts": ["ann@example.com"],
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.0",
        "jwks": KEYS,
    }
    made = registered(open_issuer, document)
    assert made | document == made


def test_what_is_unknown_or_not_offered_is_left_out_and_the_answer_says_so(
    open_issuer: Issuer,
) -> None:
    document = {
        **PUBLIC,
        "grant_types": ["authorization_code", "implicit", "password"],
        "response_types": ["code", "token"],
        "client_name#ja": "\u7de8\u96c6",
        "scope": "openid",
        "example_extension": {"a": [1]},
    }
    made = registered(open_issuer, document)
    assert made["grant_types"] == ["authorization_code"]
    assert made["response_types"] == ["code"]
    assert not {"client_name#ja", "scope", "example_extension"} & set(made)


def test_null_counts_as_left_out(open_issuer: Issuer) -> None:
    made = registered(open_issuer, {**PUBLIC, "client_name": None, "jwks": None, "contacts": None})
    assert made["client_name"] == made["client_id"]
    assert "jwks" not in made


def test_a_client_that_registered_itself_holds_nothing(open_issuer: Issuer) -> None:
    made = registered(open_issuer, MACHINE)
    client = KnownClient(made["client_id"], made["client_secret"])
    assert open_issuer.token(client).json()["scope"] == ""
    open_issuer.define("sensor:read")
    assert_refused(open_issuer.token(client, scope="sensor:read"), 400, "invalid_scope")


def test_a_registration_is_written_down_without_its_secrets(open_issuer: Issuer) -> None:
    made = registered(open_issuer, MACHINE)
    with open_issuer.database.read() as tx:
        [event] = audit.page(tx, open_issuer.id, window=Window()).items
    assert (event.operation, event.via) == ("clients:create", "registration")
    assert event.actor == event.target == made["client_id"]
    assert made["client_secret"] not in str(event)
    assert made["registration_access_token"] not in str(event)


# --- who may ------------------------------------------------------------------------------------


def test_where_registration_is_closed_there_is_no_such_endpoint(site: Site) -> None:
    issuer = Issuer.new(site, policy=WorkspacePolicy(client_registration="closed"))
    assert_refused(register(issuer, PUBLIC), 404, "invalid_request")
    assert_refused(register(issuer, PUBLIC, initial_token(issuer)), 404, "invalid_request")
    metadata = issuer.http.get(f"{issuer.issuer}/.well-known/openid-configuration").json()
    assert "registration_endpoint" not in metadata


@pytest.mark.parametrize("policy", ["token", "open"])
def test_the_metadata_name_the_endpoint_where_there_is_one(site: Site, policy: str) -> None:
    issuer = Issuer.new(site, policy=WorkspacePolicy(client_registration=policy))
    metadata = issuer.http.get(f"{issuer.issuer}/.well-known/oauth-authorization-server").json()
    assert metadata["registration_endpoint"] == f"{issuer.issuer}/register"


def test_an_initial_access_token_lets_clients_register_by_default(issuer: Issuer) -> None:
    token = initial_token(issuer)
    assert register(issuer, PUBLIC, token).status_code == 201
    assert register(issuer, PUBLIC, token).status_code == 201


def test_without_a_good_initial_access_token_nobody_registers(
    issuer: Issuer, stranger: Issuer
) -> None:
    expired = initial_token(issuer, expires_at=issuer.clock())
    for token in (None, "wrong", expired, initial_token(stranger)):
        assert_refused(register(issuer, PUBLIC, token), 401, "invalid_token")
    assert "error" not in register(issuer, PUBLIC).headers["www-authenticate"]


def test_a_wrong_token_is_refused_even_where_none_is_needed(open_issuer: Issuer) -> None:
    assert_refused(register(open_issuer, PUBLIC, "wrong"), 401, "invalid_token")


def test_a_token_is_worth_nothing_once_whoever_made_it_is_gone(issuer: Issuer) -> None:
    ann, bob = issuer.person(email="ann@a.example"), issuer.person(email="bob@a.example")
    by_ann, by_bob = (initial_token(issuer, created_by=person) for person in (ann, bob))
    assert register(issuer, PUBLIC, by_ann).status_code == 201
    issuer.remove_person(ann)
    issuer.disable(bob)
    assert_refused(register(issuer, PUBLIC, by_ann), 401, "invalid_token")
    assert_refused(register(issuer, PUBLIC, by_bob), 401, "invalid_token")


def test_who_registers_without_a_token_does_so_only_so_often(open_issuer: Issuer) -> None:
    for _ in range(MOST_OF_A_SOURCE):
        registered(open_issuer, PUBLIC)
    refused = register(open_issuer, PUBLIC)
    assert_refused(refused, 429, "slow_down")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert register(open_issuer, PUBLIC, initial_token(open_issuer)).status_code == 201
    open_issuer.clock.advance(hours=1)
    registered(open_issuer, PUBLIC)


def test_who_registers_from_one_network_counts_as_one_source(stage: Stage) -> None:
    stage.policy(client_registration="open")

    def status(address: str) -> int:
        browser = stage.browser(address)
        return browser.ask("POST", f"{stage.issuer}/register", json=PUBLIC).status_code

    of_one_network = [status(f"2001:db8:5:5::{number:x}") for number in range(MOST_OF_A_SOURCE)]
    assert set(of_one_network) == {201}
    assert [status("2001:db8:5:5:ffff::1"), status("2001:db8:5:6::1")] == [429, 201]


# --- what is refused ----------------------------------------------------------------------------

REFUSED_REDIRECTS: list[Any] = [
    ["http://app.example/callback"],
    ["https://app.example/callback#fragment"],
    ["https://user@app.example/callback"],
    ["https://*.app.example/callback"],
    ["javascript:alert(1)"],
    ["data:text/html,x"],
    ["app:/callback"],
    [APP, APP],
    [""],
    [f"{APP}/{n}" for n in range(21)],
    [],
    "https://app.example/callback",
    [1],
    {"a": APP},
]


@pytest.mark.parametrize("uris", REFUSED_REDIRECTS, ids=str)
def test_redirect_uris_that_could_be_anybodys_are_refused(open_issuer: Issuer, uris: Any) -> None:
    answer = register(open_issuer, {**PUBLIC, "redirect_uris": uris})
    assert_refused(answer, 400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1/callback", "http://[::1]:8080/", "com.example.app:/callback"]
)
def test_redirect_uris_of_native_apps_are_registered(open_issuer: Issuer, uri: str) -> None:
    assert registered(open_issuer, {**PUBLIC, "redirect_uris": [uri]})["redirect_uris"] == [uri]


PRIVATE = {"keys": [{**PUBLIC_KEY, "d": "secret"}]}
BY_KEYS = {**MACHINE, "token_endpoint_auth_method": "private_key_jwt"}
BY_TLS = {**MACHINE, "token_endpoint_auth_method": "tls_client_auth"}
REFUSED_METADATA: list[dict[str, Any]] = [
    {**PUBLIC, "grant_types": ["implicit"]},
    {**PUBLIC, "grant_types": ["client_credentials"], "redirect_uris": []},
    {**PUBLIC, "grant_types": ["refresh_token"]},
    {**PUBLIC, "grant_types": "authorization_code"},
    {**PUBLIC, "grant_types": [["authorization_code"]]},
    {**PUBLIC, "response_types": ["token"]},
    {**MACHINE, "response_types": ["code"]},
    {**PUBLIC, "token_endpoint_auth_method": "client_secret_jwt"},
    {**PUBLIC, "token_endpoint_auth_method": ["none"]},
    {**PUBLIC, "client_name": "two\nlines"},
    {**PUBLIC, "client_name": "x" * 129},
    {**PUBLIC, "client_name": "\x00"},
    {**PUBLIC, "client_name": 7},
    {**PUBLIC, "client_uri": "javascript:alert(1)"},
    {**PUBLIC, "logo_uri": "data:image/png;base64,AA=="},
    {**PUBLIC, "tos_uri": "https://user@app.example/"},
    {**PUBLIC, "contacts": "ann@example.com"},
    {**PUBLIC, "contacts": ["x"] * 21},
    {**PUBLIC, "subject_type": "pairwise"},
    {**PUBLIC, "id_token_signed_response_alg": "none"},
    {**PUBLIC, "id_token_signed_response_alg": "HS256"},
    {**PUBLIC, "request_object_signing_alg": "none"},
    {**PUBLIC, "default_max_age": -1},
    {**PUBLIC, "default_max_age": True},
    {**PUBLIC, "default_max_age": 10**30},
    {**PUBLIC, "require_auth_time": "true"},
    {**PUBLIC, "post_logout_redirect_uris": ["https://*.example/"]},
    {**PUBLIC, "backchannel_logout_uri": "http://app.example/logout"},
    {**PUBLIC, "jwks": {"keys": []}},
    {**PUBLIC, "jwks": []},
    {**PUBLIC, "jwks": {"keys": [PUBLIC_KEY] * 21}},
    {**PUBLIC, "jwks": {"keys": [{**PUBLIC_KEY, "x": {"deep": []}}]}},
    {**PUBLIC, "jwks_uri": "http://app.example/jwks"},
    BY_KEYS,
    {**BY_KEYS, "jwks": KEYS, "jwks_uri": "https://app.example/jwks"},
    {**BY_KEYS, "jwks": PRIVATE},
    {**BY_KEYS, "jwks": {"keys": [{"kty": "oct", "k": "secret"}]}},
    {**BY_KEYS, "jwks": KEYS, "token_endpoint_auth_signing_alg": "HS256"},
    BY_TLS,
    {**BY_TLS, "tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a.example"},
    {**PUBLIC, "tls_client_auth_san_dns": "a.example"},
    {**MACHINE, "redirect_uris": [7]},
]


@pytest.mark.parametrize("document", REFUSED_METADATA, ids=str)
def test_metadata_that_cannot_be_kept_are_refused_and_nothing_is_written(
    open_issuer: Issuer, document: dict[str, Any]
) -> None:
    answer = register(open_issuer, document)
    code = "invalid_redirect_uri" if document.get("redirect_uris") == [7] else None
    assert_refused(answer, 400, code or "invalid_client_metadata")
    with open_issuer.database.read() as tx:
        assert clients.page(tx, open_issuer.id, window=Window()).items == ()
        assert audit.page(tx, open_issuer.id, window=Window()).items == ()


@pytest.mark.parametrize(
    "document",
    [
        {**BY_TLS, "tls_client_auth_subject_dn": "CN=a"},
        {**MACHINE, "token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": KEYS},
    ],
    ids=["tls", "self-signed"],
)
def test_a_method_that_this_server_does_not_have_is_refused(
    open_issuer: Issuer, document: dict[str, Any]
) -> None:
    metadata = open_issuer.http.get(f"{open_issuer.issuer}/.well-known/openid-configuration").json()
    method = document["token_endpoint_auth_method"]
    assert method not in metadata["token_endpoint_auth_methods_supported"]
    assert_refused(register(open_issuer, document), 400, "invalid_client_metadata")


def test_under_a_security_profile_only_its_methods_register(site: Site) -> None:
    policy = WorkspacePolicy(client_registration="open", security_profile="fapi2")
    issuer = Issuer.new(site, policy=policy)
    for document in (PUBLIC, MACHINE):
        assert_refused(register(issuer, document), 400, "invalid_client_metadata")
    assert register(issuer, {**BY_KEYS, "jwks": KEYS}).status_code == 201


def test_software_statements_are_not_approved(open_issuer: Issuer) -> None:
    answer = register(open_issuer, {**PUBLIC, "software_statement": "eyJ.e30."})
    assert_refused(answer, 400, "unapproved_software_statement")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"a":1,"a":2}', b"\xff", b"[" * 1000, b'{"a":NaN}'],
)
def test_what_is_no_json_object_is_refused(open_issuer: Issuer, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = open_issuer.http.post(f"{open_issuer.issuer}/register", content=body, headers=headers)
    assert_refused(answer, 400, "invalid_client_metadata")


def test_another_media_type_is_refused(open_issuer: Issuer) -> None:
    answer = open_issuer.http.post(f"{open_issuer.issuer}/register", data={"client_name": "x"})
    assert_refused(answer, 400, "invalid_client_metadata")


def test_an_issuer_that_is_not_there_registers_nobody(issuer: Issuer) -> None:
    for name in ("0" * 36, "nowhere", "%00"):
        answer = issuer.http.post(f"{issuer.site.url}/w/{name}/register", json=PUBLIC)
        assert answer.status_code in (400, 404), name


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_the_collection_takes_post_alone(open_issuer: Issuer, method: str) -> None:
    answer = open_issuer.http.request(method, f"{open_issuer.issuer}/register")
    assert_refused(answer, 405, "invalid_request")
    assert answer.headers["allow"] == "POST"


def test_scripts_of_other_sites_may_register(open_issuer: Issuer) -> None:
    headers = {
        "origin": "https://inspector.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    asked = open_issuer.http.options(f"{open_issuer.issuer}/register", headers=headers)
    assert asked.status_code == 204
    assert "POST" in asked.headers["access-control-allow-methods"]


def test_deleting_the_workspaces_client_forgets_its_registration(open_issuer: Issuer) -> None:
    made = registered(open_issuer, PUBLIC)
    open_issuer.delete_client(KnownClient(made["client_id"]))
    with open_issuer.database.read() as tx:
        assert principals.get(tx, made["client_id"]) is None
    answer = open_issuer.http.get(
        made["registration_client_uri"], headers=bearer(made["registration_access_token"])
    )
    assert_refused(answer, 401, "invalid_token")
