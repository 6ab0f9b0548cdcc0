"""RFC 9449: tokens that are worth nothing without their key, where they are made and presented."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from scopewright.core.errors import InvalidToken
from scopewright.core.model import ClientType
from scopewright.core.particulars import Particulars
from scopewright.core.registration import ClientRegistration
from scopewright.guard import Guard
from scopewright.guard.dpop import AGE, ALGORITHMS
from scopewright.guard.nonces import LIFETIME
from scopewright.guard.possession import Possession
from tests.migrated import migrated_file
from tests.proofs import ProofKey
from tests.protocol.issuer import (
    Answer,
    Issuer,
    KnownClient,
    Site,
    assert_refused,
    bearer,
    running_site,
)
from tests.protocol.streams import streaming

MUST_PROVE = ClientRegistration(dpop_bound_access_tokens=True)
FORWARDED = {
    "x-forwarded-method": "PUT",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "app.example",
    "x-forwarded-uri": "/things?x=1",
}
CREDENTIALS = {"grant_type": "client_credentials"}


@dataclass
class Holder:
    """Whoever holds a key at an issuer: asks for tokens with it, and presents them."""

    issuer: Issuer
    key: ProofKey = field(default_factory=ProofKey)

    def proof(self, method: str, url: str, **claims: Any) -> str:
        return self.key.proof(method, url, at=self.issuer.clock().timestamp(), **claims)

    def post(
        self, form: dict[str, str], client: KnownClient, *proofs: str, **claims: Any
    ) -> Answer:
        """To the token endpoint, with a good proof unless others are given."""
        good = self.proof("POST", f"{self.issuer.issuer}/token", **claims)
        headers = [("dpop", proof) for proof in proofs or (good,)]
        return self.issuer.post("token", form, client, headers=headers)

    def token(self, client: KnownClient) -> str:
        answer = self.post(CREDENTIALS, client)
        assert answer.json()["token_type"] == "DPoP", answer.text
        return str(answer.json()["access_token"])

    def redeem(self, client: KnownClient, code: str) -> Answer:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": "v" * 43}
        return self.post({**form, "redirect_uri": "http://127.0.0.1:9/callback"}, client)

    def refresh(self, client: KnownClient, refresh_token: str) -> Answer:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post(form, client)

    def headers(self, shown: str, url: str, method: str = "GET", **claims: Any) -> dict[str, str]:
        """A token with a good proof, unless the claims say otherwise."""
        proof = self.proof(method, url, **{"token": shown, **claims})
        return {"authorization": f"DPoP {shown}", "dpop": proof}

    def get(self, url: str, shown: str, **claims: Any) -> Answer:
        return self.issuer.http.get(url, headers=self.headers(shown, url, **claims))


@pytest.fixture
def holder(issuer: Issuer) -> Holder:
    return Holder(issuer)


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("iotman:scopes:read", "sensor:read")


def scopes_url(issuer: Issuer) -> str:
    return f"{issuer.site.url}/api/workspaces/{issuer.id}/scopes"


# --- at the token endpoint (§5) ------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_bound_to_the_key_of_its_proof(
    issuer: Issuer, machine: KnownClient, algorithm: str
) -> None:
    holder = Holder(issuer, ProofKey(algorithm))
    said = issuer.introspect(machine, holder.token(machine))
    assert (said["cnf"], said["token_type"]) == ({"jkt": holder.key.jkt}, "DPoP")


def test_without_a_proof_everything_is_as_it_was(issuer: Issuer, machine: KnownClient) -> None:
    answer = issuer.token(machine)
    assert answer.json()["token_type"] == "Bearer"
    assert "dpop-nonce" not in answer.headers
    assert "cnf" not in issuer.introspect(machine, answer.json()["access_token"])


def test_a_bad_proof_gets_no_token(holder: Holder, machine: KnownClient, stranger: Issuer) -> None:
    url, at = f"{holder.issuer.issuer}/token", holder.issuer.clock().timestamp()
    good, key = holder.proof("POST", url), holder.key
    bad = {
        "no proof": "not.a.proof",
        "empty": "",
        "another method": holder.proof("GET", url),
        "another endpoint": holder.proof("POST", f"{holder.issuer.issuer}/par"),
        "another issuer": holder.proof("POST", f"{stranger.issuer}/token"),
        "too old": holder.proof("POST", url, iat=int(at - AGE.total_seconds())),
        "from the future": holder.proof("POST", url, iat=int(at + 60)),
        "no name": holder.proof("POST", url, jti=...),
        "an access token": key.signed(key.claims("POST", url, at=at), typ="at+jwt"),
        "a key with its private half": key.signed(
            key.claims("POST", url, at=at), jwk=key.key.as_dict(private=True)
        ),
        "somebody else's key": key.signed(key.claims("POST", url, at=at), jwk=ProofKey().jwk),
        "cut off": good[:-4],
        "larger than any proof": holder.proof("POST", url, padding="x" * 20_000),
    }
    for name, proof in bad.items():
        answer = holder.post(CREDENTIALS, machine, proof)
        assert_refused(answer, 400, "invalid_dpop_proof")
        assert "access_token" not in answer.text, name
        assert answer.headers["dpop-nonce"], name


def test_there_is_one_proof_or_none(holder: Holder, machine: KnownClient) -> None:
    url = f"{holder.issuer.issuer}/token"
    answer = holder.post(CREDENTIALS, machine, *(holder.proof("POST", url) for _ in range(2)))
    assert_refused(answer, 400, "invalid_dpop_proof")


def test_a_proof_counts_once_and_its_name_too(holder: Holder, machine: KnownClient) -> None:
    url = f"{holder.issuer.issuer}/token"
    proof = holder.proof("POST", url, jti="the-first")
    assert holder.post(CREDENTIALS, machine, proof).status_code == 200
    for again in (proof, holder.proof("POST", url, jti="the-first", more="claims")):
        assert_refused(holder.post(CREDENTIALS, machine, again), 400, "invalid_dpop_proof")
    other = Holder(holder.issuer).proof("POST", url, jti="the-first")
    assert holder.post(CREDENTIALS, machine, other).status_code == 200


def test_of_many_at_once_with_the_same_proof_one_gets_a_token(
    holder: Holder, machine: KnownClient
) -> None:
    proof = holder.proof("POST", f"{holder.issuer.issuer}/token")
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(holder.post, CREDENTIALS, machine, proof) for _ in range(8)]
        assert sorted(one.result().status_code for one in asked) == [200] + [400] * 7


def test_a_proof_is_no_client_authentication(holder: Holder, machine: KnownClient) -> None:
    stolen = KnownClient(machine.id, "sws_wrong")
    assert_refused(holder.post(CREDENTIALS, stolen), 401, "invalid_client")


@pytest.mark.parametrize("type", [ClientType.PKCE, ClientType.AUTHORIZATION_CODE])
def test_a_client_that_has_to_prove_its_key_gets_nothing_without(
    holder: Holder, type: ClientType
) -> None:
    issuer, person = holder.issuer, holder.issuer.person("a")
    client = issuer.register(type, registration=MUST_PROVE)
    code = issuer.code(client, person)
    assert_refused(issuer.redeem(client, code), 400, "invalid_dpop_proof")
    tokens = holder.redeem(client, code)  # nothing was spent
    assert tokens.json()["token_type"] == "DPoP"
    refreshed = issuer.refresh(client, tokens.json()["refresh_token"])
    assert_refused(refreshed, 400, "invalid_dpop_proof")


# --- refresh tokens and codes (§5, §10) ----------------------------------------------------------


def test_a_public_clients_refresh_token_needs_its_key_and_a_thief_ends_nothing(
    holder: Holder,
) -> None:
    issuer, thief = holder.issuer, Holder(holder.issuer)
    phone, person = issuer.phone_app(), issuer.person("a")
    first = holder.redeem(phone, issuer.code(phone, person)).json()["refresh_token"]
    assert_refused(thief.refresh(phone, first), 400, "invalid_grant")
    assert_refused(issuer.refresh(phone, first), 400, "invalid_grant")
    second = holder.refresh(phone, first).json()["refresh_token"]
    for token in (first, second):  # in the grace, and the successor
        assert_refused(thief.refresh(phone, token), 400, "invalid_grant")
        assert_refused(issuer.refresh(phone, token), 400, "invalid_grant")
    assert holder.refresh(phone, first).json()["refresh_token"] == second
    assert holder.refresh(phone, second).status_code == 200


def test_a_replay_by_the_thief_and_one_by_the_holder(holder: Holder) -> None:
    issuer = holder.issuer
    phone, person = issuer.phone_app(), issuer.person("a")
    first = holder.redeem(phone, issuer.code(phone, person)).json()["refresh_token"]
    second = holder.refresh(phone, first).json()["refresh_token"]
    issuer.clock.advance(minutes=1)
    assert_refused(Holder(issuer).refresh(phone, first), 400, "invalid_grant")
    third = holder.refresh(phone, second)
    assert third.status_code == 200
    assert_refused(holder.refresh(phone, first), 400, "invalid_grant")
    assert_refused(holder.refresh(phone, third.json()["refresh_token"]), 400, "invalid_grant")


def test_a_confidential_client_may_change_its_key(holder: Holder) -> None:
    issuer = holder.issuer
    app, person = issuer.server_app(), issuer.person("a")
    first = holder.redeem(app, issuer.code(app, person)).json()["refresh_token"]
    other = Holder(issuer)
    second = other.refresh(app, first).json()
    assert issuer.introspect(app, second["access_token"])["cnf"] == {"jkt": other.key.jkt}
    assert issuer.refresh(app, second["refresh_token"]).json()["token_type"] == "Bearer"


def test_a_session_that_began_without_a_key_binds_its_access_tokens_alone(holder: Holder) -> None:
    issuer = holder.issuer
    phone, person = issuer.phone_app(), issuer.person("a")
    first = issuer.signed_in(phone, person)["refresh_token"]
    second = holder.refresh(phone, first).json()
    assert second["token_type"] == "DPoP"
    assert issuer.refresh(phone, second["refresh_token"]).json()["token_type"] == "Bearer"


def test_a_code_is_good_with_the_key_that_was_named_for_it(holder: Holder) -> None:
    issuer = holder.issuer
    phone, person = issuer.phone_app(), issuer.person("a")
    code = issuer.code(phone, person, particulars=Particulars(dpop_jkt=holder.key.jkt))
    assert_refused(issuer.redeem(phone, code), 400, "invalid_grant")
    assert_refused(Holder(issuer).redeem(phone, code), 400, "invalid_grant")
    tokens = holder.redeem(phone, code)
    assert tokens.status_code == 200
    # A second exchange is a replay, whatever key comes with it.
    assert_refused(Holder(issuer).redeem(phone, code), 400, "invalid_grant")
    again = holder.refresh(phone, tokens.json()["refresh_token"])
    assert_refused(again, 400, "invalid_grant")


def test_the_fifth_wrong_key_spends_the_code(holder: Holder) -> None:
    issuer = holder.issuer
    phone, person = issuer.phone_app(), issuer.person("a")
    code = issuer.code(phone, person, particulars=Particulars(dpop_jkt=holder.key.jkt))
    for _ in range(5):
        assert_refused(issuer.redeem(phone, code), 400, "invalid_grant")
    assert_refused(holder.redeem(phone, code), 400, "invalid_grant")


# --- at our own resources (§7) -------------------------------------------------------------------


def resources(issuer: Issuer) -> list[str]:
    """Where we answer a machine's token ourselves."""
    return [
        scopes_url(issuer),
        f"{issuer.site.url}/api/whoami",
        f"{issuer.site.url}/api/whoami?workspace={issuer.id}",
    ]


