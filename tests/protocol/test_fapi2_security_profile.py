"""FAPI 2.0 Security Profile: a workspace that takes nothing looser; each rule, by breaking it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from scopewright.core.model import Client, ClientType, TokenOverrides
from scopewright.core.oauth import GRANT_TYPES
from scopewright.core.registration import ClientRegistration
from scopewright.core.security_profile import FAPI2
from scopewright.guard.jws import unverified
from tests.client_keys import ClientKey
from tests.people import CALLBACK, VERIFIER, Stage, answer_of
from tests.protocol.issuer import assert_refused

ANN = "ann@example.com"
Fields = dict[str, Any]


@dataclass(frozen=True)
class Bank:
    """A client that does everything as the profile wants it, unless a test says otherwise."""

    stage: Stage
    key: ClientKey
    client: Client

    @classmethod
    def on(cls, stage: Stage, **changed: Any) -> Bank:
        """Of a workspace with the profile switched on, in which Ann may read a sensor."""
        stage.person(ANN, "sensor:read", "iotman:scopes:read")
        stage.policy(security_profile="fapi2")
        key = ClientKey(stage.clock(), changed.pop("algorithm", "ES256"))
        said = {"token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks}
        registration = ClientRegistration(**{**said, **changed.pop("registration", {})})
        fields = {"type": ClientType.AUTHORIZATION_CODE, "registration": registration, **changed}
        return cls(stage, key, stage.client(**fields))

    def assertion(self, **said: Any) -> dict[str, str]:
        return self.key.assertion(self.client.id, self.stage.issuer, **said)

    def post(self, path: str, form: Fields, *, key: ClientKey | None = None) -> httpx.Response:
        """A form with a proof, once more with the nonce that the first answer asks for."""
        url, key = f"{self.stage.issuer}/{path}", key or self.key
        browser = self.stage.browser()
        first = browser.ask("POST", url, data=form, headers={"dpop": key.proof("POST", url)})
        if first.status_code != 400 or first.json()["error"] != "use_dpop_nonce":
            return first
        proof = key.proof("POST", url, nonce=first.headers["dpop-nonce"])
        renewed = {**form, **(self.assertion() if "client_assertion" in form else {})}
        return browser.ask("POST", url, data=renewed, headers={"dpop": proof})

    def push(self, **replaced: str | None) -> httpx.Response:
        return self.stage.push({**self.stage.sent(**replaced), **self.assertion()})

    def authorize(self, request_uri: str) -> str:
        url = httpx.URL(f"{self.stage.issuer}/authorize")
        return str(url.copy_merge_params({"client_id": self.client.id, "request_uri": request_uri}))

    def code(self, **replaced: str | None) -> dict[str, str]:
        pushed = self.push(**replaced)
        assert pushed.status_code == 201, pushed.text
        browser = self.stage.signed_in(ANN)
        page = browser.get(self.authorize(pushed.json()["request_uri"]))
        return answer_of(page if page.has_redirect_location else browser.submit(page))

    def redeem(self, code: str, **replaced: str) -> Fields:
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **self.assertion(),
            **replaced,
        }

    def tokens(self, **replaced: str | None) -> dict[str, Any]:
        answer = self.post("token", self.redeem(self.code(**replaced)["code"]))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, refresh_token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post("token", {**form, **self.assertion()})


@pytest.fixture
def bank(stage: Stage) -> Bank:
    return Bank.on(stage)


def discovered(stage: Stage) -> dict[str, Any]:
    url = f"{stage.issuer}/.well-known/openid-configuration"
    return dict(stage.browser().ask("GET", url).json())


# --- as it should be ----------------------------------------------------------------------------


def test_a_client_that_keeps_every_rule_gets_a_bound_token(stage: Stage, bank: Bank) -> None:
    answer = bank.code(scope="openid sensor:read")
    assert answer["iss"] == stage.issuer
    token = bank.post("token", bank.redeem(answer["code"])).json()
    header, said = unverified(token["access_token"])
    assert token["token_type"] == "DPoP"
    assert said["cnf"] == {"jkt": bank.key.jkt}
    assert header["alg"] == "ES256"
    assert unverified(token["id_token"])[0]["alg"] == "ES256"


@pytest.mark.parametrize("algorithm", ["PS256", "Ed25519"])
def test_the_other_algorithms_of_the_profile_are_as_good(stage: Stage, algorithm: str) -> None:
    assert Bank.on(stage, algorithm=algorithm).push().status_code == 201


def test_a_client_for_itself_gets_a_bound_token(stage: Stage) -> None:
    itself: Fields = {"type": ClientType.CLIENT_CREDENTIALS, "redirect_uris": ()}
    machine = Bank.on(stage, grant_types=frozenset({"client_credentials"}), **itself)
    form = {"grant_type": "client_credentials", **machine.assertion()}
    assert machine.post("token", form).json()["token_type"] == "DPoP"
    unbound = {"grant_type": "client_credentials", **machine.assertion()}
    url = f"{stage.issuer}/token"
    assert_refused(stage.browser().ask("POST", url, data=unbound), 400, "invalid_request")


# --- clients (§5.3.2.1) -------------------------------------------------------------------------


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post"])
def test_a_secret_is_no_proof(stage: Stage, bank: Bank, method: str | None) -> None:
    registration = ClientRegistration(token_endpoint_auth_method=method)
    client = stage.confidential("s3cret", registration=registration)
    in_form = {"client_id": client.id, "client_secret": "s3cret"}
    for form, auth in (({}, (client.id, "s3cret")), (in_form, None)):
        options = {} if auth is None else {"auth": auth}
        for path in ("par", "token", "introspect", "revoke"):
            sent = {**stage.sent(), "grant_type": "refresh_token", "token": "x", **form}
            url = f"{stage.issuer}/{path}"
            answer = stage.browser().ask("POST", url, data=sent, **options)
            assert_refused(answer, 401, "invalid_client")


def test_a_public_client_is_refused(stage: Stage, bank: Bank) -> None:
    phone = stage.client()
    answer = stage.push({**stage.sent(), "client_id": phone.id})
    assert_refused(answer, 401, "invalid_client")
    tokens = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": phone.id}
    refused = stage.browser().ask("POST", f"{stage.issuer}/token", data=tokens)
    assert_refused(refused, 401, "invalid_client")


def test_an_assertion_signed_with_rs256_is_refused(stage: Stage) -> None:
    assert_refused(Bank.on(stage, algorithm="RS256").push(), 401, "invalid_client")


def test_an_assertion_names_the_issuer_and_no_endpoint(stage: Stage, bank: Bank) -> None:
    for audience in (f"{stage.issuer}/par", f"{stage.issuer}/token"):
        form = {**stage.sent(), **bank.assertion(aud=audience)}
        assert_refused(stage.push(form), 401, "invalid_client")


@pytest.mark.parametrize(("ahead", "status"), [(10, 201), (61, 401)])
def test_a_clock_may_run_ahead_by_seconds(
    stage: Stage, bank: Bank, ahead: int, status: int
) -> None:
    said = bank.assertion(iat=bank.key.moment + ahead, nbf=bank.key.moment + ahead)
    assert stage.push({**stage.sent(), **said}).status_code == status


# --- requests (§5.3.2.2) ------------------------------------------------------------------------


def test_a_request_by_the_browser_is_refused(stage: Stage, bank: Bank) -> None:
    refused = answer_of(stage.browser().ask("GET", stage.authorize_url(bank.client)))
    assert refused["error"] == "invalid_request"
    assert refused["iss"] == stage.issuer
    signed = bank.key.request_object(bank.client.id, stage.issuer, **stage.sent())
    parameters = {"client_id": bank.client.id, "request": signed}
    url = f"{stage.issuer}/authorize"
    answer = stage.browser().ask("GET", url, params=parameters)
    assert answer_of(answer)["error"] == "invalid_request"


def test_a_name_lives_less_than_ten_minutes_and_counts_once(stage: Stage, bank: Bank) -> None:
    pushed = bank.push().json()
    assert pushed["expires_in"] < 600
    address = bank.authorize(pushed["request_uri"])
    assert stage.browser().ask("GET", address).status_code == 303
    assert stage.browser().ask("GET", address).status_code == 400


@pytest.mark.parametrize(
    "replaced",
    [
        {"redirect_uri": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"redirect_uri": "https://app.example/other"},
    ],
)
def test_a_request_that_leaves_a_guard_out_is_refused(
    stage: Stage, replaced: dict[str, str | None]
) -> None:
    bank = Bank.on(stage, require_pkce=False)
    assert bank.push(**replaced).status_code == 400


@pytest.mark.parametrize(
    "redirect_uri",
    ["http://127.0.0.1/callback", "http://localhost/cb", "com.example.app:/callback"],
)
def test_a_redirect_uri_is_https(stage: Stage, redirect_uri: str) -> None:
    bank = Bank.on(stage, redirect_uris=(redirect_uri,))
    answer = bank.push(redirect_uri=redirect_uri)
    assert_refused(answer, 400, "invalid_request")
    assert "https" in answer.json()["error_description"]


def test_a_request_object_within_is_signed_by_the_profile_too(stage: Stage) -> None:
    es, rs = ClientKey(stage.clock()), ClientKey(stage.clock(), "RS256")
    both = {"keys": [es.public, rs.public]}
    bank = replace(Bank.on(stage, registration={"jwks": both}), key=es)
    for key, status in ((es, 201), (rs, 400)):
        signed = key.request_object(bank.client.id, stage.issuer, **stage.sent())
        assert stage.push({"request": signed, **bank.assertion()}).status_code == status


# --- codes and tokens ---------------------------------------------------------------------------


def test_a_code_lives_a_minute_and_counts_once(stage: Stage, bank: Bank) -> None:
    used, late = bank.code()["code"], bank.code()["code"]
    assert bank.post("token", bank.redeem(used)).status_code == 200
    assert_refused(bank.post("token", bank.redeem(used)), 400, "invalid_grant")
    stage.clock.advance(seconds=60)
    later = replace(bank, key=bank.key.later(stage.clock()))
    assert_refused(later.post("token", later.redeem(late)), 400, "invalid_grant")


def test_a_token_that_is_bound_to_nothing_is_not_made(stage: Stage, bank: Bank) -> None:
    url, code = f"{stage.issuer}/token", bank.code()["code"]
    unbound = stage.browser().ask("POST", url, data=bank.redeem(code))
    assert_refused(unbound, 400, "invalid_request")
    assert bank.post("token", bank.redeem(code)).status_code == 200


def test_a_code_can_be_bound_to_a_key_at_the_push(stage: Stage, bank: Bank) -> None:
    code = bank.code(dpop_jkt=bank.key.jkt)["code"]
    stolen = ClientKey(stage.clock())
    assert_refused(bank.post("token", bank.redeem(code), key=stolen), 400, "invalid_grant")
    assert bank.post("token", bank.redeem(code)).status_code == 200


def test_a_refresh_token_stays_and_works_again(stage: Stage, bank: Bank) -> None:
    first = bank.tokens()
    for _ in range(3):
        again = bank.refresh(first["refresh_token"])
        assert again.status_code == 200, again.text
        assert again.json()["refresh_token"] == first["refresh_token"]
        stage.clock.advance(seconds=30)
        bank = replace(bank, key=bank.key.later(stage.clock()))


def test_a_refresh_token_that_was_rotated_before_stays_used(stage: Stage, bank: Bank) -> None:
    stage.policy(security_profile="default")
    tokens = bank.tokens()
    successor = bank.refresh(tokens["refresh_token"]).json()["refresh_token"]
    assert successor != tokens["refresh_token"]
    stage.policy(security_profile="fapi2")
    assert bank.refresh(successor).json()["refresh_token"] == successor
    stage.clock.advance(minutes=1)
    later = replace(bank, key=bank.key.later(stage.clock()))
    assert_refused(later.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    assert_refused(later.refresh(successor), 400, "invalid_grant")


def test_a_bearer_token_of_earlier_days_opens_nothing_any_more(stage: Stage) -> None:
    stage.person(ANN, "iotman:scopes:read")
    phone, browser = stage.client(), stage.signed_in(ANN)
    code = answer_of(browser.submit(browser.get(stage.authorize_url(phone))))["code"]
    headers = {"authorization": f"Bearer {stage.exchange(phone, code).json()['access_token']}"}
    address = f"{stage.origin}/api/workspaces/{stage.workspace.id}/scopes"
    assert browser.ask("GET", address, headers=headers).status_code == 200
    stage.policy(security_profile="fapi2")
    assert browser.ask("GET", address, headers=headers).status_code == 401


def test_nothing_is_signed_with_rs256(stage: Stage) -> None:
    registration = {
        "userinfo_signed_response_alg": "RS256",
        "id_token_signed_response_alg": "RS256",
    }
    bank = Bank.on(
        stage, registration=registration, tokens=TokenOverrides(signing_algorithm="RS256")
    )
    tokens = bank.tokens(scope="openid sensor:read")
    for token in (tokens["access_token"], tokens["id_token"]):
        assert unverified(token)[0]["alg"] == "ES256"
    url = f"{stage.issuer}/userinfo"
    proof = bank.key.proof("GET", url, token=tokens["access_token"])
    headers = {"authorization": f"DPoP {tokens['access_token']}", "dpop": proof}
    first = stage.browser().ask("GET", url, headers=headers)
    nonce = first.headers["dpop-nonce"]
    headers["dpop"] = bank.key.proof("GET", url, token=tokens["access_token"], nonce=nonce)
    answer = stage.browser().ask("GET", url, headers=headers)
    assert answer.status_code == 200, answer.text
    assert unverified(answer.text)[0]["alg"] == "ES256"


@pytest.mark.parametrize("grant_type", sorted(GRANT_TYPES - (FAPI2.grant_types or frozenset())))
def test_other_ways_to_a_token_are_left_out(stage: Stage, grant_type: str) -> None:
    bank = Bank.on(stage, grant_types=frozenset(GRANT_TYPES))
    answer = bank.post("token", {"grant_type": grant_type, **bank.assertion()})
    assert_refused(answer, 400, "unsupported_grant_type")


def test_a_device_gets_no_codes(stage: Stage) -> None:
    bank = Bank.on(stage, grant_types=frozenset(GRANT_TYPES))
    url = f"{stage.issuer}/device_authorization"
    answer = stage.browser().ask("POST", url, data=bank.assertion())
    assert_refused(answer, 400, "unsupported_grant_type")


# --- what discovery says ------------------------------------------------------------------------


def test_discovery_says_exactly_what_is_left(stage: Stage, bank: Bank) -> None:
    document = discovered(stage)
    proven_by_key = {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}
    for endpoint in ("token", "introspection", "revocation"):
        methods = set(document[f"{endpoint}_endpoint_auth_methods_supported"])
        assert "private_key_jwt" in methods
        assert methods <= proven_by_key
    assert document["require_pushed_authorization_requests"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert set(document["grant_types_supported"]) == {
        "authorization_code",
        "client_credentials",
        "refresh_token",
    }
    assert "device_authorization_endpoint" not in document
    for name, offered in document.items():
        if name.endswith("_alg_values_supported"):
            assert "RS256" not in offered, name
            assert "ES256" in offered, name


def test_without_the_profile_more_is_left(stage: Stage) -> None:
    document = discovered(stage)
    assert "none" in document["token_endpoint_auth_methods_supported"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert document["require_pushed_authorization_requests"] is False
    assert set(document["grant_types_supported"]) == GRANT_TYPES
