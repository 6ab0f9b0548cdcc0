"""What a workspace's metadata say is compared with what it does, switch by switch.

One client tries everything: it proves itself by a key, shows a proof of possession, and pushes its
requests, so that it is taken under any policy and only what is tried can be what is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey
from sqlalchemy import select

from scopewright.core.model import WorkspacePolicy
from scopewright.core.oauth import GRANT_TYPES
from scopewright.core.particulars import Particulars
from scopewright.core.registration import ClientRegistration
from scopewright.guard.jws import unverified
from scopewright.store import schema
from tests.client_keys import ASSERTION_TYPE, ClientKey
from tests.clock import FrozenClock
from tests.migrated import migrated_file
from tests.people import CALLBACK
from tests.proofs import ALGORITHMS
from tests.protocol.issuer import (
    REDIRECT_URI,
    VERIFIER,
    Answer,
    Issuer,
    KnownClient,
    Site,
    challenge_of,
    running_site,
)
from tests.protocol.test_client_id_metadata_document import publish
from tests.protocol.test_rfc7591_registration import initial_token
from tests.protocol.test_rfc8705_mtls import (
    HEADER,
    as_structured_field,
    device,
    own_key,
)
from tests.tls import HERE, Certificate, CertificateAuthority, HttpsSite, https_site

CERTIFIED = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pump")])
PLAIN, FAPI2 = WorkspacePolicy(), WorkspacePolicy(security_profile="fapi2")
SWITCHED = {
    "plain": ("certified", PLAIN),
    "closed": ("certified", WorkspacePolicy(client_registration="closed")),
    "open": ("certified", WorkspacePolicy(client_registration="open")),
    "documents": ("certified", WorkspacePolicy(client_id_metadata_documents=True)),
    "fapi2": ("certified", FAPI2),
    "plain, no certificates": ("bare", PLAIN),
    "fapi2, no certificates": ("bare", FAPI2),
}
EVERY_GRANT = frozenset(GRANT_TYPES)
TRIED: set[str] = set()


def tries(*members: str) -> Callable[[Any], Any]:
    """Marks a test as the one that compares these members with behaviour."""
    TRIED.update(members)
    return lambda test: test


# --- where and with what it is tried -------------------------------------------------------------


@pytest.fixture(scope="module")
def elsewhere(certificate_authority: CertificateAuthority) -> Iterator[HttpsSite]:
    with https_site(certificate_authority.issue(*HERE)) as running:
        yield running


@pytest.fixture(scope="module")
def clients_authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("clients"), now=FrozenClock().now)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server to which no certificate can come."""
    with running_site(migrated_file(tmp_path_factory.mktemp("bare") / "x.db")) as running:
        yield running


@pytest.fixture(scope="module")
def certified(
    tmp_path_factory: pytest.TempPathFactory,
    elsewhere: HttpsSite,
    certificate_authority: CertificateAuthority,
    clients_authority: CertificateAuthority,
) -> Iterator[Site]:
    """A server behind a proxy that tells certificates, and that may fetch documents."""
    server = {
        "trusted_proxies": ("127.0.0.1",),
        "client_certificate_header": HEADER,
        "tls_client_ca": str(clients_authority.ca_file),
    }
    outbound = {"allow": [elsewhere.allow], "ca_file": str(certificate_authority.ca_file)}
    url = migrated_file(tmp_path_factory.mktemp("certified") / "x.db")
    with running_site(url, server=server, outbound=outbound) as running:
        yield running


