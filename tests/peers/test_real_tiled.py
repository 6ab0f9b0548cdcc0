"""The real Tiled with us as its provider: by its own configuration alone, nothing of it changed.

The number in a test's name is the behaviour's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.conftest import PUBLISH_BEFORE_SECONDS
from tests.peers.tiled import KEYS_KEPT, Tiled, serving
from tests.ports import free_port
from tests.visitors import Form, a_browser, an_address, sign_in, submit
from tests.worlds import KnownClient, World

READ = ("read:metadata", "read:data")
KEYS_KEPT_SECONDS = 1


def provider(world: World, kind: str, web: KnownClient, **more: Any) -> dict[str, Any]:
    """The `authentication` part of Tiled's configuration that names us."""
    arguments = {
        "client_id": web.id,
        "client_secret": web.secret,
        "well_known_uri": f"{world.issuer}/.well-known/openid-configuration",
        **more,
    }
    authenticator = f"tiled.authenticators:{kind}"
    return {"providers": [{"provider": "ours", "authenticator": authenticator, "args": arguments}]}


# --- Tiled takes our access tokens --------------------------------------------------------------


@pytest.fixture(scope="module")
def cli(world: World) -> KnownClient:
    """What Tiled's own command line signs in with: a device, which has no secret."""
    return world.register("device", name="tiled-cli")


@pytest.fixture(scope="module")
def proxied(
    world: World, cli: KnownClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tiled]:
    authentication = provider(
        world,
        "ProxiedOIDCAuthenticator",
        world.server_app(name="tiled"),
        audience=world.id,
        device_flow_client_id=cli.id,
    )
    kept = KEYS_KEPT.format(seconds=KEYS_KEPT_SECONDS)
    with serving(tmp_path_factory.mktemp("proxied"), authentication, customize=kept) as tiled:
        yield tiled


