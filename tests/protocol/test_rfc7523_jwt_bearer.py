"""RFC 7523 §2.1: what a trusted outside issuer signs speaks for a client, which needs no secret."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scopewright.core.model import SigningKey, WorkspacePolicy
from scopewright.core.oauth import JWT_BEARER
from scopewright.core.trusted_issuers import Rule, TrustedIssuer
from scopewright.keys import KeyRing
from tests.migrated import migrated_file
from tests.outside import BUILDS, Outside, a_key
from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused, running_site
from tests.tls import HERE, CertificateAuthority, Reply, https_site

REPOSITORY = {"repository": "acme/site"}
OUTSIDE = Outside()


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("site:deploy", "site:read")


@pytest.fixture
def trusted(issuer: Issuer, machine: KnownClient) -> TrustedIssuer:
    return issuer.trust(OUTSIDE, Rule(REPOSITORY, machine.id))


def signed(issuer: Issuer, **replaced: Any) -> str:
    """An assertion for this workspace; None leaves a claim out."""
    audience = replaced.pop("aud", issuer.issuer)
    return OUTSIDE.assertion(audience, issuer.clock(), **replaced)


def asked(
    issuer: Issuer, assertion: str | None, client: KnownClient | None = None, **form: str
) -> Answer:
    """The token endpoint's answer; nobody else proves anything unless there is a client."""
    sent = {"grant_type": JWT_BEARER, **form}
    return issuer.post(
        "token", sent if assertion is None else {**sent, "assertion": assertion}, client
    )


# --- a good assertion ----------------------------------------------------------------------------


def test_a_job_gets_the_token_of_its_client_without_any_secret(
    issuer: Issuer, machine: KnownClient, trusted: TrustedIssuer
) -> None:
    answer = asked(issuer, signed(issuer))
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.json()["scope"] == "site:deploy site:read"
    said = issuer.introspect(machine, answer.json()["access_token"])
    assert (said["sub"], said["client_id"], said["aud"]) == (machine.id, machine.id, issuer.id)
    assert "sid" not in said


def test_it_may_ask_for_less_and_never_for_more(issuer: Issuer, trusted: TrustedIssuer) -> None:
    assert asked(issuer, signed(issuer), scope="site:read").json()["scope"] == "site:read"
    issuer.define("site:delete")
    refused = asked(issuer, signed(issuer), scope="site:read site:delete")
    assert_refused(refused, 400, "invalid_scope")
    assert_refused(asked(issuer, signed(issuer), scope="openid"), 400, "invalid_scope")


def test_the_audience_may_be_one_of_several_or_another_that_was_agreed(
    issuer: Issuer, machine: KnownClient
) -> None:
    issuer.trust(OUTSIDE, Rule(REPOSITORY, machine.id), audience="acme")
    assert asked(issuer, signed(issuer, aud=["other", "acme"])).status_code == 200
    assert_refused(asked(issuer, signed(issuer)), 400, "invalid_grant")


def test_a_type_may_be_missing_but_not_be_that_of_another_token(
    issuer: Issuer, trusted: TrustedIssuer
) -> None:
    untyped = unsigned_parts(signed(issuer))[0] | {}
    untyped.pop("typ")
    assert asked(issuer, resigned(signed(issuer), untyped)).status_code == 200
    for type in ("at+jwt", "logout+jwt", "dpop+jwt", ""):
        assert_refused(asked(issuer, signed(issuer, type=type)), 400, "invalid_grant")


def unsigned_parts(token: str) -> list[dict[str, Any]]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def resigned(token: str, header: dict[str, Any], key: SigningKey | None = None) -> str:
    """The same claims under another header."""
    ring, key = KeyRing(), key or OUTSIDE.key
    ring._headers[key.id, "x"] = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    return ring.sign(key, unsigned_parts(token)[1], type="x")


def test_rsa_keys_are_as_good(issuer: Issuer, machine: KnownClient) -> None:
    outside = Outside(key=a_key(0, "RS256"))
    issuer.trust(outside, Rule(REPOSITORY, machine.id))
    assertion = outside.assertion(issuer.issuer, issuer.clock())
    assert asked(issuer, assertion).status_code == 200


# --- who else proves something -------------------------------------------------------------------


def test_a_client_that_names_itself_must_be_the_one_spoken_for(
    issuer: Issuer, machine: KnownClient, trusted: TrustedIssuer
) -> None:
    other = issuer.machine("site:deploy")
    assert asked(issuer, signed(issuer), client_id=machine.id).status_code == 200
    assert asked(issuer, signed(issuer), machine).status_code == 200
    assert_refused(asked(issuer, signed(issuer), client_id=other.id), 400, "invalid_grant")
    assert_refused(asked(issuer, signed(issuer), other), 400, "invalid_grant")


def test_a_wrong_secret_is_not_passed_over(
    issuer: Issuer, machine: KnownClient, trusted: TrustedIssuer
) -> None:
    wrong = KnownClient(machine.id, "sws_wrong")
    assert_refused(asked(issuer, signed(issuer), wrong), 401, "invalid_client")


