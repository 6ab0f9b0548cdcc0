"""`private_key_jwt` (RFC 7523 §2.2 and §3, OpenID Connect Core §9): a client proves its key."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from scopewright.core.model import ClientType, WorkspacePolicy
from scopewright.core.registration import ClientRegistration
from scopewright.guard.fake_issuer import public_jwk
from scopewright.guard.jws import CLIENT_ALGORITHMS
from tests.client_keys import ASSERTION_TYPE, ClientKey
from tests.guard.hostile import Forge, b64
from tests.migrated import migrated_file
from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused, running_site
from tests.tls import HERE, CertificateAuthority, HttpsSite, Reply, https_site


@dataclass(frozen=True)
class Keyed:
    """A client with a key, and the issuer that knows it."""

    issuer: Issuer
    client: KnownClient
    key: ClientKey

    def assertion(self, **said: Any) -> dict[str, str]:
        return self.key.assertion(self.client.id, **{"issuer": self.issuer.issuer, **said})

    def ask(self, form: dict[str, str], **more: Any) -> Answer:
        return self.issuer.post("token", {"grant_type": "client_credentials", **form}, **more)


def keyed(
    issuer: Issuer,
    *held: str,
    algorithm: str = "ES256",
    type: ClientType = ClientType.CLIENT_CREDENTIALS,
    **said: Any,
) -> Keyed:
    key = ClientKey(issuer.clock(), algorithm)
    metadata: dict[str, Any] = {"jwks": key.jwks, **said}
    registration = ClientRegistration("private_key_jwt", **metadata)
    return Keyed(issuer, issuer.register(type, held, registration=registration), key)


@pytest.fixture
def job(issuer: Issuer) -> Keyed:
    return keyed(issuer, "sensor:read")


def refused(answer: Answer) -> None:
    assert_refused(answer, 401, "invalid_client")
    assert answer.json()["error_description"] == "Client authentication failed."


# --- what works ---------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", CLIENT_ALGORITHMS)
def test_a_client_is_proved_by_what_it_signs_with_each_advertised_algorithm(
    issuer: Issuer, algorithm: str
) -> None:
    job = keyed(issuer, "sensor:read", algorithm=algorithm)
    answer = job.ask(job.assertion())
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "sensor:read"
    advertised = issuer.http.get(f"{issuer.issuer}/.well-known/openid-configuration").json()
    assert algorithm in advertised["token_endpoint_auth_signing_alg_values_supported"]


def test_the_form_need_not_name_the_client(job: Keyed) -> None:
    form = job.assertion()
    del form["client_id"]
    assert job.ask(form).status_code == 200


@pytest.mark.parametrize("endpoint", ["", "/token", "/par", "/introspect"])
def test_the_audience_is_the_issuer_or_an_endpoint_of_it(job: Keyed, endpoint: str) -> None:
    aud = f"{job.issuer.issuer}{endpoint}"
    assert job.ask(job.assertion(aud=aud)).status_code == 200
    assert job.ask(job.assertion(aud=[aud])).status_code == 200


def test_a_client_with_one_fitting_key_need_not_name_it(job: Keyed) -> None:
    claims = {"iss": job.client.id, "sub": job.client.id, "aud": job.issuer.issuer}
    times = {"exp": job.key.moment + 60, "jti": "unnamed-key"}
    form = {**job.assertion(), "client_assertion": job.key.sign({**claims, **times}, kid=None)}
    assert job.ask(form).status_code == 200


def test_introspection_and_revocation_take_it_too(job: Keyed) -> None:
    token = job.ask(job.assertion()).json()["access_token"]
    asked = job.issuer.post("introspect", {"token": token, **job.assertion()})
    assert asked.json()["active"] is True
    assert job.issuer.post("revoke", {"token": token, **job.assertion()}).status_code == 200
    asked = job.issuer.post("introspect", {"token": token, **job.assertion()})
    assert asked.json()["active"] is False


def test_a_server_for_people_redeems_and_refreshes_with_it(issuer: Issuer) -> None:
    web = keyed(issuer, type=ClientType.AUTHORIZATION_CODE)
    code = issuer.code(web.client, issuer.person("sensor:read"))
    public = KnownClient(web.client.id)
    first = issuer.redeem(public, code, **web.assertion())
    assert first.status_code == 200, first.text
    second = issuer.refresh(public, first.json()["refresh_token"], **web.assertion())
    assert second.status_code == 200
    refused(issuer.refresh(public, second.json()["refresh_token"]))


def test_keys_of_another_use_stand_aside(issuer: Issuer) -> None:
    key = ClientKey(issuer.clock())
    encryption = {**ECKey.generate_key("P-256").as_dict(private=False), "use": "enc", "kid": "e"}
    jwks = {"keys": [encryption, {"kty": "oct", "k": "c2VjcmV0"}, key.public]}
    job = replace(keyed(issuer, jwks=jwks), key=key)
    assert job.ask(job.assertion()).status_code == 200


# --- once only ----------------------------------------------------------------------------------


def test_an_assertion_counts_once_at_whatever_endpoint(job: Keyed) -> None:
    form = job.assertion()
    assert job.ask(form).status_code == 200
    refused(job.ask(form))
    refused(job.issuer.post("introspect", {"token": "x", **form}))


def test_an_assertion_that_was_refused_for_its_grant_is_spent_all_the_same(job: Keyed) -> None:
    form = job.assertion()
    assert job.ask({**form, "scope": "sensor:write"}).status_code == 400
    refused(job.ask(form))


def test_of_many_that_present_it_at_once_one_is_believed(job: Keyed) -> None:
    form = job.assertion()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: job.ask(form).status_code, range(16)))
    assert sorted(answers) == [200] + [401] * 15


def test_two_clients_may_give_the_same_name(job: Keyed) -> None:
    other = keyed(job.issuer, "sensor:read")
    assert job.ask(job.assertion(jti="1")).status_code == 200
    assert other.ask(other.assertion(jti="1")).status_code == 200


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"aud": "https://other.example"},
        {"aud": []},
        {"exp": 0},
        {"exp": "soon"},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"jti": ""},
        {"jti": None},
        {"nbf": 10**10},
        {"iat": 10**10},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(job: Keyed, said: dict[str, Any]) -> None:
    refused(job.ask(job.assertion(**said)))


def test_an_assertion_for_another_issuer_is_refused(job: Keyed, stranger: Issuer) -> None:
    refused(job.ask(job.assertion(aud=stranger.issuer)))
    refused(job.ask(job.assertion(aud=[job.issuer.issuer, stranger.issuer])))
    refused(job.ask(job.assertion(aud=f"{stranger.issuer}/token")))


def test_an_assertion_is_refused_when_it_is_over(job: Keyed) -> None:
    form = job.assertion()
    job.issuer.clock.advance(seconds=61)
    refused(job.ask(form))


def test_another_clients_key_proves_nothing(job: Keyed) -> None:
    other = keyed(job.issuer, "sensor:read")
    refused(job.ask(other.key.assertion(job.client.id, job.issuer.issuer)))
    stolen_name = ClientKey(job.issuer.clock(), kid=job.key.kid)
    refused(job.ask(stolen_name.assertion(job.client.id, job.issuer.issuer)))


def test_an_assertion_is_for_the_client_that_the_form_names(job: Keyed) -> None:
    other = keyed(job.issuer, "sensor:read")
    refused(job.ask({**job.assertion(), "client_id": other.client.id}))


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://attacker.example/jwks"},
        {"x5u": "https://attacker.example/chain.pem"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "EC"}},
        {"crit": ["exp"]},
        {"b64": False},
        {"typ": "at+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": None},
        {"kid": "another"},
    ],
)
def test_a_key_from_elsewhere_or_another_type_is_refused_though_all_else_is_good(
    issuer: Issuer, header: dict[str, Any]
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = public_jwk("k", private)
    job = keyed(issuer, jwks={"keys": [jwk]})
    said = {"iss": job.client.id, "sub": job.client.id, "aud": issuer.issuer}
    forge = Forge(private, "k", {**said, "exp": job.key.moment + 60, "jti": "1"}, jwk)
    wrong = forge.headed(**{"typ": "JWT", **header})
    refused(job.ask({**job.assertion(), "client_assertion": wrong}))
    good = {**job.assertion(), "client_assertion": forge.headed(typ="JWT")}
    assert job.ask(good).status_code == 200


def test_a_key_in_the_header_is_refused_even_where_it_signed(job: Keyed) -> None:
    own = ClientKey(job.issuer.clock(), kid=job.key.kid)
    said = {"iss": job.client.id, "sub": job.client.id, "aud": job.issuer.issuer}
    signed = own.sign({**said, "exp": own.moment + 60, "jti": "1"}, jwk=own.public)
    refused(job.ask({**job.assertion(), "client_assertion": signed}))


@pytest.mark.parametrize("alg", ["none", "HS256", "HS512"])
def test_client_secret_jwt_is_no_method_here(job: Keyed, alg: str) -> None:
    """The public key and the secret's stored hash are what an attacker or server could know."""
    claims = {"iss": job.client.id, "sub": job.client.id, "aud": job.issuer.issuer}
    times = {"exp": job.key.moment + 60, "jti": "1"}
    head = b64(json.dumps({"alg": alg, "kid": job.key.kid}).encode())
    body = b64(json.dumps({**claims, **times}).encode())
    digest = {"HS512": hashlib.sha512}.get(alg, hashlib.sha256)
    for secret in (job.client.secret or "", json.dumps(job.key.public), ""):
        mac = (
            b""
            if alg == "none"
            else hmac.digest(secret.encode(), f"{head}.{body}".encode(), digest)
        )
        token = f"{head}.{body}.{b64(mac)}"
        refused(job.ask({**job.assertion(), "client_assertion": token}))
    advertised = job.issuer.http.get(f"{job.issuer.issuer}/.well-known/openid-configuration")
    assert "client_secret_jwt" not in advertised.text
    assert "HS256" not in advertised.text