def assert_unproven(answer: Answer, code: str) -> None:
    """A 401 in the words of DPoP, with a nonce for the next try."""
    assert answer.status_code == 401, answer.text
    algs = " ".join(ALGORITHMS)
    assert answer.headers["www-authenticate"] == f'DPoP error="{code}", algs="{algs}"'
    assert answer.headers["dpop-nonce"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_bound_token_opens_what_it_should(holder: Holder, machine: KnownClient) -> None:
    token = holder.token(machine)
    for url in resources(holder.issuer):
        answer = holder.get(url, token)
        assert answer.status_code == 200, answer.text
        assert answer.headers["dpop-nonce"]


def test_a_persons_bound_token_opens_userinfo(holder: Holder) -> None:
    issuer, url = holder.issuer, f"{holder.issuer.issuer}/userinfo"
    phone, person = issuer.phone_app(), issuer.person("a")
    code = issuer.code(phone, person, "openid a")
    token = holder.redeem(phone, code).json()["access_token"]
    answer = holder.get(url, token)
    assert answer.json()["sub"] == person
    assert answer.headers["dpop-nonce"]
    assert issuer.userinfo(token).status_code == 401
    posted = issuer.http.post(url, data={"access_token": token})
    assert posted.status_code == 401


def test_a_stolen_bound_token_is_worth_nothing(
    holder: Holder, machine: KnownClient, stranger: Issuer
) -> None:
    issuer, thief = holder.issuer, Holder(holder.issuer)
    token, other = holder.token(machine), holder.token(machine)
    for url in resources(issuer):
        plain = issuer.http.get(url, headers=bearer(token))
        assert plain.status_code == 401
        assert plain.headers["www-authenticate"].startswith("Bearer ")
        proof = {"dpop": holder.proof("GET", url, token=token)}
        assert issuer.http.get(url, headers={**bearer(token), **proof}).status_code == 401
        assert_unproven(thief.get(url, token), "invalid_token")
        for claims in (
            {"htm": "POST"},
            {"htu": f"{stranger.issuer}/userinfo"},
            {"htu": f"{issuer.site.url}/api/elsewhere"},
            {"token": other},
            {"ath": ...},
            {"iat": int(issuer.clock().timestamp()) - 3600},
        ):
            assert_unproven(holder.get(url, token, **claims), "invalid_dpop_proof")
        scheme = {"authorization": f"DPoP {token}"}
        assert_unproven(issuer.http.get(url, headers=scheme), "invalid_dpop_proof")


def test_a_proof_of_one_request_opens_no_other(holder: Holder, machine: KnownClient) -> None:
    issuer, token = holder.issuer, holder.token(machine)
    for url in resources(issuer):
        headers = holder.headers(token, url)
        assert issuer.http.get(url, headers=headers).status_code == 200
        assert_unproven(issuer.http.get(url, headers=headers), "invalid_dpop_proof")


def test_of_many_requests_at_once_with_the_same_proof_one_passes(
    holder: Holder, machine: KnownClient
) -> None:
    url = scopes_url(holder.issuer)
    headers = holder.headers(holder.token(machine), url)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(holder.issuer.http.get, url, headers=headers) for _ in range(8)]
        assert sorted(one.result().status_code for one in asked) == [200] + [401] * 7


