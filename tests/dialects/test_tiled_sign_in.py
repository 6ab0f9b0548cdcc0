"""How people sign in, where Tiled's documents speak of it: its example file, running here."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
import pytest

from tests.cli.test_authentication_settings import PASSWORDS, SEED
from tests.people import CALLBACK, CHALLENGE, VERIFIER, Forms
from tests.postgres import Cluster
from tests.servers import Installation
from tests.visitors import a_browser
from tests.worlds import World

BADGES = '''
from scopewright.providers import Proven


class Badges:
    """Knows whoever shows a badge."""

    def __init__(self, greeting):
        self.greeting = greeting

    def authenticate(self, username, password):
        if password != "badge":
            return None
        return Proven(username, groups=frozenset({"optics"}), state={"greeting": self.greeting})
'''
MORE = """
  - provider: badges
    authenticator: badges:Badges
    args: {greeting: "${GREETING}"}
    on_first_sign_in: create
    rules: [{claim: groups, value: optics, roles: ["iotman:viewer"]}]
"""


@pytest.fixture(scope="module")
def site(
    kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, World]]:
    """A server that runs on the example's file as it stands, with one more provider below."""
    folder = tmp_path_factory.mktemp("toy")
    url = f"sqlite:///{folder / 'scopewright.db'}"
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create_database()
    (folder / "badges.py").write_text(BADGES)
    (folder / "scopewright.yaml").write_text(SEED)
    environment = {
        **PASSWORDS,
        "GREETING": "hello",
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
    }
    with Installation(folder, url, environment) as installed:
        made = installed.init()
        yield installed, World.at(installed.url, made, installed.letters)


@pytest.fixture(scope="module")
def world(site: tuple[Installation, World]) -> World:
    """As the example has it."""
    installed, world = site
    installed.serve()
    return world


@pytest.fixture(scope="module")
def more(site: tuple[Installation, World], world: World) -> World:
    """The same database, with a provider of the site's own beside the example's."""
    installed, _ = site
    file: Path = installed.folder / "scopewright.yaml"
    file.write_text(SEED.replace("  tiled_admins:", f"{MORE.strip(chr(10))}\n  tiled_admins:"))
    server = installed.serve()
    return replace(world, url=server.url)


def typed(
    browser: httpx.Client, page: httpx.Response, provider: str, name: str, password: str
) -> httpx.Response:
    found = Forms(page.text).found
    form = next(one for one in found if one["action"].endswith(f"/with/{provider}"))
    fields = {**form["fields"], "username": name, "password": password}
    return browser.post(urljoin(str(page.url), form["action"]), data=fields)


def signed_in(world: World, name: str, password: str, provider: str = "toy") -> httpx.Client:
    browser = a_browser()
    page = browser.get(f"{world.url}/sign-in")
    assert typed(browser, page, provider, name, password).status_code in (200, 303)
    return browser


def me(world: World, browser: httpx.Client) -> str:
    return browser.get(f"{world.url}/me").text


def test_030_whoever_the_file_names_administers_even_before_a_first_sign_in(world: World) -> None:
    """Entries of `tiled_admins` administer, also those who have not been here before."""
    browser = signed_in(world, "alice", "secret1")
    assert "iotman:admin" in me(world, browser)


def test_051_a_password_signs_in_and_a_wrong_one_does_not(world: World) -> None:
    """A name and its password sign in; a wrong password is refused and signs nobody in."""
    browser = a_browser()
    page = browser.get(f"{world.url}/sign-in")
    assert typed(browser, page, "toy", "alice", "secret2").status_code == 422
    assert browser.get(f"{world.url}/me").status_code == 303
    assert "alice" in me(world, signed_in(world, "alice", "secret1"))


def test_052_several_providers_are_offered_at_once(more: World) -> None:
    """The sign-in page offers every provider beside the letter."""
    page = a_browser().get(f"{more.url}/sign-in")
    actions = [form["action"] for form in Forms(page.text).found]
    assert actions == ["/sign-in", "/sign-in/with/toy", "/sign-in/with/badges"]