@pytest.mark.parametrize(
    "assertion", ["", "x", "..", "a.b.c", "e30.e30.e30", "x" * 20_000, "é.é.é"]
)
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_assertion_is_refused(job: Keyed, assertion: str, named: bool) -> None:
    form = {**job.assertion(), "client_assertion": assertion}
    if not named:
        del form["client_id"]
    refused(job.ask(form))


@pytest.mark.parametrize("sub", [None, 1, "", "\x00", "\ud800", ["x"], "unknown"])
def test_an_assertion_that_names_nobody_is_refused(job: Keyed, sub: Any) -> None:
    form = job.assertion(sub=sub, iss=sub)
    del form["client_id"]
    refused(job.ask(form))


@pytest.mark.parametrize(
    "kind", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"]
)
def test_another_kind_of_assertion_is_refused(job: Keyed, kind: str | None) -> None:
    form: dict[str, Any] = {**job.assertion(), "client_assertion_type": kind}
    refused(job.ask({name: value for name, value in form.items() if value is not None}))
    refused(job.ask({"client_id": job.client.id, "client_assertion_type": ASSERTION_TYPE}))


def test_the_secret_that_the_client_once_had_proves_nothing(job: Keyed) -> None:
    refused(job.ask({}, client=job.client))
    refused(job.ask({"client_id": job.client.id, "client_secret": job.client.secret or ""}))
    refused(job.ask({"client_id": job.client.id}))


