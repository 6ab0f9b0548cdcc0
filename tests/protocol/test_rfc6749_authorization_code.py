"""RFC 6749 §4.1: the authorization code grant, from the browser's side."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from scopewright.core.model import ClientType, PrincipalKind, ScopeDefault
from scopewright.core.oauth import GRANTS_OF_TYPE
from scopewright.store import clients, principals, schema
from tests.people import CALLBACK, ORIGIN, Browser, Stage, answer_of

ANN = "ann@example.com"


def consent_page(stage: Stage, url: str, email: str = ANN) -> tuple[Browser, object]:
    browser = stage.signed_in(email)
    return browser, browser.get(url)


# --- what a request gets ------------------------------------------------------------------------


def test_a_person_signs_in_approves_and_the_client_gets_a_token(stage: Stage) -> None:
    stage.person(ANN, "sensor:read", "iotman:endpoints:read")
    client, browser = stage.client(), stage.browser()
    browser.submit(browser.get(stage.authorize_url(client)), email=ANN)
    consent = browser.submit(browser.get(stage.letters.link))
    assert "Field App" in consent.text
    assert "app.example" in consent.text
    answer = answer_of(browser.submit(consent))
    assert answer["state"] == "xyz"
    token = stage.exchange(client, answer["code"]).json()
    assert token["scope"] == "iotman:endpoints:read sensor:read"


def test_a_confidential_client_gets_its_token_the_same_way(stage: Stage) -> None:
    stage.person(ANN, "sensor:read")
    client = stage.confidential("s3cret", require_pkce=False)
    url = stage.authorize_url(client, code_challenge=None, code_challenge_method=None)
    browser = stage.signed_in(ANN)
    code = answer_of(browser.submit(browser.get(url)))["code"]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    token = browser.ask(
        "POST", f"{stage.issuer}/token", data=fields, auth=(client.id, "s3cret")
    ).json()
    assert token["scope"] == "sensor:read"


def test_named_scopes_give_what_is_held_of_them_and_the_page_says_so(stage: Stage) -> None:
    stage.person(ANN, "sensor:read")
    client, browser = stage.client(), stage.signed_in(ANN)
    url = stage.authorize_url(client, scope="openid sensor:read video:gold")
    consent = browser.get(url)
    assert "See what the sensors measure" in consent.text
    assert "video:gold" not in consent.text
    assert "everything you may do" not in consent.text
    code = answer_of(browser.submit(consent))["code"]
    assert stage.exchange(client, code).json()["scope"] == "openid sensor:read"


def test_naming_only_what_is_not_held_is_invalid_scope(stage: Stage) -> None:
    stage.person(ANN, "sensor:read")
    browser = stage.signed_in(ANN)
    response = browser.get(stage.authorize_url(stage.client(), scope="video:gold"))
    assert answer_of(response)["error"] == "invalid_scope"


def test_a_client_that_only_signs_people_in_gets_no_scopes_by_default(stage: Stage) -> None:
    stage.person(ANN, "sensor:read")
    client, browser = stage.client(scope_default=ScopeDefault.NONE), stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client, scope="openid"))
    assert "sensor:read" not in consent.text
    code = answer_of(browser.submit(consent))["code"]
    assert stage.exchange(client, code).json()["scope"] == "openid"


def test_an_approval_is_remembered_and_more_is_asked_about_again(stage: Stage) -> None:
    stage.person(ANN, "sensor:read", "video:gold")
    client, browser = stage.client(), stage.signed_in(ANN)
    one = stage.authorize_url(client, scope="sensor:read")
    browser.submit(browser.get(one))
    assert "code" in answer_of(browser.get(one))
    other = stage.authorize_url(client, scope="video:gold")
    assert "code" in answer_of(browser.submit(browser.get(other)))
    both = stage.authorize_url(client, scope="sensor:read video:gold")
    for known in (one, other, both):
        assert "code" in answer_of(browser.get(known))
    everything = stage.authorize_url(client)
    assert "code" in answer_of(browser.submit(browser.get(everything)))
    for known in (one, both, everything):
        assert "code" in answer_of(browser.get(known))


def test_a_refusal_is_access_denied_and_no_approval(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client))
    assert answer_of(browser.submit(consent, button=1))["error"] == "access_denied"
    assert stage.grown(schema.consents) == 0
    assert browser.submit(consent).status_code == 409


@pytest.mark.parametrize("kind", ["member", "stranger", "other workspace"])
def test_who_has_no_end_user_record_here_is_denied(stage: Stage, kind: str) -> None:
    if kind == "member":
        stage.person(ANN, kind=PrincipalKind.MEMBER, role="iotman:admin")
    here = stage.workspace
    stage.workspace = stage.add_workspace("Other")
    stage.person(ANN if kind == "other workspace" else "bob@example.com", "sensor:read")
    stage.workspace = here
    browser = stage.signed_in(ANN if kind != "stranger" else "bob@example.com")
    assert answer_of(browser.get(stage.authorize_url(stage.client())))["error"] == "access_denied"


def test_a_code_works_once_and_for_a_minute(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    first = answer_of(browser.submit(browser.get(stage.authorize_url(client))))["code"]
    assert stage.exchange(client, first).status_code == 200
    assert stage.exchange(client, first).json()["error"] == "invalid_grant"
    late = answer_of(browser.get(stage.authorize_url(client)))["code"]
    stage.clock.advance(seconds=60)
    assert stage.exchange(client, late).json()["error"] == "invalid_grant"


def test_a_request_lives_an_hour(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(stage.client()))
    stage.clock.advance(minutes=60)
    assert browser.submit(consent).status_code == 409
    assert browser.get(str(consent.url)).status_code == 409


def test_a_pending_request_belongs_to_its_workspace(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(stage.client()))
    other = stage.add_workspace("Other")
    path = str(consent.url).replace(stage.workspace.id, other.id)
    assert browser.get(path).status_code == 404


def test_a_redirect_uri_taken_away_meanwhile_is_not_redirected_to(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client))
    with stage.database.write() as tx:
        clients.change(tx, stage.moved(client, "https://elsewhere.example/"))
    assert browser.submit(consent).status_code == 400


def test_the_request_may_be_posted_as_a_form(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    url, _, query = stage.authorize_url(client).partition("?")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    posted = browser.ask("POST", url, content=query, headers=headers)
    assert "code" in answer_of(browser.submit(browser.get(posted.headers["location"])))


# --- the command line ---------------------------------------------------------------------------


def test_the_command_line_acts_for_the_member(stage: Stage) -> None:
    stage.person(ANN, "sensor:read")
    stage.person(ANN, "video:gold", kind=PrincipalKind.MEMBER)
    client = stage.command_line()
    there = "http://127.0.0.1:51234/callback"
    browser = stage.signed_in(ANN)
    for _ in range(2):  # made at the first use, found at the second
        consent = browser.get(stage.authorize_url(client, redirect_uri=there, prompt="consent"))
        code = answer_of(browser.submit(consent), at=there)["code"]
        token = stage.exchange(client, code, redirect_uri=there).json()
        assert token["scope"] == "video:gold"


# --- prompts (OpenID Connect Core §3.1.2.1) -----------------------------------------------------


def test_prompt_none_asks_nothing(stage: Stage) -> None:
    stage.person(ANN)
    client = stage.client()
    silent = stage.authorize_url(client, prompt="none")
    assert answer_of(stage.browser().get(silent))["error"] == "login_required"
    browser = stage.signed_in(ANN)
    assert answer_of(browser.get(silent))["error"] == "consent_required"
    browser.submit(browser.get(stage.authorize_url(client)))
    assert "code" in answer_of(browser.get(silent))


def test_prompt_consent_asks_again(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    browser.submit(browser.get(stage.authorize_url(client)))
    consent = browser.get(stage.authorize_url(client, prompt="consent"))
    assert "code" in answer_of(browser.submit(consent))


def test_prompt_login_asks_who_you_are_again(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    browser.submit(browser.get(stage.authorize_url(client)))
    stage.clock.advance(minutes=1)
    asked = browser.get(stage.authorize_url(client, prompt="login"))
    assert asked.url.path == "/sign-in"
    browser.submit(asked, email=ANN)
    stage.clock.advance(minutes=1)
    assert "code" in answer_of(browser.submit(browser.get(stage.letters.link)))


def test_on_the_consent_page_one_may_sign_in_as_somebody_else(stage: Stage) -> None:
    stage.person(ANN)
    stage.person("bob@example.com", "video:gold")
    client, browser = stage.client(), stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client))
    browser.submit(browser.submit(consent, form=1), email="bob@example.com")
    consent = browser.submit(browser.get(stage.letters.link))
    assert "bob@example.com" in consent.text
    code = answer_of(browser.submit(consent))["code"]
    assert stage.exchange(client, code).json()["scope"] == "video:gold"


# --- where to answer: failures here are pages ---------------------------------------------------


@pytest.mark.parametrize(
    "redirect_uri",
    [
        CALLBACK + "/",
        CALLBACK.upper(),
        CALLBACK.replace("callback", "Callback"),
        CALLBACK.replace("https:", "HTTPS:"),
        CALLBACK.replace("example/", "example:443/"),
        CALLBACK.replace("callback", "c%61llback"),
        CALLBACK + "#",
        CALLBACK + "#fragment",
        CALLBACK + "?",
        CALLBACK + "?a=b",
        CALLBACK + "/../callback",
        CALLBACK.replace("app.example", "app.example.evil.example"),
        CALLBACK.replace("https://", "https://app.example@evil.example/"),
        CALLBACK + "\n",
        CALLBACK + "\r\nset-cookie: a=b",
        "//app.example/callback",
        "/callback",
        "javascript:alert(1)",
        "https://evil.example/",
        "x" * 50_000,
        "é",
    ],
)
def test_a_redirect_uri_that_differs_at_all_is_a_page_and_no_redirect(
    stage: Stage, redirect_uri: str
) -> None:
    response = stage.browser().ask(
        "GET", stage.authorize_url(stage.client(), redirect_uri=redirect_uri)
    )
    assert response.status_code == 400
    assert "location" not in response.headers
    assert stage.grown(schema.authorizations) == 0


@pytest.mark.parametrize(
    "query",
    [
        "",
        "client_id=",
        "client_id=unknown",
        "client_id=" + "x" * 50_000,
        "client_id=%ff",
        "client_id=%00",
        "client_id={id}&client_id={id}",
        "client_id={id}&client_id=other",
        "client_id={id}&redirect_uri={uri}&redirect_uri={uri}",
        "client_id={id}&redirect_uri={uri}&redirect_uri=https%3A%2F%2Fevil.example",
        "client_id={id}&redirect_uri={uri}&state=%ff",
        "&".join(f"a{n}=1" for n in range(1000)),
        "client_id[]={id}",
        "client_id={id}%00",
    ],
)
def test_a_client_in_doubt_is_a_page_and_no_redirect(stage: Stage, query: str) -> None:
    client = stage.client()
    filled = query.replace("{id}", client.id).replace("{uri}", quote(CALLBACK, safe=""))
    response = stage.browser().ask("GET", f"{stage.issuer}/authorize?{filled}&response_type=code")
    assert response.status_code == 400
    assert "location" not in response.headers
    assert stage.grown(schema.authorizations) == 0


def test_another_workspaces_client_is_not_known(stage: Stage) -> None:
    client = stage.client()
    stage.workspace = stage.add_workspace("Other")
    assert stage.browser().get(stage.authorize_url(client)).status_code == 400
    unknown = f"{ORIGIN}/w/nowhere/authorize?client_id={client.id}"
    assert stage.browser().get(unknown).status_code == 400


def test_a_deleted_client_is_not_known(stage: Stage) -> None:
    client = stage.client()
    browser = stage.browser()
    asked = browser.get(stage.authorize_url(client))
    with stage.database.write() as tx:
        principals.remove(tx, client.id)
    assert browser.get(stage.authorize_url(client)).status_code == 400
    going_on = f"{stage.issuer}/authorize/{asked.url.params['continue']}"
    assert browser.get(going_on).status_code == 404


# --- everything else is a redirect with the standard's error -----------------------------------


@pytest.mark.parametrize(
    ("replaced", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "Code"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "sensor:read\tvideo:gold"}, "invalid_scope"),
        ({"scope": '"'}, "invalid_scope"),
        ({"scope": "ü"}, "invalid_scope"),
        ({"scope": "a " * 6000}, "invalid_request"),
        ({"prompt": "nothing"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none " * 1000}, "invalid_request"),
        ({"nonce": "n" * 2001}, "invalid_request"),
        ({"request": "eyJ"}, "invalid_request_object"),
        ({"request_uri": "https://evil.example"}, "request_uri_not_supported"),
        ({"resource": "https://nowhere.example"}, "invalid_target"),
    ],
)
def test_a_bad_parameter_is_told_to_the_client(
    stage: Stage, replaced: dict[str, str | None], error: str
) -> None:
    response = stage.browser().ask("GET", stage.authorize_url(stage.client(), **replaced))
    answer = answer_of(response)
    assert answer["error"] == error
    assert answer["error_description"]
    assert answer["state"] == "xyz"
    assert stage.grown(schema.authorizations) == 0


@pytest.mark.parametrize("twice", ["state", "scope", "code_challenge", "something"])
def test_a_parameter_that_stands_twice_is_invalid_request(stage: Stage, twice: str) -> None:
    url = f"{stage.authorize_url(stage.client())}&{twice}=a&{twice}=b"
    answer = answer_of(stage.browser().ask("GET", url))
    assert answer["error"] == "invalid_request"
    assert ("state" in answer) is (twice != "state")


def test_a_state_that_is_too_long_is_refused_and_not_answered(stage: Stage) -> None:
    url = stage.authorize_url(stage.client(), state="s" * 2001)
    answer = answer_of(stage.browser().ask("GET", url))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


@pytest.mark.parametrize("state", ["a b+c&d=e%20\n\"'<>", "ß ☃ 𝔘", "s" * 2000])
def test_the_state_comes_back_as_it_was(stage: Stage, state: str) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(stage.client(), state=state))
    assert answer_of(browser.submit(consent))["state"] == state


def test_without_a_state_none_comes_back_and_unknown_parameters_are_ignored(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    url = stage.authorize_url(stage.client(), state="", utm_source="letter")
    assert "state" not in answer_of(browser.submit(browser.get(url)))


def test_the_query_of_a_redirect_uri_is_kept(stage: Stage) -> None:
    stage.person(ANN)
    there = "https://app.example/callback?tenant=7"
    client, browser = stage.client(redirect_uris=(there,)), stage.signed_in(ANN)
    url = stage.authorize_url(client, redirect_uri=None)
    answer = answer_of(browser.submit(browser.get(url)), at=there + "&")
    assert answer["tenant"] == "7"
    assert answer["code"]


def test_a_client_whose_grant_types_leave_this_out_is_unauthorized(stage: Stage) -> None:
    client = stage.client(grant_types=frozenset({"refresh_token"}))
    answer = answer_of(stage.browser().ask("GET", stage.authorize_url(client)))
    assert answer["error"] == "unauthorized_client"


def test_a_program_has_nowhere_to_be_answered(stage: Stage) -> None:
    kind = ClientType.CLIENT_CREDENTIALS
    client = stage.client(type=kind, redirect_uris=(), grant_types=GRANTS_OF_TYPE[kind])
    assert stage.browser().ask("GET", stage.authorize_url(client)).status_code == 400


# --- the consent form ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"decision": None}, 400),
        ({"decision": ""}, 400),
        ({"decision": "APPROVE"}, 400),
        ({"unknown": "field"}, 400),
        ({"anti_forgery": None}, 403),
        ({"anti_forgery": "0" * 64}, 403),
        ({"anti_forgery": "é"}, 403),
    ],
)
def test_an_answer_that_is_not_quite_ours_decides_nothing(
    stage: Stage, change: dict[str, str | None], status: int
) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client))
    fields = {**stage.fields(consent), "decision": "approve"} | change
    kept = {name: value for name, value in fields.items() if value is not None}
    assert browser.post(str(consent.url), kept).status_code == status
    assert stage.grown(schema.consents) == 0
    assert "code" in answer_of(browser.submit(consent))


def test_an_answer_that_stands_twice_decides_nothing(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(stage.client()))
    token = stage.fields(consent)["anti_forgery"]
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = f"anti_forgery={token}&decision=deny&decision=approve"
    assert browser.ask("POST", str(consent.url), content=body, headers=headers).status_code == 400
    assert "code" in answer_of(browser.submit(consent))


def test_an_answer_from_another_site_or_browser_decides_nothing(stage: Stage) -> None:
    stage.person(ANN)
    stage.person("eve@example.com")
    browser, eve = stage.signed_in(ANN), stage.signed_in("eve@example.com")
    consent = browser.get(stage.authorize_url(stage.client()))
    fields = {**stage.fields(consent), "decision": "approve"}
    for origin in ("https://evil.example", "null"):
        refused = browser.ask("POST", str(consent.url), data=fields, headers={"origin": origin})
        assert refused.status_code == 403
    assert eve.post(str(consent.url), fields).status_code == 403
    assert stage.browser().post(str(consent.url), fields).status_code == 403
    assert stage.grown(schema.consents) == 0


def test_who_was_signed_out_meanwhile_signs_in_again(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(stage.client()))
    with stage.database.write() as tx:
        tx.run(schema.sign_ins.delete())
    assert browser.submit(consent).url.path == "/sign-in"


def test_names_are_shown_and_never_run(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(stage.client(name="<script>alert(1)</script>")))
    assert "<script>" not in consent.text
    assert "&lt;script&gt;" in consent.text
