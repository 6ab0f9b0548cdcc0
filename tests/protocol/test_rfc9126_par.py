"""RFC 9126: the request goes ahead of the browser, which brings only its name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from scopewright.core.model import Client, ClientType
from scopewright.core.registration import ClientRegistration
from scopewright.store import pushed_requests
from tests.client_keys import ClientKey
from tests.people import CALLBACK, Stage, answer_of
from tests.protocol.issuer import assert_refused

ANN = "ann@example.com"
SECRET = "s3cret"
PREFIX = "urn:ietf:params:oauth:request_uri:"


@pytest.fixture
def app(stage: Stage) -> Client:
    stage.person(ANN, "sensor:read", "video:gold")
    return stage.confidential(SECRET)


def push(stage: Stage, client: Client, **replaced: str | None) -> httpx.Response:
    return stage.push(stage.sent(**replaced), auth=(client.id, SECRET))


def name_of(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_uri"])


def bring(stage: Stage, client: Client, request_uri: str, **more: str) -> str:
    query = urlencode({"client_id": client.id, "request_uri": request_uri, **more})
    return f"{stage.issuer}/authorize?{query}"


# --- pushed and brought -------------------------------------------------------------------------


def test_a_pushed_request_gets_a_name_for_a_minute(stage: Stage, app: Client) -> None:
    answer = push(stage, app)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert set(said) == {"request_uri", "expires_in"}
    assert said["request_uri"].startswith(PREFIX)
    assert len(said["request_uri"]) > len(PREFIX) + 40
    assert said["expires_in"] == 60
    assert name_of(push(stage, app)) != said["request_uri"]


def test_the_browser_brings_only_the_name_and_the_client_gets_its_token(
    stage: Stage, app: Client
) -> None:
    name, browser = name_of(push(stage, app, scope="sensor:read")), stage.signed_in(ANN)
    answer = answer_of(browser.submit(browser.get(bring(stage, app, name))))
    assert answer["state"] == "xyz"
    assert answer["iss"] == stage.issuer
    token = stage.exchange(app, answer["code"], client_secret=SECRET).json()
    assert token["scope"] == "sensor:read"


def test_what_the_browser_brings_besides_is_not_read(stage: Stage, app: Client) -> None:
    name, browser = name_of(push(stage, app, scope="sensor:read")), stage.signed_in(ANN)
    url = bring(
        stage, app, name, scope="video:gold", state="other", redirect_uri="https://evil.example"
    )
    consent = browser.get(url)
    assert "video:gold" not in consent.text
    assert answer_of(browser.submit(consent))["state"] == "xyz"


def test_a_name_is_good_once(stage: Stage, app: Client) -> None:
    name, browser = name_of(push(stage, app)), stage.browser()
    assert browser.ask("GET", bring(stage, app, name)).status_code == 303
    again = browser.ask("GET", bring(stage, app, name))
    assert again.status_code == 400
    assert "used before" in again.text


def test_a_name_is_good_for_a_minute(stage: Stage, app: Client) -> None:
    early, late = name_of(push(stage, app)), name_of(push(stage, app))
    stage.clock.advance(seconds=59)
    assert stage.browser().ask("GET", bring(stage, app, early)).status_code == 303
    stage.clock.advance(seconds=1)
    assert stage.browser().ask("GET", bring(stage, app, late)).status_code == 400


def test_a_name_is_good_for_its_own_client_only_and_no_other_spends_it(
    stage: Stage, app: Client
) -> None:
    name, other = name_of(push(stage, app)), stage.confidential(SECRET)
    refused = stage.browser().ask("GET", bring(stage, other, name))
    assert refused.status_code == 400
    assert "location" not in refused.headers
    assert stage.browser().ask("GET", bring(stage, app, name)).status_code == 303


def test_a_name_is_good_at_its_own_issuer_only(stage: Stage, app: Client) -> None:
    name, here = name_of(push(stage, app)), stage.workspace
    stage.workspace = stage.add_workspace("Other")
    assert stage.browser().ask("GET", bring(stage, app, name)).status_code == 400
    stage.workspace = here
    assert stage.browser().ask("GET", bring(stage, app, name)).status_code == 303


@pytest.mark.parametrize("made_up", [PREFIX, PREFIX + "x", PREFIX + "swp_" + "0" * 49])
def test_a_made_up_name_is_a_page_and_no_redirect(stage: Stage, app: Client, made_up: str) -> None:
    answer = stage.browser().ask("GET", bring(stage, app, made_up))
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_only_a_hash_of_the_name_is_kept_and_no_secret(stage: Stage, app: Client) -> None:
    form = {**stage.sent(), "client_id": app.id, "client_secret": SECRET}
    name = name_of(stage.push(form))
    with stage.database.read() as tx:
        rows = str(tx.all(pushed_requests.pushed_requests.select()))
    assert name.removeprefix(PREFIX) not in rows
    assert SECRET not in rows


def test_what_nobody_came_for_is_forgotten(stage: Stage, app: Client) -> None:
    push(stage, app)
    stage.clock.advance(seconds=61)
    with stage.database.write() as tx:
        assert pushed_requests.purge(tx, now=stage.clock()) >= 1
        assert pushed_requests.purge(tx, now=stage.clock()) == 0


# --- who may push -------------------------------------------------------------------------------


def test_the_client_authenticates_as_at_the_token_endpoint(stage: Stage, app: Client) -> None:
    for auth in ((app.id, "wrong"), ("unknown", SECRET)):
        assert_refused(stage.push(stage.sent(), auth=auth), 401, "invalid_client")
    assert_refused(stage.push({**stage.sent(), "client_id": app.id}), 401, "invalid_client")
    assert_refused(stage.push(stage.sent()), 401, "invalid_client")
    posted = {**stage.sent(), "client_id": app.id, "client_secret": SECRET}
    assert stage.push(posted).status_code == 201


def test_a_client_pushes_by_its_key(stage: Stage) -> None:
    key = ClientKey(stage.clock())
    registration = ClientRegistration(token_endpoint_auth_method="private_key_jwt", jwks=key.jwks)
    client = stage.client(type=ClientType.AUTHORIZATION_CODE, registration=registration)
    form = {**stage.sent(), **key.assertion(client.id, f"{stage.issuer}/par")}
    name = name_of(stage.push(form))
    assert_refused(stage.push(form), 401, "invalid_client")  # the same assertion once more
    with stage.database.read() as tx:
        rows = str(tx.all(pushed_requests.pushed_requests.select()))
    assert form["client_assertion"] not in rows
    assert stage.browser().ask("GET", bring(stage, client, name)).status_code == 303


def test_a_public_client_pushes_with_its_id_alone(stage: Stage) -> None:
    stage.person(ANN)
    phone = stage.client()
    name = name_of(stage.push({**stage.sent(), "client_id": phone.id}))
    browser = stage.signed_in(ANN)
    assert "code" in answer_of(browser.submit(browser.get(bring(stage, phone, name))))


def test_header_and_form_name_the_same_client(stage: Stage, app: Client) -> None:
    other = stage.confidential(SECRET)
    form = {**stage.sent(), "client_id": other.id}
    assert_refused(stage.push(form, auth=(app.id, SECRET)), 400, "invalid_request")


def test_a_client_that_sends_nobody_to_authorize_pushes_nothing(stage: Stage) -> None:
    machine = stage.confidential(SECRET, grant_types=frozenset({"refresh_token"}))
    assert_refused(push(stage, machine), 400, "unauthorized_client")


# --- all of the checks of `/authorize`, at once -------------------------------------------------


@pytest.mark.parametrize(
    ("replaced", "code"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "no/name"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"resource": "https://unknown.example"}, "invalid_target"),
        ({"authorization_details": "[{}]"}, "invalid_authorization_details"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request_uri": "https://app.example/request"}, "invalid_request"),
        ({"request": "no.good.object"}, "invalid_request_object"),
    ],
)
def test_what_authorize_would_refuse_is_refused_as_json(
    stage: Stage, app: Client, replaced: dict[str, str | None], code: str
) -> None:
    assert_refused(push(stage, app, **replaced), 400, code)


def test_a_repeated_parameter_is_refused_but_for_resource(stage: Stage, app: Client) -> None:
    twice = urlencode([*stage.sent().items(), ("state", "again")])
    headers = {"content-type": "application/x-www-form-urlencoded"}

    def ask(body: str) -> httpx.Response:
        url = f"{stage.issuer}/par"
        auth = (app.id, SECRET)
        return stage.browser().ask("POST", url, content=body, headers=headers, auth=auth)

    assert_refused(ask(twice), 400, "invalid_request")
    stage.policy(resources={"urn:a": ["sensor:read"], "urn:b": ["video:gold"]})
    both = urlencode([*stage.sent().items(), ("resource", "urn:a"), ("resource", "urn:b")])
    assert ask(both).status_code == 201


@pytest.mark.parametrize(
    ("content", "status"), [(b"{}", 400), (b"\xff=1", 400), (b"a=%00", 400), (b"a=1&" * 200, 400)]
)
def test_what_is_no_form_is_refused(stage: Stage, app: Client, content: bytes, status: int) -> None:
    kind = "application/json" if content == b"{}" else "application/x-www-form-urlencoded"
    headers, auth = {"content-type": kind}, (app.id, SECRET)
    url = f"{stage.issuer}/par"
    answer = stage.browser().ask("POST", url, content=content, headers=headers, auth=auth)
    assert_refused(answer, status, "invalid_request")


def test_a_body_over_the_limit_is_refused(stage: Stage, app: Client) -> None:
    answer = push(stage, app, state="x" * (1 << 20))
    assert answer.status_code == 413


def test_there_is_only_post(stage: Stage) -> None:
    answer = stage.browser().ask("GET", f"{stage.issuer}/par")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


# --- who must push ------------------------------------------------------------------------------


def test_a_client_that_has_registered_it_sends_nothing_by_the_browser(stage: Stage) -> None:
    stage.person(ANN)
    registration = ClientRegistration(require_pushed_authorization_requests=True)
    client = stage.confidential(SECRET, registration=registration)
    refused = answer_of(stage.browser().ask("GET", stage.authorize_url(client)))
    assert refused["error"] == "invalid_request"
    name = name_of(push(stage, client))
    assert stage.browser().ask("GET", bring(stage, client, name)).status_code == 303


def test_a_request_elsewhere_is_never_fetched(stage: Stage, app: Client) -> None:
    for elsewhere in ("https://app.example/request", "http://169.254.169.254/", "file:///etc"):
        url = stage.authorize_url(app, request_uri=elsewhere)
        refused = answer_of(stage.browser().ask("GET", url))
        assert refused["error"] == "request_uri_not_supported"


def test_what_was_pushed_is_held_to_the_rules_of_the_moment_it_is_brought(
    stage: Stage, app: Client
) -> None:
    stage.policy(resources={"urn:a": ["sensor:read"]})
    name = name_of(push(stage, app, resource="urn:a"))
    stage.policy(resources={})
    refused = answer_of(stage.browser().ask("GET", bring(stage, app, name)))
    assert refused["error"] == "invalid_target"


# --- bound to a key (RFC 9449 §10.1) ------------------------------------------------------------


def bound(stage: Stage, app: Client, key: ClientKey, **replaced: str | None) -> httpx.Response:
    proof = key.proof("POST", f"{stage.issuer}/par")
    return stage.push(stage.sent(**replaced), auth=(app.id, SECRET), headers={"dpop": proof})


def code_of(stage: Stage, app: Client, name: str) -> str:
    browser = stage.signed_in(ANN)
    return answer_of(browser.submit(browser.get(bring(stage, app, name))))["code"]


def redeem(stage: Stage, app: Client, code: str, key: ClientKey | None) -> httpx.Response:
    url = f"{stage.issuer}/token"
    headers = {} if key is None else {"dpop": key.proof("POST", url)}
    form: dict[str, Any] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": "a-verifier-of-at-least-forty-three-characters-0",
    }
    return stage.browser().ask("POST", url, data=form, auth=(app.id, SECRET), headers=headers)


def test_the_proof_at_the_push_binds_the_code(stage: Stage, app: Client) -> None:
    key, stolen = ClientKey(stage.clock()), ClientKey(stage.clock())
    code = code_of(stage, app, name_of(bound(stage, app, key)))
    assert_refused(redeem(stage, app, code, stolen), 400, "invalid_grant")
    assert_refused(redeem(stage, app, code, None), 400, "invalid_grant")
    token = redeem(stage, app, code, key).json()
    assert token["token_type"] == "DPoP"


def test_a_proof_and_another_dpop_jkt_are_refused(stage: Stage, app: Client) -> None:
    key, other = ClientKey(stage.clock()), ClientKey(stage.clock())
    assert bound(stage, app, key, dpop_jkt=key.jkt).status_code == 201
    assert_refused(bound(stage, app, key, dpop_jkt=other.jkt), 400, "invalid_request")


def test_a_bad_proof_is_refused(stage: Stage, app: Client) -> None:
    key = ClientKey(stage.clock())
    proof = key.proof("POST", f"{stage.issuer}/token")  # for another endpoint
    answer = stage.push(stage.sent(), auth=(app.id, SECRET), headers={"dpop": proof})
    assert_refused(answer, 400, "invalid_dpop_proof")


# --- discovery ----------------------------------------------------------------------------------


def test_discovery_says_where_to_push(stage: Stage) -> None:
    url = f"{stage.issuer}/.well-known/openid-configuration"
    document = stage.browser().ask("GET", url).json()
    assert document["pushed_authorization_request_endpoint"] == f"{stage.issuer}/par"
    assert document["require_pushed_authorization_requests"] is False
    assert document["request_uri_parameter_supported"] is False