def test_a_second_method_beside_it_is_refused(job: Keyed) -> None:
    for more in ({"client_secret": job.client.secret or ""}, {"client_secret": "other"}):
        assert_refused(job.ask({**job.assertion(), **more}), 400, "invalid_request")
    assert_refused(job.ask(job.assertion(), client=job.client), 400, "invalid_request")


def test_an_assertion_proves_no_client_that_has_registered_no_key(issuer: Issuer) -> None:
    key = ClientKey(issuer.clock())
    for client in (issuer.machine("sensor:read"), issuer.phone_app()):
        form = key.assertion(client.id, issuer.issuer)
        refused(issuer.post("token", {"grant_type": "client_credentials", **form}))


def test_a_client_signs_only_with_the_algorithm_it_has_registered(issuer: Issuer) -> None:
    free = keyed(issuer, algorithm="PS256")
    strict = keyed(issuer, algorithm="PS256", token_endpoint_auth_signing_alg="PS256")
    for job, by_rs256 in ((free, 200), (strict, 401)):
        assert job.ask(job.assertion()).status_code == 200
        said = {"iss": job.client.id, "sub": job.client.id, "aud": issuer.issuer}
        signed = job.key.sign({**said, "exp": job.key.moment + 60, "jti": "1"}, alg="RS256")
        answer = job.ask({**job.assertion(), "client_assertion": signed})
        assert answer.status_code == by_rs256


