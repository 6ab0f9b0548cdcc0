"""RFC 9101: the request as a signed object, which nobody on its way can change."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from scopewright.core.model import Client
from scopewright.core.registration import ClientRegistration
from tests.client_keys import ClientKey
from tests.people import CALLBACK, Stage, answer_of
from tests.protocol.issuer import assert_refused

ANN = "ann@example.com"
SECRET = "s3cret"


@pytest.fixture
def key(stage: Stage) -> ClientKey:
    return ClientKey(stage.clock())


@pytest.fixture
def app(stage: Stage, key: ClientKey) -> Client:
    stage.person(ANN, "sensor:read", "video:gold")
    return registered(stage, jwks=key.jwks)


def registered(stage: Stage, **said: Any) -> Client:
    return stage.confidential(SECRET, registration=ClientRegistration(**said))


def made(stage: Stage, client: Client, key: ClientKey, /, **said: Any) -> str:
    """A request object that is good, but for what is said."""
    return key.request_object(client.id, stage.issuer, **{**stage.sent(), **said})


def ask(stage: Stage, client: Client, request: str, **beside: str) -> httpx.Response:
    """The authorize endpoint's answer to this object, with as little beside it as possible."""
    parameters = {"client_id": client.id, "request": request, **beside}
    return stage.browser().ask("GET", f"{stage.issuer}/authorize", params=parameters)


def error_of(answer: httpx.Response) -> str:
    return answer_of(answer)["error"]


def is_taken(answer: httpx.Response) -> bool:
    return "/authorize/aut_" in answer.headers["location"]


# --- what it says counts, and nothing beside it -------------------------------------------------


def test_a_signed_request_is_a_request(stage: Stage, app: Client, key: ClientKey) -> None:
    browser = stage.signed_in(ANN)
    begun = ask(stage, app, made(stage, app, key, scope="sensor:read"))
    answer = answer_of(browser.submit(browser.get(begun.headers["location"])))
    assert answer["state"] == "xyz"
    token = stage.exchange(app, answer["code"], client_secret=SECRET).json()
    assert token["scope"] == "sensor:read"


def test_nothing_outside_the_object_is_read(stage: Stage, app: Client, key: ClientKey) -> None:
    browser = stage.signed_in(ANN)
    request = made(stage, app, key, scope="sensor:read")
    begun = ask(stage, app, request, scope="video:gold", state="other", nonce="n", prompt="none")
    consent = browser.get(begun.headers["location"])
    assert "video:gold" not in consent.text
    assert answer_of(browser.submit(consent))["state"] == "xyz"


def test_what_is_missing_in_the_object_is_not_taken_from_outside(
    stage: Stage, app: Client, key: ClientKey
) -> None:
    request = made(stage, app, key, code_challenge=None)
    outside = stage.sent()
    assert error_of(ask(stage, app, request, **outside)) == "invalid_request"


def test_the_client_outside_is_the_client_inside(stage: Stage, app: Client, key: ClientKey) -> None:
    other = registered(stage, jwks=key.jwks)
    assert error_of(ask(stage, other, made(stage, app, key))) == "invalid_request_object"
    inside = made(stage, app, key, client_id=other.id)
    assert error_of(ask(stage, app, inside)) == "invalid_request"
    assert is_taken(ask(stage, app, made(stage, app, key, client_id=None)))


def test_a_response_type_outside_is_the_same_as_inside(
    stage: Stage, app: Client, key: ClientKey
) -> None:
    assert is_taken(ask(stage, app, made(stage, app, key), response_type="code"))
    refused = ask(stage, app, made(stage, app, key), response_type="token")
    assert error_of(refused) == "invalid_request"


