"""Cross-origin requests: what scripts of any site may call, and what none may (Fetch §3.2)."""

from __future__ import annotations

import pytest

from scopewright.web.cors import is_callable
from tests.protocol.issuer import Answer, Issuer, bearer

ORIGIN = {"origin": "https://app.example"}
PAGES = [
    "/sign-in",
    "/sign-out",
    "/account",
    "/device",
    "/consent",
    "/w/{id}/authorize",
    "/w/{id}/end-session",
    "/w/{id}/introspect",
    "/w/{id}/verify",
]
CALLED = {
    "/w/{id}/token": "POST",
    "/w/{id}/revoke": "POST",
    "/w/{id}/par": "POST",
    "/w/{id}/device_authorization": "POST",
    "/w/{id}/userinfo": "GET, HEAD, POST",
    "/w/{id}/jwks": "GET, HEAD",
    "/w/{id}/revocations": "GET, HEAD",
    "/w/{id}/.well-known/openid-configuration": "GET, HEAD",
    "/.well-known/oauth-authorization-server/w/{id}": "GET, HEAD",
    "/api/whoami": "GET",
    "/api/workspaces/{id}/scopes": "GET, POST",
    "/api/workspaces/{id}/scopes/a": "DELETE, GET, PATCH",
    "/data/{id}/in": "POST",
    "/exports/{id}/out": "GET",
    "/exports/{id}/out/events": "GET",
}


def preflight(issuer: Issuer, path: str, method: str = "POST", headers: str = "dpop") -> Answer:
    """What a browser asks before a script's request that is not simple."""
    asked = {
        "access-control-request-method": method,
        "access-control-request-headers": headers,
        **ORIGIN,
    }
    url = issuer.site.url + path.format(id=issuer.id)
    return issuer.http.options(url, headers=asked)


def said(answer: Answer) -> dict[str, str]:
    """What it allows to scripts."""
    prefix = "access-control-"
    return {
        name.removeprefix(prefix): value
        for name, value in answer.headers.items()
        if name.startswith(prefix)
    }


@pytest.mark.parametrize("path", CALLED)
def test_a_preflight_names_exactly_the_methods_of_the_path(issuer: Issuer, path: str) -> None:
    answer = preflight(issuer, path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert said(answer) == {
        "allow-origin": "*",
        "allow-methods": CALLED[path],
        "allow-headers": "Authorization, Content-Type, DPoP, Last-Event-ID",
        "max-age": "3600",
    }


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_for_scripts_of_other_sites(issuer: Issuer, path: str) -> None:
    url = issuer.site.url + path.format(id=issuer.id)
    assert said(preflight(issuer, path)) == {}
    for method in ("GET", "POST"):
        assert said(issuer.http.request(method, url, headers=ORIGIN)) == {}


def test_whatever_is_not_named_is_for_none() -> None:
    for path in ("/", "", "/w", "/w/", "/w/1", "/w/1/", "/w/1/mcp", "/w/1/tokens", "/apikeys"):
        assert not is_callable(path)
    assert is_callable("/w/1/register/2")


def test_an_unknown_path_allows_nothing(issuer: Issuer) -> None:
    for path in ("/api/unknown", "/w/unknown/token", "/.well-known/unknown"):
        answer = preflight(issuer, path)
        assert answer.status_code == 404
        assert "allow-methods" not in said(answer)


def test_answers_and_refusals_may_be_read(issuer: Issuer) -> None:
    issuer.define("a")
    machine = issuer.machine("iotman:scopes:read")
    token = issuer.access_token(machine)
    scopes = f"{issuer.site.url}/api/workspaces/{issuer.id}/scopes"
    answers = {
        200: issuer.http.get(scopes, headers={**bearer(token), **ORIGIN}),
        401: issuer.http.get(scopes, headers={**bearer("bad"), **ORIGIN}),
        403: issuer.http.post(scopes, json={"name": "b"}, headers={**bearer(token), **ORIGIN}),
        404: issuer.http.get(f"{scopes}/unknown", headers={**bearer(token), **ORIGIN}),
        422: issuer.http.get(f"{scopes}?limit=x", headers={**bearer(token), **ORIGIN}),
        400: issuer.post("token", {"grant_type": "unknown"}, machine, headers=ORIGIN),
    }
    for status, answer in answers.items():
        assert answer.status_code == status, answer.text
        assert said(answer) == {
            "allow-origin": "*",
            "expose-headers": "DPoP-Nonce, Retry-After, WWW-Authenticate",
        }


def test_no_cookie_is_ever_allowed(issuer: Issuer) -> None:
    for path in CALLED:
        url = issuer.site.url + path.format(id=issuer.id)
        for answer in (
            preflight(issuer, path),
            issuer.http.get(url, headers={**ORIGIN, "cookie": "scopewright=made-up"}),
        ):
            assert "access-control-allow-credentials" not in answer.headers
            assert answer.headers["access-control-allow-origin"] == "*"


def test_who_sends_no_origin_is_answered_as_ever(issuer: Issuer) -> None:
    machine = issuer.machine("a")
    assert said(issuer.token(machine)) == {}
    url = f"{issuer.issuer}/token"
    options = issuer.http.options(url)
    assert (options.status_code, options.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["jwks", ".well-known/openid-configuration"])
def test_what_a_cache_keeps_is_the_same_for_all(issuer: Issuer, path: str) -> None:
    url = f"{issuer.issuer}/{path}"
    plain, cross = issuer.http.get(url), issuer.http.get(url, headers=ORIGIN)
    assert plain.headers["cache-control"].startswith("public")
    assert said(plain) == {"allow-origin": "*"}
    assert cross.headers.get_list("access-control-allow-origin") == ["*"]


def test_an_origin_of_any_spelling_changes_nothing(issuer: Issuer) -> None:
    for origin in ("null", "", "https://evil.example", issuer.site.url):
        url = f"{issuer.issuer}/jwks"
        answer = issuer.http.get(url, headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == "*"