def test_nothing_unbound_passes_under_dpop(holder: Holder, machine: KnownClient) -> None:
    issuer = holder.issuer
    key = issuer.api_key(machine.id)
    for credential in (issuer.access_token(machine), key, "swk_made-up", "not-a-token"):
        assert_unproven(holder.get(scopes_url(issuer), credential), "invalid_token")
        for url in resources(issuer):
            assert holder.get(url, credential).status_code == 401


def test_a_revoked_bound_token_is_over(holder: Holder, machine: KnownClient) -> None:
    token, url = holder.token(machine), scopes_url(holder.issuer)
    assert holder.issuer.revoke(machine, token).status_code == 200
    assert_unproven(holder.get(url, token), "invalid_token")


def test_a_change_needs_a_proof_for_that_change(holder: Holder, issuer: Issuer) -> None:
    manager, url = issuer.machine("iotman:scopes:create"), scopes_url(issuer)
    token = holder.token(manager)
    for method, status in (("GET", 401), ("POST", 201)):
        headers = holder.headers(token, url, method)
        assert issuer.http.post(url, json={"name": "new"}, headers=headers).status_code == status


def test_data_is_posted_and_streamed_with_a_bound_token(holder: Holder) -> None:
    issuer = holder.issuer
    owner = issuer.machine("iotman:endpoints:create", "iotman:exports:create", "sensor:read")
    api, headers = (
        f"{issuer.site.url}/api/workspaces/{issuer.id}",
        bearer(issuer.access_token(owner)),
    )
    for noun, body in (
        ("endpoints", {"name": "in", "auth": "oauth2", "write_scope": "sensor:read"}),
        ("exports", {"name": "out", "required_scope": "sensor:read"}),
    ):
        made = issuer.http.post(f"{api}/{noun}", json=body, headers=headers)
        assert made.status_code == 201, made.text
    token = holder.token(issuer.machine("sensor:read"))
    post = f"{issuer.site.url}/data/{issuer.id}/in"
    events = f"{issuer.site.url}/exports/{issuer.id}/out/events"
    with streaming(issuer.http, events, **holder.headers(token, events)) as stream:
        for n in (1, 2):  # the stream is asked for once and lives on
            sent = issuer.http.post(
                post, json={"n": n}, headers=holder.headers(token, post, "POST")
            )
            assert sent.status_code == 202, sent.text
            assert stream.take(1)[0].data["payload"] == {"n": n}
        refused = issuer.http.post(post, json={"n": 3}, headers=bearer(token))
        assert refused.status_code == 401