def test_numbers_lists_and_objects_are_read_as_their_parameters(
    stage: Stage, app: Client, key: ClientKey
) -> None:
    stage.policy(resources={"urn:a": ["sensor:read"], "urn:b": ["video:gold"]})
    rich = {
        "max_age": 300,
        "resource": ["urn:a", "urn:b"],
        "claims": {"userinfo": {"email": None}},
        "authorization_details": [{"type": "sensor:read", "identifiers": ["pump-7"]}],
    }
    assert is_taken(ask(stage, app, made(stage, app, key, **rich)))
    assert error_of(ask(stage, app, made(stage, app, key, resource=["urn:c"]))) == "invalid_target"
    for strange in (True, 1.5, None, "a\nb", "nul\x00"):
        said = {**stage.sent(), "nonce": strange}
        request = _signed_as_is(stage, app, key, said)
        assert error_of(ask(stage, app, request)) == "invalid_request_object"


def _signed_as_is(stage: Stage, app: Client, key: ClientKey, said: dict[str, Any]) -> str:
    claims = {"iss": app.id, "aud": stage.issuer, "exp": key.moment + 60, **said}
    return key.sign(claims)


def test_a_failure_inside_a_good_object_goes_to_its_redirect_uri(
    stage: Stage, app: Client, key: ClientKey
) -> None:
    answer = answer_of(ask(stage, app, made(stage, app, key, response_type="token")))
    assert (answer["error"], answer["state"]) == ("unsupported_response_type", "xyz")


def test_a_redirect_uri_inside_is_as_exact_as_outside(
    stage: Stage, app: Client, key: ClientKey
) -> None:
    answer = ask(stage, app, made(stage, app, key, redirect_uri="https://evil.example/cb"))
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_where_nothing_tells_where_to_answer_a_bad_object_is_a_page(
    stage: Stage, key: ClientKey
) -> None:
    uris = (CALLBACK, "https://other.example/callback")
    registration = ClientRegistration(jwks=key.jwks)
    client = stage.confidential(SECRET, redirect_uris=uris, registration=registration)
    assert ask(stage, client, "no.good.object").status_code == 400
    answer = answer_of(ask(stage, client, "no.good.object", redirect_uri=CALLBACK))
    assert answer["error"] == "invalid_request_object"


# --- who signed it, and how ---------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"])
def test_a_client_signs_with_any_algorithm_offered(stage: Stage, algorithm: str) -> None:
    key = ClientKey(stage.clock(), algorithm)
    client = registered(stage, jwks=key.jwks)
    assert is_taken(ask(stage, client, made(stage, client, key)))
    url = f"{stage.issuer}/.well-known/openid-configuration"
    document = stage.browser().ask("GET", url).json()
    assert algorithm in document["request_object_signing_alg_values_supported"]
    assert document["request_parameter_supported"] is True


@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", "JWT", None])
def test_the_type_says_so_or_nothing(
    stage: Stage, app: Client, key: ClientKey, typ: str | None
) -> None:
    claims = {"iss": app.id, "aud": stage.issuer, "exp": key.moment + 60, **stage.sent()}
    assert is_taken(ask(stage, app, key.sign(claims, typ=typ)))


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "", "jwt+oauth"])
def test_an_object_of_another_type_is_no_request(
    stage: Stage, app: Client, key: ClientKey, typ: str
) -> None:
    claims = {"iss": app.id, "aud": stage.issuer, "exp": key.moment + 60, **stage.sent()}
    assert error_of(ask(stage, app, key.sign(claims, typ=typ))) == "invalid_request_object"


def test_a_client_that_has_registered_an_algorithm_signs_with_no_other(stage: Stage) -> None:
    es, ps = ClientKey(stage.clock()), ClientKey(stage.clock(), "PS256")
    both = {"keys": [es.public, ps.public]}
    client = registered(stage, jwks=both, request_object_signing_alg="PS256")
    assert is_taken(ask(stage, client, made(stage, client, ps)))
    assert error_of(ask(stage, client, made(stage, client, es))) == "invalid_request_object"


def test_another_key_forges_nothing(stage: Stage, app: Client, key: ClientKey) -> None:
    stranger = ClientKey(stage.clock(), kid=key.kid)
    assert error_of(ask(stage, app, made(stage, app, stranger))) == "invalid_request_object"


