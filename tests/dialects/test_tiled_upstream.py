"""People whom another OpenID provider knows, where Tiled's documents speak of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
import pytest

from scopewright.settings import Settings
from tests.client_keys import ClientKey
from tests.clock import FrozenClock
from tests.dialects.conftest import empty_database, first_world
from tests.people import Forms
from tests.providers.upstreams import AUDIENCE, NOW, WELL_KNOWN, Upstream
from tests.serving import serving
from tests.tls import HERE, CertificateAuthority, https_site
from tests.visitors import a_browser
from tests.worlds import World

SECONDS = int(NOW.timestamp())
WELCOME, SORRY = "https://ui.example/welcome", "https://ui.example/sorry"
RULE = {"claim": "groups", "value": "staff", "roles": ["admin"]}


@dataclass(frozen=True)
class Site:
    """A server whose people another provider knows, and that provider."""

    world: World
    upstream: Upstream


@pytest.fixture(scope="module")
def site(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificate_authority: CertificateAuthority,
) -> Iterator[Site]:
    folder, clock = tmp_path_factory.mktemp("upstream"), FrozenClock()
    with https_site(certificate_authority.issue(*HERE)) as elsewhere:
        upstream = Upstream(elsewhere)
        upstream.publish()
        provider = {
            "provider": "institute",
            "authenticator": "tiled.authenticators:ProxiedOIDCAuthenticator",
            "args": {
                "audience": AUDIENCE,
                "client_id": "us",
                "client_secret": "secret",
                "device_flow_client_id": "cli",
                "well_known_uri": f"{upstream.issuer}{WELL_KNOWN}",
                "redirect_on_success": WELCOME,
                "redirect_on_failure": SORRY,
            },
            "on_first_sign_in": "create",
            "rules": [RULE],
        }
        settings = Settings.model_validate(
            {
                "database": {"url": empty_database(kind, request, folder)},
                "mail": {"url": f"file:{folder / 'letters'}"},
                "authentication": {"providers": [provider]},
                "outbound": {
                    "allow": [elsewhere.allow],
                    "ca_file": str(certificate_authority.ca_file),
                },
            }
        )
        with serving(settings, clock=clock) as url:
            world = first_world(settings, clock, url, folder / "letters", catalogues=["tiled"])
            yield Site(world, upstream)


def sent_away(site: Site, browser: httpx.Client) -> dict[str, str]:
    """With what a browser is sent to the provider by the button of the sign-in page."""
    page = browser.get(f"{site.world.url}/sign-in")
    form = next(one for one in Forms(page.text).found if one["action"].endswith("/institute"))
    shown = browser.post(urljoin(str(page.url), form["action"]), data=form["fields"])
    return dict(parse_qsl(urlsplit(shown.headers["refresh"].removeprefix("0; url=")).query))


def come_back(site: Site, browser: httpx.Client, **query: str) -> httpx.Response:
    return browser.get(f"{site.world.url}/sign-in/from/institute?{urlencode(query)}")


def whoami(site: Site, **said: Any) -> httpx.Response:
    bearer = {"authorization": f"Bearer {site.upstream.access_token(**said)}"}
    return a_browser().get(f"{site.world.url}/api/whoami", headers=bearer)


def test_058_people_sign_in_by_code_elsewhere_and_end_at_the_pages_of_the_site(
    site: Site,
) -> None:
    """A person signs in at another provider by code; the settings say where that ends."""
    browser = a_browser()
    asked = sent_away(site, browser)
    assert asked["code_challenge_method"] == "S256"
    site.upstream.grant(asked["nonce"], sub="bob", name="Bob")
    arrived = come_back(site, browser, code="c", state=asked["state"])
    assert (arrived.status_code, arrived.headers["location"]) == (303, WELCOME)
    assert "Bob" in browser.get(f"{site.world.url}/me").text
    other = a_browser()
    asked = sent_away(site, other)
    failed = come_back(site, other, error="access_denied", state=asked["state"])
    assert failed.headers["location"] == f"{SORRY}?error=access_denied"
    assert other.get(f"{site.world.url}/me").status_code == 303


def test_060_a_token_of_another_provider_is_taken_with_its_scopes(site: Site) -> None:
    """An access token made elsewhere for us opens its own scopes, of those that are held here."""
    staff = {"sub": "alice", "groups": ["staff"]}
    told = whoami(site, scope="openid read:data metrics video:gold", **staff).json()
    assert told["scopes"] == ["metrics", "read:data"]
    assert whoami(site, scope=None, scp=["read:data"], **staff).json()["scopes"] == ["read:data"]
    assert whoami(site, scope="read:data metrics", sub="carl").json()["scopes"] == ["read:data"]
    stranger = ClientKey(NOW, kid=site.upstream.key.kid)
    for wrong in (
        {"aud": "https://other.example"},
        {"iss": "https://other.example"},
        {"exp": SECONDS},
        {"key": stranger},
        {"key": ClientKey(NOW, kid="unknown")},
    ):
        refused = whoami(site, **staff, **wrong)
        assert refused.status_code == 401, wrong
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