@dataclass(frozen=True)
class Probe:
    """The client that tries everything, at the workspace whose document this is."""

    issuer: Issuer
    document: dict[str, Any]
    key: ClientKey
    client: KnownClient
    certificate: Certificate
    person: str
    registration: ClientRegistration = field(default_factory=ClientRegistration)

    @classmethod
    def at(cls, issuer: Issuer, certificate: Certificate) -> Probe:
        url = f"{issuer.issuer}/.well-known/openid-configuration"
        key = ClientKey(issuer.clock())
        known = ClientRegistration("private_key_jwt", jwks=key.jwks)
        client = issuer.server_app(
            redirect_uris=(CALLBACK, REDIRECT_URI), grant_types=EVERY_GRANT, registration=known
        )
        person = issuer.person("a")
        issuer.grant(client.id, "a")
        document = issuer.http.get(url).json()
        return cls(issuer, document, key, client, certificate, person, known)

    def says(self, member: str) -> Any:
        return self.document.get(member)

    def registered(self, **said: Any) -> Probe:
        """The same client, which has registered more."""
        known = replace(self.registration, **said)
        self.issuer.know(self.client, known)
        return replace(self, registration=known)

    def keyed(self, algorithm: str) -> Probe:
        """The same client, with a key of this algorithm."""
        key = key_of(self.issuer, algorithm)
        return replace(self.registered(jwks=key.jwks), key=key)

    def assertion(self) -> dict[str, str]:
        return self.key.assertion(self.client.id, self.issuer.issuer)

    def post(self, member: str, form: dict[str, Any], prover: ClientKey | None = None) -> Answer:
        """A form to a named endpoint with a proof, once more with the nonce that is asked for."""
        url, prover = self.document[member], prover or self.key
        nonce: dict[str, Any] = {}
        for _ in range(2):
            headers = {"dpop": prover.proof("POST", url, **nonce)}
            answer = self.issuer.http.post(url, data=form | self.assertion(), headers=headers)
            nonce = {"nonce": answer.headers.get("dpop-nonce", "")}
            if answer.status_code != 400 or answer.json()["error"] != "use_dpop_nonce":
                break
        return answer

    def own_token(self, **form: str) -> Answer:
        return self.post("token_endpoint", {"grant_type": "client_credentials", **form})

    def request(self, **said: str | None) -> dict[str, str]:
        """An authorization request; None leaves a parameter out."""
        known = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": CALLBACK,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **said,
        }
        return {name: value for name, value in known.items() if value is not None}

    def push(self, **said: str | None) -> Answer:
        form = self.request(**said) | self.assertion()
        return self.issuer.http.post(
            self.document["pushed_authorization_request_endpoint"], data=form
        )

    def is_taken(self, **said: str | None) -> bool:
        return self.push(**said).status_code == 201

    def authorize(self, **said: str | None) -> Answer:
        """The same by the browser."""
        return self.issuer.http.get(
            self.document["authorization_endpoint"],
            params=self.request(**said),
            follow_redirects=False,
        )

    def tokens(self, scope: str | None = None, **fields: Any) -> dict[str, Any]:
        code = self.issuer.code(self.client, self.person, scope, **fields)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        answer = self.post("token_endpoint", form)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def userinfo(self, token: str) -> Answer:
        url, nonce = self.document["userinfo_endpoint"], dict[str, Any]()
        for _ in range(2):
            proof = self.key.proof("GET", url, token=token, **nonce)
            headers = {"authorization": f"DPoP {token}", "dpop": proof}
            answer = self.issuer.http.get(url, headers=headers)
            nonce = {"nonce": answer.headers.get("dpop-nonce", "")}
            if answer.status_code == 200:
                break
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture(scope="module")
def certificate(clients_authority: CertificateAuthority) -> Certificate:
    return clients_authority.issue(subject=CERTIFIED)


@pytest.fixture(params=SWITCHED)
def probe(request: pytest.FixtureRequest, certificate: Certificate) -> Probe:
    server, policy = SWITCHED[request.param]
    site: Site = request.getfixturevalue(server)
    return Probe.at(Issuer.new(site, policy=policy), certificate)


@cache
def key_pair(algorithm: str) -> ClientKey:
    """Made once: an RSA key takes longer than what is tried with it."""
    return ClientKey(FrozenClock()(), algorithm)