def test_a_changed_object_is_refused(stage: Stage, app: Client, key: ClientKey) -> None:
    head, _, signature = made(stage, app, key).split(".")
    _, body, _ = made(stage, app, key, scope="video:gold").split(".")
    assert error_of(ask(stage, app, f"{head}.{body}.{signature}")) == "invalid_request_object"


def test_an_unsigned_object_is_refused(stage: Stage, app: Client, key: ClientKey) -> None:
    _, body, _ = made(stage, app, key).split(".")
    for head in ('{"alg":"none"}', '{"alg":"None","typ":"JWT"}'):
        request = f"{_base64url(head.encode())}.{body}."
        assert error_of(ask(stage, app, request)) == "invalid_request_object"


def test_a_public_key_is_no_secret_to_sign_with(stage: Stage, app: Client, key: ClientKey) -> None:
    head = _base64url(json.dumps({"alg": "HS256", "kid": key.kid}).encode())
    _, body, _ = made(stage, app, key).split(".")
    forged = f"{head}.{body}.{_base64url(b'0' * 32)}"
    assert error_of(ask(stage, app, forged)) == "invalid_request_object"


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "x5c", "crit"])
def test_an_object_brings_no_key_of_its_own(
    stage: Stage, app: Client, key: ClientKey, header: str
) -> None:
    value = {"jwk": key.public, "x5c": ["x"], "crit": ["b64"]}.get(header, "https://evil.example")
    claims = {"iss": app.id, "aud": stage.issuer, "exp": key.moment + 60, **stage.sent()}
    extra = {"b64": True} if header == "crit" else {}
    request = key.sign(claims, **{header: value}, **extra)
    assert error_of(ask(stage, app, request)) == "invalid_request_object"


def test_an_encrypted_object_is_refused(stage: Stage, app: Client, key: ClientKey) -> None:
    theirs = ECKey.generate_key("P-256")
    encrypted = jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A128GCM"}, made(stage, app, key).encode(), theirs
    )
    assert error_of(ask(stage, app, encrypted)) == "invalid_request_object"


def test_an_oversized_object_is_refused(stage: Stage, app: Client, key: ClientKey) -> None:
    huge = made(stage, app, key, nonce="n" * 17_000)
    parameters = {"client_id": app.id, "request": huge}
    url = f"{stage.issuer}/authorize"
    answer = stage.browser().ask("POST", url, data=parameters)
    assert error_of(answer) == "invalid_request_object"


@pytest.mark.parametrize(
    "request_object", ["x", "a.b", "a.b.c", "....", "é.é.é", "e30.e30.", "\x01"]
)
def test_what_is_no_object_is_refused(stage: Stage, app: Client, request_object: str) -> None:
    assert error_of(ask(stage, app, request_object)) == "invalid_request_object"


def test_a_client_without_keys_signs_nothing(stage: Stage, key: ClientKey) -> None:
    client = stage.confidential(SECRET)
    assert error_of(ask(stage, client, made(stage, client, key))) == "invalid_request_object"


# --- for whom, and for how long -----------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"iss": None},
        {"iss": "somebody else"},
        {"aud": None},
        {"aud": "https://other.example"},
        {"aud": ["https://other.example"]},
        {"aud": 7},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"nbf": "now"},
        {"request": "e30.e30.e30"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    ],
)
def test_an_object_by_or_for_another_or_without_an_end_is_refused(
    stage: Stage, app: Client, key: ClientKey, said: dict[str, Any]
) -> None:
    assert error_of(ask(stage, app, made(stage, app, key, **said))) == "invalid_request_object"


def test_an_assertion_is_no_request(stage: Stage, app: Client, key: ClientKey) -> None:
    both = made(stage, app, key, sub=app.id)
    assert error_of(ask(stage, app, both)) == "invalid_request_object"


