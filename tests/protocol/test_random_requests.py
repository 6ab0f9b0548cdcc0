"""Random requests, good ones and mutated ones: nothing breaks, and every way in decides alike."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scopewright.core.model import Client
from scopewright.core.registration import ClientRegistration
from tests.client_keys import ClientKey
from tests.people import CALLBACK, CHALLENGE, VERIFIER, Browser, Stage, answer_of

Pairs = list[tuple[str, str]]

ANN = "ann@example.com"
SECRET = "s3cret"
RANDOMLY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FORM = {"content-type": "application/x-www-form-urlencoded"}

# Of each parameter first what is good, then what is not, or is of another parameter.
VALUES: dict[str, list[str]] = {
    "response_type": ["code", "token", "code id_token", ""],
    "redirect_uri": [CALLBACK, "https://evil.example/", "http://[", ""],
    "code_challenge": [CHALLENGE, VERIFIER, ""],
    "code_challenge_method": ["S256", "plain", ""],
    "scope": ["sensor:read", "openid email", "no/name", "sensor:read sensor:read", "ü", "*"],
    "state": ["xyz", "", "é", "x" * 2001],
    "nonce": ["n", "", "n" * 2001],
    "prompt": ["login", "none", "none login", "nothing"],
    "max_age": ["0", "300", "-1", "9" * 12],
    "claims": [
        '{"userinfo":{"email":null}}',
        "{",
        "[]",
        '{"id_token":{"sub":{"value":"\\ud800"}}}',
    ],
    "resource": ["urn:pumps", "urn:lights", "urn:unknown", "#", ""],
    "authorization_details": ['[{"type":"sensor:read","identifiers":["a"]}]', "[]", "[{}]", "null"],
    "response_mode": ["query", "form_post", "fragment"],
    "id_token_hint": ["a.b.c", ""],
    "acr_values": ["urn:unknown", ""],
    "login_hint": [ANN, "\u2028"],
    "dpop_jkt": ["j" * 43, "short"],
    "request": ["a.b.c", ""],
    "request_uri": ["urn:ietf:params:oauth:request_uri:x", "https://evil.example", ""],
    "registration": ["{}"],
    "unknown": ["\x7f", "x"],
}
ALWAYS = ("response_type", "redirect_uri", "code_challenge", "code_challenge_method")


@st.composite
def requests(draw: st.DrawFn) -> Pairs:
    """Mostly good: some parameters more, some spoilt, some left out, some twice."""
    chosen = [name for name in ALWAYS if draw(st.integers(0, 9))]
    chosen += draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3))
    good = draw(st.booleans())
    return [
        (
            name,
            VALUES[name][0] if good or draw(st.integers(0, 2)) else draw(st.sampled_from(values)),
        )
        for name in chosen
        for values in [VALUES[name]]
    ]


@pytest.fixture
def key(stage: Stage) -> ClientKey:
    return ClientKey(stage.clock())


@pytest.fixture
def client(stage: Stage, key: ClientKey) -> Client:
    stage.policy(resources={"urn:pumps": ["sensor:read"], "urn:lights": ["video:gold"]})
    return stage.confidential(SECRET, registration=ClientRegistration(jwks=key.jwks))


@pytest.fixture
def ann(stage: Stage) -> Browser:
    stage.person(ANN, "sensor:read", "video:gold")
    return stage.signed_in(ANN)


def pushed(stage: Stage, client: Client, request: Pairs) -> httpx.Response:
    url, auth = f"{stage.issuer}/par", (client.id, SECRET)
    return stage.browser().ask("POST", url, content=urlencode(request), headers=FORM, auth=auth)


def brought(stage: Stage, client: Client, request: Pairs) -> httpx.Response:
    query = urlencode([("client_id", client.id), *request])
    return stage.browser().ask("GET", f"{stage.issuer}/authorize?{query}")


def error_of(answer: httpx.Response) -> str | None:
    """What the client or the person is told; None where the request is taken."""
    if answer.status_code == 201 or "/authorize/aut_" in answer.headers.get("location", ""):
        return None
    if answer.status_code == 303:
        return answer_of(answer)["error"]
    assert answer.status_code in (200, 400), answer.text
    if "application/json" in answer.headers["content-type"]:
        return str(answer.json()["error"])
    return "a page"


@RANDOMLY
@given(request=requests())
@example(request=[("acr_values", "a"), ("acr_values", "b"), ("request", "a.b.c")])
def test_what_can_be_pushed_is_what_can_be_brought(
    stage: Stage, client: Client, request: Pairs
) -> None:
    here = error_of(pushed(stage, client, request))
    there = error_of(brought(stage, client, request))
    if any(name == "request_uri" for name, _ in request):
        assert here == "invalid_request"  # a name cannot be pushed
    elif any(name == "id_token_hint" and value for name, value in request):
        assert there is not None  # whose it is, is looked at when the browser comes
    elif there == "a page":
        assert here is not None
    else:
        assert here == there


@RANDOMLY
@given(request=requests())
def test_a_signed_request_is_decided_as_one_in_the_open(
    stage: Stage, client: Client, key: ClientKey, request: Pairs
) -> None:
    said = {n: v for n, v in request if v and n not in ("request", "request_uri")}
    signed = key.request_object(client.id, stage.issuer, **said)
    here = error_of(brought(stage, client, [("request", signed)]))
    there = error_of(brought(stage, client, list(said.items())))
    assert here in (there, "invalid_request_object")
    if here == "invalid_request_object":
        assert not all(value.isprintable() for value in said.values())


TOKEN_VALUES: dict[str, list[str]] = {
    "grant_type": ["authorization_code", "refresh_token", "client_credentials", "password", ""],
    "code": ["good", "swc_wrong", ""],
    "redirect_uri": [CALLBACK, "https://evil.example/", ""],
    "code_verifier": [VERIFIER, CHALLENGE, ""],
    "resource": ["urn:pumps", "urn:lights", "urn:unknown"],
    "authorization_details": ['[{"type":"sensor:read","identifiers":["a"]}]', "[]"],
    "scope": ["sensor:read", "no/name"],
    "refresh_token": ["swr_wrong", ""],
    "client_assertion": ["a.b.c"],
    "client_assertion_type": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "x"],
    "assertion": ["a.b.c"],
    "subject_token": ["a.b.c"],
    "device_code": ["x"],
}
NEEDED = ("grant_type", "code", "redirect_uri", "code_verifier")


@st.composite
def token_requests(draw: st.DrawFn) -> Pairs:
    chosen = [name for name in NEEDED if draw(st.integers(0, 9))]
    chosen += draw(st.lists(st.sampled_from(sorted(TOKEN_VALUES)), max_size=2))
    return [
        (name, TOKEN_VALUES[name][0] if draw(st.integers(0, 3)) else draw(st.sampled_from(values)))
        for name in chosen
        for values in [TOKEN_VALUES[name]]
    ]


@RANDOMLY
@given(form=token_requests())
def test_a_token_is_given_only_for_what_fits_the_code(
    stage: Stage, client: Client, ann: Browser, form: Pairs
) -> None:
    page = ann.get(stage.authorize_url(client, resource="urn:pumps"))
    code = answer_of(page if page.has_redirect_location else ann.submit(page))["code"]
    sent = [(name, code if (name, value) == ("code", "good") else value) for name, value in form]
    url, auth = f"{stage.issuer}/token", (client.id, SECRET)
    answer = stage.browser().ask("POST", url, content=urlencode(sent), headers=FORM, auth=auth)
    assert answer.status_code in (200, 400, 401), answer.text
    if answer.status_code == 200:
        said = {name: value for name, value in sent if value}
        assert said["grant_type"] == "authorization_code"
        assert said["code"] == code
        assert said["code_verifier"] == VERIFIER
        assert said["redirect_uri"] == CALLBACK
        assert {value for name, value in sent if name == "resource" and value} <= {"urn:pumps"}
        assert set(answer.json()["scope"].split()) <= {"sensor:read"}
        assert "authorization_details" not in answer.json()
