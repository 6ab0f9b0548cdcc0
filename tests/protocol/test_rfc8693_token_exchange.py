"""RFC 8693: a token for one that is less, that says who acts, and that ends with the first."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from scopewright.core.model import ChangeKind, ClientType, TokenOverrides, WorkspacePolicy
from scopewright.core.oauth import GRANTS_OF_TYPE, TOKEN_EXCHANGE
from scopewright.core.token_exchange import ACCESS_TOKEN, DEEPEST_CHAIN, JWT
from scopewright.core.trusted_issuers import Rule
from tests.outside import Outside
from tests.proofs import ProofKey
from tests.protocol.issuer import Answer, Issuer, KnownClient, Site, assert_refused, bearer

SENSORS, BILLING = "https://sensors.example/", "https://billing.example/"
MAY = GRANTS_OF_TYPE[ClientType.CLIENT_CREDENTIALS] | {TOKEN_EXCHANGE}


@pytest.fixture
def issuer(site: Site) -> Issuer:
    """A workspace with two resources, each of which knows some of the scopes."""
    resources = {SENSORS: ["sensor:read", "shared"], BILLING: ["bill:read", "shared"]}
    issuer = Issuer.new(site, policy=WorkspacePolicy(resources=resources))
    issuer.define("sensor:read", "bill:read", "shared")
    return issuer


@pytest.fixture
def service(issuer: Issuer) -> KnownClient:
    """A resource server that may exchange the tokens it is sent."""
    return issuer.machine(grant_types=MAY)


@pytest.fixture
def person(issuer: Issuer) -> str:
    return issuer.person("sensor:read", "bill:read", "shared")


@pytest.fixture
def token(issuer: Issuer, person: str) -> str:
    """A person's token, for everything that they hold."""
    return str(issuer.signed_in(issuer.phone_app(), person)["access_token"])


def exchanged(issuer: Issuer, client: KnownClient, token: str | None, **form: str) -> Answer:
    sent = {"grant_type": TOKEN_EXCHANGE, "subject_token_type": ACCESS_TOKEN, **form}
    if token is not None:
        sent["subject_token"] = token
    return issuer.post("token", {name: text for name, text in sent.items() if text}, client)


def good(answer: Answer) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def claims(issuer: Issuer, token: str) -> dict[str, Any]:
    """What a token says, its signature checked."""
    keys = KeySet.import_key_set(issuer.jwks())  # type: ignore[arg-type]
    return dict(jwt.decode(token, keys).claims)


# --- what the new token is -----------------------------------------------------------------------


def test_the_new_token_is_the_persons_and_says_that_the_service_acts(
    issuer: Issuer, service: KnownClient, person: str, token: str
) -> None:
    answer = good(exchanged(issuer, service, token))
    assert set(answer) == {
        "access_token", "issued_token_type", "token_type", "expires_in", "scope",
    }  # fmt: skip
    assert answer["issued_token_type"] == ACCESS_TOKEN
    assert answer["token_type"] == "Bearer"
    before, after = claims(issuer, token), claims(issuer, answer["access_token"])
    assert after["act"] == {"sub": service.id}
    assert after["client_id"] == service.id
    kept = ("sub", "aud", "scope", "sid", "user", "auth_time", "iss", "exp")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["jti"] != before["jti"]
    assert issuer.userinfo(answer["access_token"]).json()["sub"] == person


def test_scopes_are_narrowed_and_never_widened(
    issuer: Issuer, service: KnownClient, person: str
) -> None:
    narrow = str(issuer.signed_in(issuer.phone_app(), person, "sensor:read")["access_token"])
    assert good(exchanged(issuer, service, narrow))["scope"] == "sensor:read"
    refused = exchanged(issuer, service, narrow, scope="sensor:read bill:read")
    assert_refused(refused, 400, "invalid_scope")
    assert good(exchanged(issuer, service, narrow, scope="sensor:read"))["scope"] == "sensor:read"


def test_what_is_no_longer_held_is_not_given_on(
    issuer: Issuer, service: KnownClient, person: str, token: str
) -> None:
    issuer.revoke_grant(person, "bill:read")
    assert good(exchanged(issuer, service, token))["scope"] == "sensor:read shared"


def test_protocol_words_stay_with_the_client_that_signed_the_person_in(
    issuer: Issuer, service: KnownClient, person: str
) -> None:
    signed_in = issuer.signed_in(issuer.phone_app(), person, "openid email shared")
    answer = good(exchanged(issuer, service, signed_in["access_token"]))
    assert answer["scope"] == "shared"
    assert "id_token" not in answer
    refused = exchanged(issuer, service, signed_in["access_token"], scope="openid")
    assert_refused(refused, 400, "invalid_scope")


