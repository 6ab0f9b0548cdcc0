"""RFC 9728: a client that knows only our URL finds the authorization server and what to ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from scopewright.guard import Policy, Rules, wsgi
from scopewright.guard.binding import Binding
from scopewright.guard.dpop import ALGORITHMS
from scopewright.guard.fake_issuer import FakeIssuer
from tests.guard.applications import asgi_client, plain_wsgi, wsgi_client

RESOURCE = "https://sensors.example/api"
METADATA = "https://sensors.example/.well-known/oauth-protected-resource/api"
RULES = Rules({"GET /readings": "sensor:read", "POST /readings": ["sensor:read", "sensor:write"]})
Ask = Callable[..., httpx.Response]


@pytest.fixture(params=[asgi_client, wsgi_client])
def ask(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[Ask]:
    with request.param(issuer.guard(resource=RESOURCE), RULES) as client:
        yield client.request


def challenge(answer: httpx.Response) -> str:
    return answer.headers["WWW-Authenticate"]


def test_who_presents_nothing_is_told_where_tokens_come_from_and_which_scope(ask: Ask) -> None:
    answer = ask("GET", "/readings")
    assert answer.status_code == 401
    said = f'Bearer scope="sensor:read", resource_metadata="{METADATA}"'
    assert challenge(answer) == said


def test_every_other_refusal_points_there_too(ask: Ask, issuer: FakeIssuer) -> None:
    bad = ask("GET", "/readings", headers={"Authorization": "Bearer a.b.c"})
    assert bad.status_code == 401
    assert challenge(bad).startswith('Bearer error="invalid_token", error_description="')
    weak = ask("POST", "/readings", headers=issuer.headers("sensor:read"))
    assert weak.status_code == 403
    assert challenge(weak).startswith(
        'Bearer error="insufficient_scope", scope="sensor:read sensor:write", error_description="'
    )
    for answer in (bad, weak):
        assert challenge(answer).endswith(f'", resource_metadata="{METADATA}"')


def test_a_route_that_nobody_may_take_points_nowhere(ask: Ask) -> None:
    answer = ask("GET", "/forgotten")
    assert answer.status_code == 403
    assert "WWW-Authenticate" not in answer.headers


def test_the_document_says_all_that_a_client_needs(ask: Ask, issuer: FakeIssuer) -> None:
    answer = ask("GET", httpx.URL(METADATA).path)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json() == {
        "resource": RESOURCE,
        "authorization_servers": [issuer.issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["sensor:read", "sensor:write"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": False,
        "tls_client_certificate_bound_access_tokens": False,
    }


def test_the_document_says_which_bound_tokens_are_wanted(issuer: FakeIssuer) -> None:
    policy = Policy(binding=Binding(dpop_required=True, certificates=True))
    said = json.loads(issuer.guard(resource=RESOURCE, policy=policy).metadata()[1])
    assert said["dpop_bound_access_tokens_required"] is True
    assert said["tls_client_certificate_bound_access_tokens"] is True
    assert "scopes_supported" not in said


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("https://sensors.example", ""),
        ("https://sensors.example/", ""),
        ("https://sensors.example/a/b/", "/a/b"),
        ("https://sensors.example/a?x=1", "/a"),
    ],
)
def test_the_well_known_part_stands_before_the_resources_own_path(
    resource: str, path: str, issuer: FakeIssuer
) -> None:
    found, body = issuer.guard(resource=resource).metadata()
    assert found == f"/.well-known/oauth-protected-resource{path}"
    assert json.loads(body)["resource"] == resource  # §3.3: exactly as the client knows it


@pytest.mark.parametrize("resource", ["sensors.example", "/api", "https://sensors.example/#a"])
def test_a_resource_is_an_absolute_url(resource: str, issuer: FakeIssuer) -> None:
    with pytest.raises(ValueError, match="absolute"):
        wsgi.GuardMiddleware(plain_wsgi, issuer.guard(resource=resource), Rules({}))


def test_a_service_that_does_not_say_its_url_has_no_metadata(issuer: FakeIssuer) -> None:
    assert issuer.guard().metadata() == (None, b"")
    with asgi_client(issuer.guard(), RULES) as client:
        assert client.get("/.well-known/oauth-protected-resource").status_code == 403
        assert "resource_metadata" not in challenge(client.get("/readings"))


def test_no_header_of_a_request_changes_where_a_refusal_points(ask: Ask) -> None:
    for name in ("Host", "X-Forwarded-Host", "Forwarded"):
        answer = ask("GET", "/readings", headers={name: "evil.example"})
        assert "evil" not in str(answer.headers)
        document: dict[str, Any] = ask(
            "GET", httpx.URL(METADATA).path, headers={name: "evil.example"}
        ).json()
        assert document["resource"] == RESOURCE