def key_of(issuer: Issuer, algorithm: str) -> ClientKey:
    return key_pair(algorithm).later(issuer.clock())


def error_of(answer: httpx.Response) -> str:
    """The word of an error, or none."""
    return str(answer.json().get("error", "")) if answer.status_code >= 400 else ""


def compare(advertised: Any, candidates: set[str], works: Callable[[str], bool]) -> None:
    """What is advertised is among what is tried, and exactly that works."""
    assert set(advertised) <= candidates, "this test does not know all that is advertised"
    assert {one for one in candidates if works(one)} == set(advertised)


# --- the document itself -------------------------------------------------------------------------


def test_no_member_is_there_that_nothing_tries(probe: Probe) -> None:
    assert set(probe.document) - TRIED == set()


@tries("issuer", "jwks_uri")
def test_tokens_name_the_issuer_and_verify_by_its_keys(probe: Probe) -> None:
    keys = KeySet.import_key_set(httpx.get(probe.says("jwks_uri")).json())
    claims = jwt.decode(probe.own_token().json()["access_token"], keys).claims
    assert claims["iss"] == probe.says("issuer") == probe.issuer.issuer


def test_each_endpoint_is_there_and_what_is_not_named_is_not(probe: Probe) -> None:
    named = {url for name, url in probe.document.items() if name.endswith(("_endpoint", "_uri"))}
    for url in named:
        answers = {probe.issuer.http.request(method, url).status_code for method in ("GET", "POST")}
        assert not answers <= {404, 405}, url
    for path in ("check-session", "register", "bc-authorize", "device_authorization"):
        url = f"{probe.issuer.issuer}/{path}"
        if url not in named:
            answer = probe.issuer.http.post(url, data=probe.assertion())
            assert answer.status_code in (400, 404, 405), url


# --- ways to a token -----------------------------------------------------------------------------


@tries("grant_types_supported", "token_endpoint")
def test_grant_types(probe: Probe) -> None:
    saml = "urn:ietf:params:oauth:grant-type:saml2-bearer"
    candidates = {*GRANT_TYPES, "password", "implicit", "urn:openid:params:grant-type:ciba", saml}

    def works(name: str) -> bool:
        error = error_of(probe.post("token_endpoint", {"grant_type": name}))
        assert error in ("", "invalid_request", "invalid_grant", "unsupported_grant_type"), error
        return error != "unsupported_grant_type"

    compare(probe.says("grant_types_supported"), candidates, works)


@tries("device_authorization_endpoint")
def test_device_authorization(probe: Probe) -> None:
    url = f"{probe.issuer.issuer}/device_authorization"
    answer = probe.issuer.http.post(url, data=probe.assertion())
    assert probe.says("device_authorization_endpoint") == (url if answer.is_success else None)


@tries("scopes_supported")
def test_scopes(probe: Probe) -> None:
    words = {"openid", "profile", "email", "address", "phone", "offline_access"}
    asked = {name: probe.tokens(f"openid {name}") for name in words}
    nothing = set(probe.userinfo(asked["openid"]["access_token"]).json())
    told = {"openid"} | {
        name
        for name, tokens in asked.items()
        if set(probe.userinfo(tokens["access_token"]).json()) != nothing
    }
    assert told | {"offline_access"} == words & set(probe.says("scopes_supported"))
    assert probe.own_token(scope="a").json()["scope"] == "a"
    assert "b" not in probe.says("scopes_supported")
    assert error_of(probe.own_token(scope="b")) == "invalid_scope"


@tries("subject_types_supported")
def test_subject_types(probe: Probe) -> None:
    key = ClientKey(probe.issuer.clock())
    known = ClientRegistration("private_key_jwt", jwks=key.jwks)
    other = replace(
        probe, client=probe.issuer.server_app(registration=known), key=key, registration=known
    )
    subjects = {unverified(one.tokens("openid")["id_token"])[1]["sub"] for one in (probe, other)}
    assert (len(subjects) == 1) == (probe.says("subject_types_supported") == ["public"])


