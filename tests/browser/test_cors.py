"""A single-page application of another origin, in a real browser: what its scripts may reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.guard.loopback import loopback, says
from tests.protocol.issuer import Issuer, running_site

ASK = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    const readable = name => answer.headers.get(name);
    return {
      status: answer.status,
      body: await answer.text(),
      challenge: readable("www-authenticate"),
      nonce: readable("dpop-nonce"),
    };
  } catch (error) {
    return { failed: error.name };
  }
}"""


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    file: Path = tmp_path_factory.mktemp("cors") / "scopewright.db"
    with running_site(f"sqlite:///{file}") as site:
        yield Issuer.new(site)


@pytest.fixture
def application(page: Page) -> Iterator[Page]:
    """A page of another origin."""
    empty = says(b"<!doctype html><title>An application</title>", Content_Type="text/html")
    with loopback(empty) as other:
        page.goto(other.url)
        yield page


def ask(application: Page, url: str, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = application.evaluate(ASK, [url, options])
    return answer


def test_a_script_gets_a_token_and_calls_the_api_with_it(application: Page, issuer: Issuer) -> None:
    phone, person = issuer.phone_app(), issuer.person("iotman:scopes:read", "openid")
    code = issuer.code(phone, person, "iotman:scopes:read openid")
    form = {
        "grant_type": "authorization_code",
        "client_id": phone.id,
        "code": code,
        "redirect_uri": "http://127.0.0.1:9/callback",
        "code_verifier": "v" * 43,
    }
    encoded = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "&".join(f"{name}={value}" for name, value in form.items())
    made = ask(application, f"{issuer.issuer}/token", method="POST", headers=encoded, body=body)
    assert made["status"] == 200, made
    token = application.evaluate("text => JSON.parse(text).access_token", made["body"])
    headers = {"Authorization": f"Bearer {token}"}  # not simple: asked for in a preflight
    for url in (
        f"{issuer.site.url}/api/workspaces/{issuer.id}/scopes",
        f"{issuer.site.url}/api/whoami",
        f"{issuer.issuer}/userinfo",
    ):
        assert ask(application, url, headers=headers)["status"] == 200
    for path in ("jwks", ".well-known/openid-configuration", "revocations"):
        assert ask(application, f"{issuer.issuer}/{path}")["status"] == 200


def test_a_script_reads_the_challenge_and_the_nonce(application: Page, issuer: Issuer) -> None:
    url = f"{issuer.site.url}/api/workspaces/{issuer.id}/scopes"
    refused = ask(application, url, headers={"Authorization": "DPoP x", "DPoP": "no.proof.at-all"})
    assert refused["status"] == 401
    assert refused["challenge"].startswith("DPoP ")
    assert refused["nonce"]


def test_a_method_that_the_path_lacks_is_stopped_by_the_preflight(
    application: Page, issuer: Issuer
) -> None:
    asked = ask(application, f"{issuer.issuer}/token", method="DELETE")
    assert asked == {"failed": "TypeError"}
    header = ask(application, f"{issuer.issuer}/jwks", headers={"X-Anti-Forgery": "1"})
    assert header == {"failed": "TypeError"}


@pytest.mark.parametrize("path", ["/sign-in", "/w/{id}/authorize", "/w/{id}/introspect"])
def test_no_page_can_be_read_by_a_script_of_another_site(
    application: Page, issuer: Issuer, path: str
) -> None:
    assert ask(application, issuer.site.url + path.format(id=issuer.id)) == {"failed": "TypeError"}


def test_nothing_is_told_to_who_sends_cookies_along(application: Page, issuer: Issuer) -> None:
    for url in (f"{issuer.site.url}/api/whoami", f"{issuer.issuer}/jwks"):
        assert ask(application, url, credentials="include") == {"failed": "TypeError"}