def test_an_assertion_proves_nobody_for_another_grant_type(
    issuer: Issuer, trusted: TrustedIssuer
) -> None:
    for grant_type in ("client_credentials", "authorization_code"):
        answer = asked(issuer, signed(issuer), grant_type=grant_type)
        assert_refused(answer, 401, "invalid_client")


def test_the_disabled_client_of_a_rule_gets_nothing(
    issuer: Issuer, machine: KnownClient, trusted: TrustedIssuer
) -> None:
    issuer.disable(machine.id)
    assert_refused(asked(issuer, signed(issuer)), 400, "unauthorized_client")
    issuer.delete_client(machine)
    assert_refused(asked(issuer, signed(issuer)), 400, "invalid_grant")


# --- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"repository": "acme/site", "ref": "main"}, {"ref": "main"}),
        ({"groups": "deployers"}, {"groups": ["readers", "deployers"]}),
        ({"protected": True}, {"protected": True}),
        ({"attempt": 1}, {"attempt": 1}),
    ],
)
def test_a_rule_fits_when_each_of_its_claims_stands_there(
    issuer: Issuer, machine: KnownClient, rule: dict[str, Any], said: dict[str, Any]
) -> None:
    issuer.trust(OUTSIDE, Rule(rule, machine.id))
    assert asked(issuer, signed(issuer, **said)).status_code == 200


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"repository": "acme/site", "ref": "main"}, {}),
        ({"repository": "acme/site", "ref": "main"}, {"ref": "Main"}),
        ({"repository": "acme/*"}, {}),
        ({"repository": "acme"}, {}),
        ({"groups": "deploy"}, {"groups": ["deployers"]}),
        ({"groups": "deployers"}, {"groups": "deployers, readers"}),
        ({"groups": "deployers"}, {"groups": {"deployers": True}}),
        ({"protected": True}, {"protected": "true"}),
        ({"protected": True}, {"protected": 1}),
        ({"attempt": 1}, {"attempt": True}),
        ({"attempt": 1}, {"attempt": 1.0}),
        ({"attempt": 1}, {"attempt": "1"}),
    ],
)
def test_a_rule_that_does_not_fit_exactly_lets_nobody_in(
    issuer: Issuer, machine: KnownClient, rule: dict[str, Any], said: dict[str, Any]
) -> None:
    issuer.trust(OUTSIDE, Rule(rule, machine.id))
    assert_refused(asked(issuer, signed(issuer, **said)), 400, "invalid_grant")


def test_where_several_rules_fit_the_client_that_is_named_is_meant(issuer: Issuer) -> None:
    one, other = issuer.machine("one"), issuer.machine("other")
    issuer.trust(OUTSIDE, Rule(REPOSITORY, one.id), Rule(REPOSITORY, other.id))
    assert_refused(asked(issuer, signed(issuer)), 400, "invalid_grant")
    assert asked(issuer, signed(issuer), client_id=other.id).json()["scope"] == "other"


# --- what is not good (§3) -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "replaced",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"iss": ["https://builds.example"]},
        {"iss": f"{BUILDS}/"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"aud": []},
        {"aud": {"a": "b"}},
        {"exp": None},
        {"exp": 0},
        {"exp": "soon"},
        {"exp": True},
        {"jti": ""},
        {"jti": 7},
        {"iat": "now"},
        {"nbf": -1},
        {"repository": "acme/other"},
    ],
    ids=str,
)
def test_an_assertion_that_says_something_else_is_refused(
    issuer: Issuer, trusted: TrustedIssuer, replaced: dict[str, Any]
) -> None:
    assert_refused(asked(issuer, signed(issuer, **replaced)), 400, "invalid_grant")


@pytest.mark.parametrize(
    ("claim", "seconds", "good"),
    [
        ("exp", 0, False), ("exp", 1, True), ("exp", 3660, True), ("exp", 3661, False),
        ("iat", 60, True), ("iat", 61, False), ("nbf", 60, True), ("nbf", 61, False),
    ],
)  # fmt: skip
def test_an_assertion_is_good_for_an_hour_at_most(
    issuer: Issuer, trusted: TrustedIssuer, claim: str, seconds: int, good: bool
) -> None:
    moment = int(issuer.clock().timestamp()) + seconds
    answer = asked(issuer, signed(issuer, **{claim: moment}))
    assert (answer.status_code == 200) is good


def test_an_assertion_counts_once(issuer: Issuer, trusted: TrustedIssuer) -> None:
    assertion = signed(issuer)
    assert asked(issuer, assertion).status_code == 200
    assert_refused(asked(issuer, assertion), 400, "invalid_grant")
    again = signed(issuer, jti=unsigned_parts(assertion)[1]["jti"], attempt=2)
    assert_refused(asked(issuer, again), 400, "invalid_grant")