# --- the request ---------------------------------------------------------------------------------


@tries("authorization_endpoint", "pushed_authorization_request_endpoint")
@tries("require_pushed_authorization_requests")
def test_requests_come_by_the_browser_unless_they_have_to_be_pushed(probe: Probe) -> None:
    by_browser = probe.authorize()
    is_asked_on = not by_browser.headers["location"].startswith(CALLBACK)
    assert is_asked_on is not probe.says("require_pushed_authorization_requests")
    name = probe.push().json()["request_uri"]
    query = {"client_id": probe.client.id, "request_uri": name}
    brought = probe.issuer.http.get(probe.says("authorization_endpoint"), params=query)
    assert brought.is_redirect
    assert not brought.headers["location"].startswith(CALLBACK)


@tries("authorization_response_iss_parameter_supported")
def test_answers_name_the_issuer(probe: Probe) -> None:
    said = httpx.URL(probe.authorize(response_type="token").headers["location"]).params
    named = probe.says("authorization_response_iss_parameter_supported")
    assert (said.get("iss") == probe.issuer.issuer) is named is True


PARAMETERS = {
    "response_types_supported": ("response_type", "code", "token", "id_token", "none"),
    "response_modes_supported": (
        "response_mode", "query", "form_post", "fragment", "web_message", "jwt", "query.jwt"
    ),
    "prompt_values_supported": (
        "prompt", "none", "login", "consent", "select_account", "create", "LOGIN"
    ),
    "code_challenge_methods_supported": ("code_challenge_method", "S256", "plain", "s256"),
    "acr_values_supported": ("acr_values", "urn:scopewright:acr:letter", "urn:example:card", "1"),
}  # fmt: skip


@tries(*PARAMETERS)
@pytest.mark.parametrize("member", PARAMETERS)
def test_the_values_of_a_parameter(probe: Probe, member: str) -> None:
    parameter, *candidates = PARAMETERS[member]
    compare(probe.says(member), set(candidates), lambda value: probe.is_taken(**{parameter: value}))


@tries("display_values_supported", "ui_locales_supported")
def test_pages_are_as_is_said(probe: Probe) -> None:
    assert probe.is_taken(display="page")
    assert probe.says("display_values_supported") == ["page"]
    url = f"{probe.issuer.site.url}/sign-in"
    for locale in probe.says("ui_locales_supported"):
        assert probe.is_taken(ui_locales=locale)
        page = probe.issuer.http.get(url, headers={"Accept-Language": locale}).text
        assert f'<html lang="{locale}"' in page


@tries("claims_parameter_supported", "claims_supported")
def test_claims(probe: Probe) -> None:
    listed = probe.says("claims_supported")
    asked: dict[str, Any] = {
        "id_token": {name: {} for name in [*listed, "address", "phone_number", "website"]}
    }
    tokens = probe.tokens(
        "openid",
        nonce="n",
        particulars=Particulars(claims=asked),
        approved={"acr": "urn:scopewright:acr:letter"},
    )
    assert set(unverified(tokens["id_token"])[1]) == set(listed)
    is_read = error_of(probe.push(claims="[]")) == "invalid_request"
    assert is_read is probe.says("claims_parameter_supported")
    assert probe.is_taken(claims='{"userinfo": {"email": null}}')


@tries("authorization_details_types_supported")
def test_authorization_details(probe: Probe) -> None:
    listed = probe.says("authorization_details_types_supported")
    assert "a" in listed

    def works(name: str) -> bool:
        details = f'[{{"type": "{name}", "identifiers": ["one"]}}]'
        error = error_of(probe.push(authorization_details=details))
        assert error in ("", "invalid_authorization_details")
        return not error

    tried = {"a", "iotman:scopes:read", "b", "openid"}
    compare(set(listed) & tried, tried, works)