def test_who_is_no_trusted_proxy_learns_nothing_about_a_bound_token(
    holder: Holder, machine: KnownClient
) -> None:
    token, url = holder.token(machine), f"{holder.issuer.issuer}/verify?any=1"
    for headers in (
        {**bearer(token), "dpop": holder.proof("GET", url, token=token)},
        {**FORWARDED, **holder.headers(token, "https://app.example/things?x=1", "PUT")},
    ):
        assert holder.issuer.http.get(url, headers=headers).status_code == 401


# --- nonces (§8, §9) -----------------------------------------------------------------------------


def test_an_answer_under_dpop_brings_a_nonce_that_may_be_used(
    holder: Holder, machine: KnownClient
) -> None:
    nonce = holder.post(CREDENTIALS, machine).headers["dpop-nonce"]
    assert holder.post(CREDENTIALS, machine, nonce=nonce).status_code == 200
    hours_late = int(holder.issuer.clock().timestamp()) - 7200
    assert holder.post(CREDENTIALS, machine, nonce=nonce, iat=hours_late).status_code == 200
    assert_refused(holder.post(CREDENTIALS, machine, nonce="made-up"), 400, "use_dpop_nonce")
    token = holder.token(machine)
    url = scopes_url(holder.issuer)
    assert_unproven(holder.get(url, token, nonce="made-up"), "use_dpop_nonce")
    holder.issuer.clock.advance(seconds=LIFETIME.total_seconds())
    stale = holder.post(CREDENTIALS, machine, nonce=nonce)
    assert_refused(stale, 400, "use_dpop_nonce")
    assert stale.headers["dpop-nonce"] != nonce


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="module", params=KINDS)
def strict_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server that wants a nonce in every proof, behind a proxy on this machine."""
    if request.param == "sqlite":
        url = migrated_file(tmp_path_factory.mktemp("strict") / "scopewright.db")
    else:
        url = request.getfixturevalue("postgres_cluster").create_migrated_database()
    proxies = {"trusted_proxies": ["127.0.0.1"]}
    with running_site(url, tokens={"dpop_nonces": True}, server=proxies) as running:
        yield running


def test_where_nonces_are_required_no_proof_passes_without(strict_site: Site) -> None:
    issuer = Issuer.new(strict_site)
    holder, machine = Holder(issuer), issuer.machine("iotman:scopes:read")
    first = holder.post(CREDENTIALS, machine)
    assert_refused(first, 400, "use_dpop_nonce")
    second = holder.post(CREDENTIALS, machine, nonce=first.headers["dpop-nonce"])
    token, url = second.json()["access_token"], scopes_url(issuer)
    third = holder.get(url, token)
    assert_unproven(third, "use_dpop_nonce")
    nonce = third.headers["dpop-nonce"]
    assert holder.get(url, token, nonce=nonce).status_code == 200
    assert issuer.token(machine).json()["token_type"] == "Bearer"  # who proves nothing needs none


def test_a_trusted_proxy_asks_about_the_request_that_it_forwards(strict_site: Site) -> None:
    issuer = Issuer.new(strict_site)
    holder, machine, url = Holder(issuer), issuer.machine("a"), "https://app.example/things"
    nonce = holder.post(CREDENTIALS, machine).headers["dpop-nonce"]
    token = holder.post(CREDENTIALS, machine, nonce=nonce).json()["access_token"]

    def status(*more: tuple[str, str], method: str = "PUT", at: str = url, **left_out: str) -> int:
        told = {**FORWARDED, **left_out, **holder.headers(token, at, method, nonce=nonce)}
        headers = [*(pair for pair in told.items() if pair[1]), *more]
        return issuer.http.get(f"{issuer.issuer}/verify?scope=a", headers=headers).status_code

    assert status() == 204
    assert status(method="GET") == status(at="https://evil.example/things") == 401
    assert status(**{"x-forwarded-method": ""}) == 401
    assert status(("x-forwarded-host", "app.example")) == 401
    assert status(at=f"{issuer.issuer}/verify", method="GET") == 401


# --- discovery (§5.1) ----------------------------------------------------------------------------


def test_discovery_names_the_algorithms_and_each_is_taken(issuer: Issuer) -> None:
    url = f"{issuer.issuer}/.well-known/openid-configuration"
    said: dict[str, Any] = httpx.get(url).json()
    assert said["dpop_signing_alg_values_supported"] == list(ALGORITHMS)


def test_the_guard_takes_what_the_server_mints(holder: Holder, machine: KnownClient) -> None:
    issuer, url = holder.issuer, "https://sensors.example/readings"
    token = holder.token(machine)
    guard = Guard(issuer.issuer, issuer.id, resource="https://sensors.example", clock=issuer.clock)
    shown = Possession("GET", "/readings", (holder.proof("GET", url, token=token),))
    claims = guard.check(f"DPoP {token}", frozenset({"sensor:read"}), shows=lambda: shown)
    assert claims.subject == machine.id
    with pytest.raises(InvalidToken):
        guard.check(f"Bearer {token}", shows=lambda: shown)
    guard.close()