def device_login(world: World, cli: KnownClient, email: str) -> dict[str, Any]:
    """The tokens of somebody who answers the device, asked for as Tiled's client asks."""
    endpoint = world.metadata["device_authorization_endpoint"]
    asked = {"client_id": cli.id, "scope": "offline_access openid"}
    begun = world.http.post(endpoint, data=asked).json()
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": begun["device_code"],
        "client_id": cli.id,
    }
    waiting = world.http.post(world.metadata["token_endpoint"], data=form)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    browser = a_browser(follow_redirects=True)
    sign_in(browser, world.url, world.mailbox(email))
    question = submit(browser, browser.get(begun["verification_uri_complete"]))
    assert "Allowed" in submit(browser, question).text
    time.sleep(begun["interval"])  # as long as the client waits
    answer = world.http.post(world.metadata["token_endpoint"], data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def someone(world: World, *scopes: str) -> str:
    """The address of a new end-user that holds these scopes."""
    email = an_address()
    world.end_user(email, scopes=scopes)
    return email


def token_of(world: World, *scopes: str, **parameters: str) -> str:
    """The access token of a new person that holds these scopes."""
    person = world.person(someone(world, *scopes), world.phone_app())
    return str(person.session(**parameters)["access_token"])


def test_082_tiled_takes_our_tokens_and_demands_their_scopes(world: World, proxied: Tiled) -> None:
    """The real Tiled takes our access tokens, demands their scopes and knows their people by our
    names; a device signs in with us for it, refreshes, and signs out."""
    token = token_of(world, *READ)
    assert proxied.listed(token) == {"A", "B", "C", "D"}
    assert proxied.get("/array/full/A?format=application/json", token).status_code == 200
    narrow = token_of(world, *READ, scope="read:metadata")
    assert proxied.listed(narrow) == {"A", "B", "C", "D"}
    refused = proxied.get("/array/full/A?format=application/json", narrow)
    assert refused.status_code == 401
    assert "read:data" in refused.text
    assert proxied.get("/search/").status_code == 401
    assert proxied.get("/auth/principal", token).status_code == 401


def test_082_tiled_names_the_person_as_we_do(world: World, proxied: Tiled) -> None:
    email = someone(world, *READ)
    token = str(world.person(email, world.phone_app()).session()["access_token"])
    shown = proxied.get("/auth/whoami", token).json()
    assert [identity["id"] for identity in shown["identities"]] == [email]


def test_082_a_device_signs_in_refreshes_and_leaves(
    world: World, proxied: Tiled, cli: KnownClient
) -> None:
    links = proxied.get("/").json()["authentication"]["providers"][0]["links"]
    assert links["client_id"] == cli.id
    assert links["auth_endpoint"] == world.metadata["device_authorization_endpoint"]
    tokens = device_login(world, cli, someone(world, *READ))
    assert proxied.listed(tokens["access_token"]) == {"A", "B", "C", "D"}
    refreshed = world.refresh(cli, tokens["refresh_token"]).json()
    assert proxied.listed(refreshed["access_token"]) == {"A", "B", "C", "D"}
    assert refreshed["refresh_token"]
    left = httpx.get(
        world.metadata["end_session_endpoint"],
        params={"id_token_hint": tokens["id_token"], "client_id": cli.id},
        headers={"authorization": f"Bearer {refreshed['access_token']}"},
    )
    assert left.status_code == 200, left.text


def test_086_our_signing_keys_are_rotated_and_no_request_fails(
    world: World, proxied: Tiled
) -> None:
    """Signing keys follow one another while the real Tiled runs, and it refuses no request."""
    person = world.person(someone(world, *READ), world.phone_app())
    tokens, kids = [str(person.session()["access_token"])], set()
    assert world.admin.post("/signing-keys/rotate").is_success
    until = time.monotonic() + PUBLISH_BEFORE_SECONDS + 3 * KEYS_KEPT_SECONDS
    while time.monotonic() < until:
        tokens.append(str(person.session()["access_token"]))
        kids.add(tokens[-1].partition(".")[0])
        for token in (tokens[0], tokens[-1]):
            assert proxied.get("/search/", token).status_code == 200
    assert len(kids) == 2  # heads of tokens: of the key before, and of the one after


# --- Tiled signs people in through us, and keeps sessions of its own ------------------------------


@pytest.fixture(scope="module")
def plain(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiled]:
    """Tiled's client sends no PKCE, and its secret both ways at once: we are told so."""
    port = free_port()
    root = f"http://127.0.0.1:{port}/api/v1/auth/provider/ours"
    web = world.server_app(
        name="tiled, plain",
        redirect_uris=[f"{root}/code", f"{root}/device_code"],
        require_pkce=False,
        allow_both_auth_methods=True,
    )
    authentication = provider(world, "OIDCAuthenticator", web, audience=web.id)
    with serving(tmp_path_factory.mktemp("plain"), authentication, port=port) as tiled:
        yield tiled


def through(world: World, email: str, url: str) -> tuple[httpx.Client, httpx.Response]:
    """A new browser, and the first page of Tiled's that an address of its has led to.

    Tiled asks for the person to sign in anew each time; so we do, by letter.
    """
    browser, mailbox = a_browser(follow_redirects=True), world.mailbox(email)
    page, letters = browser.get(url), len(mailbox.letters())
    while str(page.url).startswith(world.url):
        if Form(page).address_field is None:
            page = submit(browser, page)
        else:
            submit(browser, page, address=email)
            letters += 1
            page = browser.get(mailbox.link(letters))
    return browser, page


def test_081_a_browser_signs_in_to_tiled_through_us(world: World, plain: Tiled) -> None:
    """People sign in to the real Tiled through us: in a browser, and with a device for its own
    Python client."""
    email = someone(world, "read:data")
    address = f"{plain.url}/api/v1/auth/provider/ours/authorize"
    tokens = through(world, email, address)[1].json()
    assert tokens["identity"]["provider"] == "ours"
    shown = plain.get("/auth/whoami", tokens["access_token"]).json()
    assert [role["name"] for role in shown["roles"]] == ["user"]
    assert through(world, email, address)[1].json()["principal"] == tokens["principal"]


READS = """
import os, sys
from tiled.client import from_context
from tiled.client.context import Context

context = Context(os.environ["URL"])
context.configure_auth(
    {name: os.environ[name.upper()] for name in ("access_token", "refresh_token")},
    remember_me=True,
)
client = from_context(context)
print(*sorted(client), client["A"].read().sum())
"""


def test_081_the_python_client_reads_with_what_a_device_was_given(
    world: World, plain: Tiled, tmp_path: Path
) -> None:
    begun = plain.http.post(f"{plain.url}/api/v1/auth/provider/ours/authorize").json()
    poll = {
        "device_code": begun["device_code"],
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
    }
    waiting = plain.http.post(begun["verification_uri"], json=poll)
    assert waiting.json()["detail"]["error"] == "authorization_pending"
    browser, form = through(world, someone(world, "read:data"), begun["authorization_uri"])
    typed = {"code": form.url.params["code"], "user_code": begun["user_code"]}
    said = browser.post(form.url, data=typed)
    assert said.is_success, said.text
    tokens = plain.http.post(begun["verification_uri"], json=poll).json()
    read = plain.python(
        READS,
        ACCESS_TOKEN=tokens["access_token"],
        REFRESH_TOKEN=tokens["refresh_token"],
        TILED_CACHE_DIR=str(tmp_path),
    )
    assert read.split() == ["A", "B", "C", "D", "9.0"]