@tries("request_parameter_supported", "request_object_signing_alg_values_supported")
def test_request_objects(probe: Probe) -> None:
    def works(algorithm: str) -> bool:
        # The assertion beside it is signed with what is always good.
        signing = key_of(probe.issuer, algorithm)
        both = {"keys": [probe.key.public, signing.public]}
        known = probe.registered(jwks=both)
        signed = signing.request_object(probe.client.id, probe.issuer.issuer, **probe.request())
        form = {"request": signed, **known.assertion()}
        answer = known.issuer.http.post(
            probe.says("pushed_authorization_request_endpoint"), data=form
        )
        assert error_of(answer) in ("", "invalid_request_object")
        return answer.status_code == 201

    assert probe.says("request_parameter_supported") is True
    compare(probe.says("request_object_signing_alg_values_supported"), set(ALGORITHMS), works)


@tries("request_uri_parameter_supported")
def test_requests_that_stand_elsewhere(probe: Probe, elsewhere: HttpsSite) -> None:
    elsewhere.received.clear()
    answer = probe.authorize(request_uri=elsewhere.url("/request.jwt"))
    assert "error=request_uri_not_supported" in str(answer.headers.get("location"))
    assert elsewhere.received == []
    assert probe.says("request_uri_parameter_supported") is False


# --- how clients prove themselves ----------------------------------------------------------------

ENDPOINTS = {
    "token": {"grant_type": "client_credentials"},
    "introspection": {"token": "swr_unknown"},
    "revocation": {"token": "swr_unknown"},
}
METHODS = {
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
}


def proven(probe: Probe, method: str) -> tuple[dict[str, str], dict[str, str]]:
    """A new client that registered this method: the form and headers by which it proves itself."""
    issuer, certificate = probe.issuer, probe.certificate
    match method:
        case "tls_client_auth":
            client = device(issuer, certificate, tls_client_auth_subject_dn="CN=pump").client
        case "self_signed_tls_client_auth":
            client = own_key(issuer, certificate).client
        case "none":
            return {"client_id": issuer.phone_app().id}, {}
        case _:
            registration = ClientRegistration(method, jwks=probe.key.jwks)
            client = issuer.machine(registration=registration)
    match method:
        case "client_secret_basic":
            return {}, {"authorization": httpx.BasicAuth(*client.basic)._auth_header}
        case "client_secret_post":
            return {"client_id": client.id, "client_secret": client.secret or ""}, {}
        case "client_secret_jwt":
            return signed_by_secret(issuer, client), {}
        case "private_key_jwt":
            return probe.key.assertion(client.id, issuer.issuer), {}
    return {"client_id": client.id}, {HEADER: as_structured_field(certificate)}


def signed_by_secret(issuer: Issuer, client: KnownClient) -> dict[str, str]:
    at = int(issuer.clock().timestamp())
    claims = {"iss": client.id, "sub": client.id, "aud": issuer.issuer, "jti": client.id}
    key = OctKey.import_key(client.secret or "")
    signed = jwt.encode({"alg": "HS256"}, {**claims, "iat": at, "exp": at + 60}, key)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


@tries(*(f"{endpoint}_endpoint_auth_methods_supported" for endpoint in ENDPOINTS))
@tries("introspection_endpoint", "revocation_endpoint")
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_methods_of_authentication(probe: Probe, endpoint: str) -> None:
    url = probe.says(f"{endpoint}_endpoint")

    def works(method: str) -> bool:
        form, headers = proven(probe, method)
        if (endpoint, method) == ("token", "none"):
            form |= {"grant_type": "refresh_token", "refresh_token": "swr_unknown"}
        answer = probe.issuer.http.post(url, data=ENDPOINTS[endpoint] | form, headers=headers)
        return error_of(answer) not in ("invalid_client", "unauthorized_client")

    compare(probe.says(f"{endpoint}_endpoint_auth_methods_supported"), METHODS, works)