def test_without_a_jti_it_counts_once_all_the_same_however_its_signature_is_spelled(
    issuer: Issuer, trusted: TrustedIssuer
) -> None:
    assertion = signed(issuer, jti=None)
    assert asked(issuer, assertion).status_code == 200
    for spelled in (assertion, mirrored(assertion)):
        assert_refused(asked(issuer, spelled), 400, "invalid_grant")


def mirrored(token: str) -> str:
    """The same with the other of the two signatures that ECDSA has for each: (r, n - s)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, signature = token.rpartition(".")
    octets = base64.urlsafe_b64decode(signature + "==")
    s = order - int.from_bytes(octets[32:])
    spelled = base64.urlsafe_b64encode(octets[:32] + s.to_bytes(32)).rstrip(b"=").decode()
    return f"{signed}.{spelled}"


def test_an_issuer_whose_assertions_are_files_may_be_heard_again(
    issuer: Issuer, machine: KnownClient
) -> None:
    issuer.trust(OUTSIDE, Rule(REPOSITORY, machine.id), is_single_use=False)
    assertion = signed(issuer)
    assert [asked(issuer, assertion).status_code for _ in range(2)] == [200, 200]


def test_another_key_another_workspace_or_nobody_at_all_is_refused(
    issuer: Issuer, stranger: Issuer, trusted: TrustedIssuer
) -> None:
    impostor = Outside(key=replace(a_key(1), id=OUTSIDE.key.id))
    for assertion in (
        impostor.assertion(issuer.issuer, issuer.clock()),
        Outside(key=a_key(1)).assertion(issuer.issuer, issuer.clock()),
        signed(issuer)[:-6],
        "x.y.z",
        "x",
        "🙂",
    ):
        assert_refused(asked(issuer, assertion), 400, "invalid_grant")
    assert_refused(asked(stranger, signed(stranger)), 400, "invalid_grant")
    assert_refused(asked(issuer, None, client_id=issuer.id), 400, "invalid_request")
    assert_refused(asked(issuer, None), 401, "invalid_client")


@pytest.mark.parametrize(
    "replaced",
    [
        {"alg": "none"}, {"alg": "HS256"}, {"alg": "RS256"}, {"kid": "other"}, {"crit": ["exp"]},
        {"jku": "https://evil.example"}, {"x5u": "https://evil.example"}, {"b64": False},
        {"jwk": OUTSIDE.jwks["keys"][0]},
    ],
    ids=["none", "HS256", "RS256", "kid", "crit", "jku", "x5u", "b64", "jwk"],
)  # fmt: skip
def test_a_header_that_chooses_its_own_key_or_algorithm_is_refused(
    issuer: Issuer, trusted: TrustedIssuer, replaced: dict[str, Any]
) -> None:
    assertion = signed(issuer)
    header = {**unsigned_parts(assertion)[0], **replaced}
    assert_refused(asked(issuer, resigned(assertion, header)), 400, "invalid_grant")


def test_keys_may_stand_at_a_url_and_be_exchanged_there(
    certificate_authority: CertificateAuthority, tmp_path: Path
) -> None:
    with https_site(certificate_authority.issue(*HERE)) as keys:
        outbound = {"allow": (keys.allow,), "ca_file": str(certificate_authority.ca_file)}
        with running_site(migrated_file(tmp_path / "keys.db"), outbound=outbound) as running:
            issuer, following = Issuer.new(running), Outside(key=a_key(1))
            rule = Rule(REPOSITORY, issuer.machine("site:deploy").id)
            issuer.trust(OUTSIDE, rule, jwks=None, jwks_uri=keys.url("/keys"))
            keys.answers["/keys"] = Reply(json.dumps(OUTSIDE.jwks).encode())
            assert asked(issuer, signed(issuer)).status_code == 200
            keys.answers["/keys"] = Reply(json.dumps(following.jwks).encode())
            issuer.clock.advance(minutes=1)
            assertion = following.assertion(issuer.issuer, issuer.clock())
            assert asked(issuer, assertion).status_code == 200


def test_a_jwks_uri_that_cannot_be_reached_proves_nothing(
    issuer: Issuer, machine: KnownClient
) -> None:
    rule = Rule(REPOSITORY, machine.id)
    issuer.trust(OUTSIDE, rule, jwks=None, jwks_uri="https://127.0.0.1:9/keys")
    assert_refused(asked(issuer, signed(issuer)), 400, "invalid_grant")


def test_our_own_tokens_are_no_assertions(
    issuer: Issuer, machine: KnownClient, trusted: TrustedIssuer
) -> None:
    assert_refused(asked(issuer, issuer.access_token(machine)), 400, "invalid_grant")


def test_a_workspace_under_fapi_leaves_this_grant_out(site: Any) -> None:
    issuer = Issuer.new(site, policy=WorkspacePolicy(security_profile="fapi2"))
    machine = issuer.machine("site:deploy")
    issuer.trust(OUTSIDE, Rule(REPOSITORY, machine.id))
    assert_refused(asked(issuer, signed(issuer)), 400, "unsupported_grant_type")