def test_an_unknown_client_is_refused_with_the_same_words(job: Keyed, stranger: Issuer) -> None:
    form = job.key.assertion("0192f0c1-7e57-7000-8000-00000000dead", job.issuer.issuer)
    unknown = job.ask(form)
    wrong = job.ask(ClientKey(job.key.now).assertion(job.client.id, job.issuer.issuer))
    refused(unknown)
    assert unknown.text == wrong.text
    foreign = Keyed(stranger, job.client, job.key)
    refused(foreign.ask(foreign.assertion()))


def test_a_deleted_client_that_refreshes_learns_that_its_session_is_over(job: Keyed) -> None:
    job.issuer.delete_client(job.client)
    form = {"grant_type": "refresh_token", "refresh_token": "swr_x", **job.assertion()}
    assert_refused(job.issuer.post("token", form), 400, "invalid_grant")


def test_under_fapi_the_audience_is_the_issuer_alone(issuer: Issuer) -> None:
    strict = Issuer.new(issuer.site, policy=WorkspacePolicy(security_profile="fapi2"))
    job = keyed(strict, "sensor:read")
    asked = {"token": "swk_x"}
    endpoint = strict.post("introspect", {**asked, **job.assertion(aud=f"{strict.issuer}/token")})
    refused(endpoint)
    assert strict.post("introspect", {**asked, **job.assertion()}).json() == {"active": False}


# --- keys at a URL ------------------------------------------------------------------------------


def test_keys_may_stand_at_a_url_and_be_exchanged_there(
    certificate_authority: CertificateAuthority, tmp_path: Path
) -> None:
    url = migrated_file(tmp_path / "keys.db")
    with https_site(certificate_authority.issue(*HERE)) as site:
        ca_file = str(certificate_authority.ca_file)
        outbound = {"allow": (site.allow,), "ca_file": ca_file}
        with running_site(url, outbound=outbound) as running:
            check_keys_at(site, Issuer.new(running))


def check_keys_at(site: HttpsSite, issuer: Issuer) -> None:
    job = keyed(issuer, "sensor:read", jwks=None, jwks_uri=site.url("/jwks"))
    refused(job.ask(job.assertion()))  # nothing is there yet
    issuer.clock.advance(minutes=1)
    job = replace(job, key=replace(job.key, now=issuer.clock()))
    site.answers["/jwks"] = Reply(json.dumps(job.key.jwks).encode())
    assert job.ask(job.assertion()).status_code == 200
    following = ClientKey(issuer.clock.advance(minutes=1))
    site.answers["/jwks"] = Reply(json.dumps(following.jwks).encode())
    assert job.ask(following.assertion(job.client.id, issuer.issuer)).status_code == 200