@tries(*(f"{endpoint}_endpoint_auth_signing_alg_values_supported" for endpoint in ENDPOINTS))
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_algorithms_of_assertions(probe: Probe, endpoint: str) -> None:
    def works(algorithm: str) -> bool:
        signing = probe.keyed(algorithm)
        form = ENDPOINTS[endpoint] | signing.assertion()
        answer = probe.issuer.http.post(probe.says(f"{endpoint}_endpoint"), data=form)
        return error_of(answer) != "invalid_client"

    listed = probe.says(f"{endpoint}_endpoint_auth_signing_alg_values_supported")
    compare(listed, set(ALGORITHMS), works)


# --- to which key tokens are bound ---------------------------------------------------------------


@tries("dpop_signing_alg_values_supported")
def test_algorithms_of_proofs(probe: Probe) -> None:
    def works(algorithm: str) -> bool:
        prover = key_of(probe.issuer, algorithm)
        answer = probe.post("token_endpoint", {"grant_type": "client_credentials"}, prover)
        assert error_of(answer) in ("", "invalid_dpop_proof")
        return bool(answer.json().get("token_type") == "DPoP")

    compare(probe.says("dpop_signing_alg_values_supported"), set(ALGORITHMS), works)


@tries("tls_client_certificate_bound_access_tokens")
def test_tokens_bound_to_certificates(probe: Probe) -> None:
    probe.registered(tls_client_certificate_bound_access_tokens=True)
    answer = probe.issuer.http.post(
        probe.says("token_endpoint"),
        data={"grant_type": "client_credentials", **probe.assertion()},
        headers={HEADER: as_structured_field(probe.certificate)},
    )
    token = answer.json().get("access_token")
    is_bound = token is not None and "x5t#S256" in str(unverified(token)[1].get("cnf"))
    assert is_bound is probe.says("tls_client_certificate_bound_access_tokens")


# --- what we sign --------------------------------------------------------------------------------


def signed_by(probe: Probe, member: str, algorithm: str) -> str:
    """What is signed for a client that wants this algorithm."""
    match member:
        case "id_token_signing_alg_values_supported":
            known = probe.registered(id_token_signed_response_alg=algorithm)
            return str(known.tokens("openid")["id_token"])
        case "userinfo_signing_alg_values_supported":
            known = probe.registered(userinfo_signed_response_alg=algorithm)
            return known.userinfo(known.tokens("openid")["access_token"]).text
    known = probe.registered(introspection_signed_response_alg=algorithm)
    return known.post("introspection_endpoint", {"token": "swr_unknown"}).text


SIGNED = [f"{what}_signing_alg_values_supported" for what in ("id_token", "userinfo")]
SIGNED.append("introspection_signing_alg_values_supported")


@tries(*SIGNED)
@pytest.mark.parametrize("member", SIGNED)
def test_what_is_signed_here(probe: Probe, member: str) -> None:
    keys = KeySet.import_key_set(probe.issuer.jwks())  # type: ignore[arg-type]

    def works(algorithm: str) -> bool:
        signed = signed_by(probe, member, algorithm)
        used = str(jwt.decode(signed, keys, algorithms=["ES256", "RS256"]).header["alg"])
        return used == algorithm

    compare(probe.says(member), {"ES256", "RS256"}, works)


# --- how clients become known --------------------------------------------------------------------


@tries("registration_endpoint")
def test_registration(probe: Probe) -> None:
    url = f"{probe.issuer.issuer}/register"
    said = {
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": probe.key.jwks,
    }
    headers = {"authorization": f"Bearer {initial_token(probe.issuer)}"}
    answer = probe.issuer.http.post(url, json=said, headers=headers)
    assert answer.status_code in (201, 404), answer.text
    assert probe.says("registration_endpoint") == (url if answer.is_success else None)