def test_the_new_token_ends_when_the_first_would_have(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    issuer.clock.advance(minutes=50)
    answer = good(exchanged(issuer, service, token))
    assert answer["expires_in"] == 600
    assert claims(issuer, answer["access_token"])["exp"] == claims(issuer, token)["exp"]


def test_a_service_with_shorter_tokens_gets_shorter_ones(issuer: Issuer, token: str) -> None:
    service = issuer.machine(grant_types=MAY, tokens=TokenOverrides(access_lifetime=60))
    assert good(exchanged(issuer, service, token))["expires_in"] == 60


def test_the_new_token_dies_with_the_persons_session(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    new = good(exchanged(issuer, service, token))["access_token"]
    assert issuer.is_active(service, new)
    issuer.end_session(claims(issuer, token)["sid"])
    assert not issuer.is_active(service, new)
    assert_refused(exchanged(issuer, service, token), 400, "invalid_request")


def test_the_new_token_dies_with_the_service_that_acts(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    new = good(exchanged(issuer, service, token))["access_token"]
    issuer.delete_client(service)
    assert not issuer.is_active(issuer.machine(), new)


def test_there_is_no_refresh_token(issuer: Issuer, service: KnownClient, token: str) -> None:
    asked = exchanged(
        issuer, service, token,
        requested_token_type="urn:ietf:params:oauth:token-type:refresh_token",
    )  # fmt: skip
    assert_refused(asked, 400, "invalid_request")


def test_a_clients_own_token_can_be_exchanged_too(issuer: Issuer, service: KnownClient) -> None:
    other = issuer.machine("shared")
    new = claims(
        issuer, good(exchanged(issuer, service, issuer.access_token(other)))["access_token"]
    )
    assert (new["sub"], new["client_id"], new["act"]) == (
        other.id, service.id, {"sub": service.id},
    )  # fmt: skip
    assert "sid" not in new


# --- who acts (§4.1, §4.4) -----------------------------------------------------------------------


def test_each_exchange_adds_one_actor_to_the_chain_and_it_ends_somewhere(
    issuer: Issuer, token: str
) -> None:
    services, act = [], None
    for _ in range(DEEPEST_CHAIN):
        service = issuer.machine(grant_types=MAY)
        token = good(exchanged(issuer, service, token))["access_token"]
        services.append(service.id)
        act = claims(issuer, token)["act"]
    for service_id in reversed(services):
        assert act is not None
        assert act["sub"] == service_id
        act = act.get("act")
    assert act is None
    last = issuer.machine(grant_types=MAY)
    assert_refused(exchanged(issuer, last, token), 400, "invalid_request")


def test_introspection_tells_who_acts(issuer: Issuer, service: KnownClient, token: str) -> None:
    new = good(exchanged(issuer, service, token))["access_token"]
    said = issuer.introspect(service, new)
    assert (said["client_id"], said["act"]) == (service.id, {"sub": service.id})


def test_an_actor_token_names_another_actor_and_bounds_the_time(
    issuer: Issuer, service: KnownClient, person: str
) -> None:
    may = GRANTS_OF_TYPE[ClientType.AUTHORIZATION_CODE] | {TOKEN_EXCHANGE}
    app = issuer.server_app(grant_types=may)
    operator = issuer.person("shared", email="op@example.com")
    actor = issuer.signed_in(app, operator)["access_token"]
    issuer.clock.advance(minutes=30)
    token = issuer.signed_in(issuer.phone_app(), person)["access_token"]
    given = {"actor_token": actor, "actor_token_type": ACCESS_TOKEN}
    answer = good(exchanged(issuer, app, token, **given))
    assert claims(issuer, answer["access_token"])["act"] == {"sub": operator}
    assert answer["expires_in"] == 1800
    assert_refused(exchanged(issuer, service, token, **given), 400, "invalid_request")


def test_an_actor_that_acts_for_somebody_else_cannot_act(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    acting = good(exchanged(issuer, service, token))["access_token"]
    refused = exchanged(issuer, service, token, actor_token=acting, actor_token_type=ACCESS_TOKEN)
    assert_refused(refused, 400, "invalid_request")


@pytest.mark.parametrize(
    "given",
    [
        {"actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        {"actor_token": "x"},
        {"actor_token_type": ACCESS_TOKEN},
        {"actor_token": "x", "actor_token_type": JWT},
    ],
    ids=str,
)
def test_an_actor_token_that_is_none_is_refused(
    issuer: Issuer, service: KnownClient, token: str, given: dict[str, str]
) -> None:
    assert_refused(exchanged(issuer, service, token, **given), 400, "invalid_request")


# --- for whom (§2.1, RFC 8707) -------------------------------------------------------------------


@pytest.mark.parametrize("parameter", ["resource", "audience"])
def test_the_new_token_may_be_for_a_resource_and_carries_what_that_knows(
    issuer: Issuer, service: KnownClient, token: str, parameter: str
) -> None:
    answer = good(exchanged(issuer, service, token, **{parameter: SENSORS}))
    assert claims(issuer, answer["access_token"])["aud"] == SENSORS
    assert answer["scope"] == "sensor:read shared"


def test_from_one_resource_to_the_next_only_what_both_know_is_left(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    here = good(exchanged(issuer, service, token, resource=SENSORS))["access_token"]
    there = good(exchanged(issuer, service, here, resource=BILLING))
    assert there["scope"] == "shared"
    assert claims(issuer, there["access_token"])["aud"] == BILLING
    same = good(exchanged(issuer, service, here))
    assert claims(issuer, same["access_token"])["aud"] == SENSORS


def test_a_token_for_a_resource_never_becomes_one_for_the_workspace(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    here = good(exchanged(issuer, service, token, resource=SENSORS))["access_token"]
    for own in (issuer.id, f"{issuer.issuer}/mcp"):
        for parameter in ("resource", "audience"):
            refused = exchanged(issuer, service, here, **{parameter: own})
            assert_refused(refused, 400, "invalid_target")
    mcp = exchanged(issuer, service, token, resource=f"{issuer.issuer}/mcp")
    assert_refused(mcp, 400, "invalid_target")


def test_an_audience_that_nobody_knows_is_refused(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    for parameter in ("resource", "audience"):
        refused = exchanged(issuer, service, token, **{parameter: "https://elsewhere.example/"})
        assert_refused(refused, 400, "invalid_target")


def test_a_token_for_a_resource_does_not_open_the_management_api(
    issuer: Issuer, service: KnownClient
) -> None:
    machine = issuer.machine("iotman:scopes:read", "shared")
    token = issuer.access_token(machine)
    assert issuer.scopes_page(token).status_code == 200
    here = good(exchanged(issuer, service, token, resource=SENSORS))
    assert here["scope"] == "shared"
    assert issuer.scopes_page(here["access_token"]).status_code == 401


# --- tokens bound to a key (RFC 9449) ------------------------------------------------------------


def proven(issuer: Issuer, key: ProofKey) -> dict[str, str]:
    """The header that shows a key at the token endpoint."""
    at = issuer.clock().timestamp()
    return {"dpop": key.proof("POST", f"{issuer.issuer}/token", at=at)}


def test_a_bound_token_is_exchanged_only_by_who_holds_its_key_and_stays_bound(
    issuer: Issuer, service: KnownClient
) -> None:
    key, machine = ProofKey(), issuer.machine("shared")
    form = {"grant_type": "client_credentials"}
    bound = good(issuer.post("token", form, machine, headers=proven(issuer, key)))["access_token"]
    assert_refused(exchanged(issuer, service, bound), 400, "invalid_request")
    form = {
        "grant_type": TOKEN_EXCHANGE, "subject_token_type": ACCESS_TOKEN, "subject_token": bound,
    }  # fmt: skip
    foreign = issuer.post("token", form, service, headers=proven(issuer, ProofKey()))
    assert_refused(foreign, 400, "invalid_request")
    answer = good(issuer.post("token", form, service, headers=proven(issuer, key)))
    assert answer["token_type"] == "DPoP"
    assert claims(issuer, answer["access_token"])["cnf"] == {"jkt": key.jkt}


def test_a_service_may_bind_what_it_gets_to_its_own_key(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    key = ProofKey()
    form = {
        "grant_type": TOKEN_EXCHANGE, "subject_token_type": ACCESS_TOKEN, "subject_token": token,
    }  # fmt: skip
    answer = good(issuer.post("token", form, service, headers=proven(issuer, key)))
    assert claims(issuer, answer["access_token"])["cnf"] == {"jkt": key.jkt}


# --- who may exchange, and what ------------------------------------------------------------------


def test_a_client_must_have_been_told_that_it_may(issuer: Issuer, token: str) -> None:
    assert_refused(exchanged(issuer, issuer.machine(), token), 400, "unauthorized_client")
    assert_refused(exchanged(issuer, issuer.phone_app(), token), 400, "unauthorized_client")
    impostor = KnownClient(issuer.machine(grant_types=MAY).id, "sws_wrong")
    assert_refused(exchanged(issuer, impostor, token), 401, "invalid_client")


@pytest.mark.parametrize(
    "form",
    [
        {"subject_token_type": ""},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token_type": "access_token"},
        {"requested_token_type": JWT},
        {"subject_token_type": JWT},
    ],
    ids=str,
)
def test_other_types_of_token_are_refused(
    issuer: Issuer, service: KnownClient, token: str, form: dict[str, str]
) -> None:
    assert_refused(exchanged(issuer, service, token, **form), 400, "invalid_request")


def test_what_is_no_live_token_of_this_workspace_is_refused(
    issuer: Issuer, stranger: Issuer, service: KnownClient, person: str, token: str
) -> None:
    phone = issuer.phone_app()
    tokens = issuer.signed_in(phone, person, "openid shared")
    revoked = tokens["access_token"]
    issuer.revoke(phone, revoked)
    elsewhere = stranger.signed_in(stranger.phone_app(), stranger.person("shared"))
    for wrong in (
        None, "x", "x.y.z", revoked, tokens["refresh_token"], tokens["id_token"],
        issuer.api_key(person), elsewhere["access_token"], token[:-4],
    ):  # fmt: skip
        assert_refused(exchanged(issuer, service, wrong), 400, "invalid_request")
    issuer.clock.advance(hours=1)
    assert_refused(exchanged(issuer, service, token), 400, "invalid_request")


def test_a_disabled_persons_token_is_worth_nothing(
    issuer: Issuer, service: KnownClient, person: str, token: str
) -> None:
    issuer.disable(person)
    assert_refused(exchanged(issuer, service, token), 400, "invalid_request")


def test_what_was_issued_to_a_client_before_all_of_it_was_revoked_stays_refused(
    issuer: Issuer, service: KnownClient, token: str
) -> None:
    asker, before = issuer.machine(), good(exchanged(issuer, service, token))["access_token"]
    assert issuer.is_active(asker, before)
    issuer.clock.advance(seconds=2)
    with issuer.database.write() as tx:
        issuer.touch(tx, ChangeKind.CLIENT, service.id)
    issuer.clock.advance(seconds=2)
    assert not issuer.is_active(asker, before)
    assert issuer.is_active(asker, good(exchanged(issuer, service, token))["access_token"])


# --- assertions of trusted issuers (§3) ----------------------------------------------------------


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    """A client that a trusted outside issuer speaks for."""
    machine = issuer.machine("shared")
    issuer.trust(Outside(), Rule({"repository": "acme/site"}, machine.id))
    return machine


def test_an_assertion_is_exchanged_for_its_clients_token_and_lives_no_longer(
    issuer: Issuer, service: KnownClient, machine: KnownClient
) -> None:
    assertion = Outside().assertion(issuer.issuer, issuer.clock())
    answer = good(exchanged(issuer, service, assertion, subject_token_type=JWT))
    assert answer["scope"] == "shared"
    assert answer["expires_in"] == 300
    new = claims(issuer, answer["access_token"])
    assert (new["sub"], new["act"]) == (machine.id, {"sub": service.id})
    again = exchanged(issuer, service, assertion, subject_token_type=JWT)
    assert_refused(again, 400, "invalid_request")


@pytest.mark.parametrize("may_act", [{"sub": "somebody"}, {}, "anybody", ["x"]])
def test_an_assertion_may_say_who_alone_may_act(
    issuer: Issuer, service: KnownClient, machine: KnownClient, may_act: Any
) -> None:
    def asked(who: Any) -> Answer:
        assertion = Outside().assertion(issuer.issuer, issuer.clock(), may_act=who)
        return exchanged(issuer, service, assertion, subject_token_type=JWT)

    assert_refused(asked(may_act), 400, "invalid_request")
    assert asked({"sub": service.id}).status_code == 200


def test_an_assertion_bound_to_a_key_stays_with_it(
    issuer: Issuer, service: KnownClient, machine: KnownClient
) -> None:
    assertion = Outside().assertion(issuer.issuer, issuer.clock(), cnf={"jkt": "thumbprint"})
    refused = exchanged(issuer, service, assertion, subject_token_type=JWT)
    assert_refused(refused, 400, "invalid_request")


def test_the_exchanged_token_is_a_token_like_any_other(
    issuer: Issuer, service: KnownClient
) -> None:
    machine = issuer.machine("iotman:scopes:read")
    new = good(exchanged(issuer, service, issuer.access_token(machine)))["access_token"]
    assert issuer.scopes_page(new).status_code == 200
    whoami = issuer.http.get("/api/whoami", headers=bearer(new)).json()
    assert whoami["principal"]["id"] == machine.id