def test_053_an_identity_stays_the_same_principal(more: World) -> None:
    """Whoever signs in a second time is the principal of the first."""

    def who() -> set[str]:
        browser = signed_in(more, "dora", "badge", "badges")
        people = more.admin.get("/principals", params={"kind": "end_user"}).json()["data"]
        assert "dora" in me(more, browser)
        return {one["id"] for one in people if one["name"] == "dora"}

    first = who()
    assert len(first) == 1
    assert who() == first


def test_057_the_operators_message_greets_by_name(world: World) -> None:
    """After the sign-in the operator's sentence is shown, with the person's name in it."""
    browser = a_browser()
    page = browser.get(f"{world.url}/sign-in")
    shown = typed(browser, page, "toy", "alice", "secret1")
    assert "You have logged in as alice." in shown.text


def test_061_what_a_provider_says_becomes_roles(more: World) -> None:
    """A rule turns a provider's claim into a role here."""
    assert "iotman:viewer" in me(more, signed_in(more, "erik", "badge", "badges"))


def test_062_a_provider_of_ones_own_is_named_by_its_import_path(more: World) -> None:
    """Other providers are objects that a path names, made with the arguments beside it."""
    browser = a_browser()
    page = browser.get(f"{more.url}/sign-in")
    assert typed(browser, page, "badges", "fay", "wrong").status_code == 422
    assert "fay" in me(more, signed_in(more, "fay", "badge", "badges"))


def test_071_what_a_provider_says_of_a_sign_in_reaches_the_resource_server(more: World) -> None:
    """The state of a sign-in stands in the tokens of sessions that begin with it."""
    token = access_token(more, "gina", "badge", "badges")
    assert claims(token)["state"] == {"greeting": "hello"}


def test_073_the_example_file_is_taken_as_it_stands(
    site: tuple[Installation, World], world: World
) -> None:
    """The example's settings start a server: providers, administrators, policy, trees."""
    installed, _ = site
    assert world.http.get("/readyz").status_code == 200
    log = installed.servers[0].log.read_text()
    assert '"setting":"trees"' in log.replace('": ', '":')


def test_078_variables_are_filled_in_and_secrets_not_shown(
    site: tuple[Installation, World], world: World
) -> None:
    """`${NAME}` is filled in, one that is missing is named, and no secret is ever printed."""
    installed, _ = site
    said = installed.command("settings", "--json").stdout
    assert (
        "alice"
        in json.loads(said)["authentication.providers"]["value"][0]["args"]["users_to_passwords"]
    )
    assert "secret1" not in said
    assert world.issuer.startswith(installed.url)
    kept = installed.environment.pop("BOB_PASSWORD")
    refused = installed.command("settings", succeed=False)
    installed.environment["BOB_PASSWORD"] = kept
    assert refused.returncode != 0
    assert "BOB_PASSWORD" in refused.stdout + refused.stderr


# --- a client that sends people here ------------------------------------------------------------


def access_token(world: World, name: str, password: str, provider: str) -> str:
    client = world.register("pkce", redirect_uris=[CALLBACK])
    query = {
        "client_id": client.id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "xyz",
    }
    issuer = f"{world.url}/w/{world.id}"
    browser = a_browser()
    page = followed(browser, browser.get(f"{issuer}/authorize?{urlencode(query)}"), world)
    page = followed(browser, typed(browser, page, provider, name, password), world)
    form = Forms(page.text).found[0]
    fields = {**form["fields"], **form["buttons"][0]}
    page = browser.post(urljoin(str(page.url), form["action"]), data=fields)
    told = dict(parse_qsl(urlsplit(page.headers["location"]).query))
    exchange = {"grant_type": "authorization_code", "client_id": client.id, "code": told["code"],
                "redirect_uri": CALLBACK, "code_verifier": VERIFIER}  # fmt: skip
    answer = browser.post(f"{issuer}/token", data=exchange)
    return str(answer.json()["access_token"])


def followed(browser: httpx.Client, page: httpx.Response, world: World) -> httpx.Response:
    """Where redirects end, at the server that was asked whatever its public address is."""
    while page.is_redirect:
        parts = urlsplit(page.headers["location"])
        page = browser.get(f"{world.url}{parts.path}?{parts.query}")
    return page


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return said