REGISTERED: dict[str, tuple[str, Collection[str]]] = {
    "grant_types": ("grant_types_supported", ["password", *sorted(GRANT_TYPES)]),
    "response_types": ("response_types_supported", ["code", "token", "id_token"]),
}
REGISTERED_ONE: dict[str, tuple[str, Collection[str]]] = {
    "token_endpoint_auth_method": ("token_endpoint_auth_methods_supported", METHODS),
    "id_token_signed_response_alg": (SIGNED[0], ("ES256", "RS256", "PS256", "HS256", "none")),
    "userinfo_signed_response_alg": (SIGNED[1], ("ES256", "RS256", "PS256", "HS256", "none")),
    "introspection_signed_response_alg": (SIGNED[2], ("ES256", "RS256", "PS256", "none")),
    "request_object_signing_alg": (
        "request_object_signing_alg_values_supported", (*ALGORITHMS, "HS256", "none")
    ),
    "subject_type": ("subject_types_supported", ("public", "pairwise")),
}  # fmt: skip


@pytest.mark.parametrize("name", [*REGISTERED, *REGISTERED_ONE])
@pytest.mark.parametrize("profile", ["default", "fapi2"])
def test_what_is_not_advertised_cannot_be_registered(
    bare: Site, certificate: Certificate, name: str, profile: str
) -> None:
    policy = WorkspacePolicy(client_registration="open", security_profile=profile)
    probe = Probe.at(Issuer.new(bare, policy=policy), certificate)
    member, candidates = REGISTERED.get(name) or REGISTERED_ONE[name]
    for value in candidates:
        said: dict[str, Any] = {
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": probe.key.jwks,
            name: [value] if name in REGISTERED else value,
        }
        made = probe.issuer.http.post(probe.says("registration_endpoint"), json=said)
        assert made.status_code in (201, 400, 429)
        kept = made.json().get(name)
        if value not in probe.says(member):
            assert kept != said[name], value


@tries("client_id_metadata_document_supported")
def test_clients_that_bring_their_document(probe: Probe, elsewhere: HttpsSite) -> None:
    path = f"/{probe.issuer.id}.json"
    proof: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt"}
    url = publish(elsewhere, path, jwks=probe.key.jwks, **proof)
    form = probe.request(client_id=url) | probe.key.assertion(url, probe.issuer.issuer)
    answer = probe.issuer.http.post(probe.says("pushed_authorization_request_endpoint"), data=form)
    asked = [one.path for one in elsewhere.received]
    assert (answer.status_code == 201) == (path in asked)
    assert (path in asked) is probe.says("client_id_metadata_document_supported")


# --- leaving -------------------------------------------------------------------------------------


@tries("end_session_endpoint")
def test_people_can_be_sent_to_leave(probe: Probe) -> None:
    page = probe.issuer.http.get(probe.says("end_session_endpoint"))
    assert page.status_code == 200
    assert "signed out" in page.text


@tries("backchannel_logout_supported", "backchannel_logout_session_supported")
def test_clients_are_told_who_left(probe: Probe) -> None:
    known = probe.registered(backchannel_logout_uri="https://app.example/logout")
    tokens = known.tokens("openid")
    sid = unverified(tokens["id_token"])[1]["sid"]
    known.post("revocation_endpoint", {"token": tokens["refresh_token"]})
    notices = schema.logout_notices
    with probe.issuer.database.read() as tx:
        told = tx.scalar(select(notices.c.session_id).where(notices.c.client_id == known.client.id))
    assert (told == sid) is probe.says("backchannel_logout_supported") is True
    assert probe.says("backchannel_logout_session_supported") is True


@tries("userinfo_endpoint")
def test_userinfo(probe: Probe) -> None:
    assert probe.userinfo(probe.tokens("openid")["access_token"]).json()["sub"] == probe.person