def test_the_issuer_may_stand_among_several_audiences(
    stage: Stage, app: Client, key: ClientKey
) -> None:
    several = made(stage, app, key, aud=["https://other.example", stage.issuer])
    assert is_taken(ask(stage, app, several))


@pytest.mark.parametrize(
    ("said", "is_good"),
    [
        ({"exp": 1}, True),
        ({"exp": 0}, False),
        ({"exp": 3610}, True),
        ({"exp": 3611}, False),
        ({"nbf": 10}, True),
        ({"nbf": 11}, False),
        ({"nbf": -3600}, True),
        ({"nbf": -3601}, False),
        ({"nbf": 0.5, "exp": 60.5}, True),
    ],
)
def test_an_object_lives_between_its_two_ends_and_no_longer_than_an_hour(
    stage: Stage, app: Client, key: ClientKey, said: dict[str, float], is_good: bool
) -> None:
    moments = {name: key.moment + seconds for name, seconds in said.items()}
    answer = ask(stage, app, made(stage, app, key, **moments))
    assert is_taken(answer) if is_good else error_of(answer) == "invalid_request_object"


def test_an_object_counts_once_with_a_jti_and_without(
    stage: Stage, app: Client, key: ClientKey
) -> None:
    for request in (made(stage, app, key), made(stage, app, key, jti=None, nonce="n")):
        assert is_taken(ask(stage, app, request))
        assert error_of(ask(stage, app, request)) == "invalid_request_object"
    one, other = (made(stage, app, key, jti="same", nonce=str(n)) for n in range(2))
    assert is_taken(ask(stage, app, one))
    assert error_of(ask(stage, app, other)) == "invalid_request_object"


def test_a_forged_object_spends_nothing(stage: Stage, app: Client, key: ClientKey) -> None:
    stranger = ClientKey(stage.clock(), kid=key.kid)
    assert error_of(ask(stage, app, made(stage, app, stranger, jti="one"))) is not None
    assert is_taken(ask(stage, app, made(stage, app, key, jti="one")))


# --- who must sign ------------------------------------------------------------------------------


def test_a_client_that_has_registered_it_sends_nothing_unsigned(
    stage: Stage, key: ClientKey
) -> None:
    client = registered(stage, jwks=key.jwks, require_signed_request_object=True)
    refused = stage.browser().ask("GET", stage.authorize_url(client))
    assert error_of(refused) == "invalid_request"
    assert_refused(stage.push(stage.sent(), auth=(client.id, SECRET)), 400, "invalid_request")
    assert is_taken(ask(stage, client, made(stage, client, key)))


# --- pushed (RFC 9126 §3) -----------------------------------------------------------------------


def test_a_signed_request_can_be_pushed(stage: Stage, app: Client, key: ClientKey) -> None:
    form = {"request": made(stage, app, key, scope="sensor:read"), "scope": "video:gold"}
    pushed = stage.push(form, auth=(app.id, SECRET))
    assert pushed.status_code == 201
    assert_refused(stage.push(form, auth=(app.id, SECRET)), 400, "invalid_request_object")
    browser = stage.signed_in(ANN)
    parameters = {"client_id": app.id, "request_uri": pushed.json()["request_uri"]}
    begun = browser.ask("GET", f"{stage.issuer}/authorize", params=parameters)
    consent = browser.get(begun.headers["location"])
    assert "video:gold" not in consent.text
    code = answer_of(browser.submit(consent))["code"]
    token = stage.exchange(app, code, client_secret=SECRET).json()
    assert token["scope"] == "sensor:read"


@pytest.mark.parametrize("said", [{"aud": "https://other.example"}, {"exp": 0}, {"iss": "other"}])
def test_a_bad_object_is_refused_at_the_push(
    stage: Stage, app: Client, key: ClientKey, said: dict[str, Any]
) -> None:
    form = {"request": made(stage, app, key, **said)}
    assert_refused(stage.push(form, auth=(app.id, SECRET)), 400, "invalid_request_object")


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
