"""The recipes of docs/verify-anywhere.md, run as they are: they take good tokens and no others."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws

from scopewright.store import signing_keys
from scopewright.store.database import Database
from tests.gateway.proxies import NGINX, filled, wait_for
from tests.guard import hostile
from tests.guard.loopback import Loopback, loopback, says
from tests.ports import free_port
from tests.servers import Installation
from tests.worlds import World

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples" / "verify-anywhere"
PEERS = ROOT / "tests" / "protocol" / "peers"
SCOPE = "sensor:read"

PAGE = ROOT / "docs" / "verify-anywhere.md"
NOWHERE = "http://127.0.0.1:9/w/0192"  # nothing listens there
PASSED, REFUSED, LACKING, UNKNOWN = "passed", "refused", "lacks the scope", "cannot tell"

Ask = Callable[[str], str]
"""What becomes of a token."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("verify")
    with Installation(folder, f"sqlite:///{folder / 'scopewright.db'}") as installed:
        yield installed


@pytest.fixture(scope="module")
def world(installed: Installation) -> World:
    init = installed.init()
    return World.at(installed.serve().url, init, installed.letters)


@pytest.fixture(scope="module")
def token(world: World) -> str:
    return world.access_token(world.device(scopes=[SCOPE, "sensor:write"]))


@pytest.fixture(scope="module")
def forge(world: World, installed: Installation, token: str) -> hostile.Forge:
    """The issuer's own key, and the claims of a good token."""
    database = Database(installed.database_url)
    with database.read() as tx:
        keys = signing_keys.of_workspace(tx, world.id)
    database.close()
    key = next(key for key in keys if key.algorithm == "ES256")
    private = load_pem_private_key(key.private_key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    claims = json.loads(jws.extract_compact(token.encode()).payload)
    return hostile.Forge(private, key.id, claims, key.public_jwk)


class Script:
    """The shell script, one process for each token."""

    def __init__(self, issuer: str, audience: str) -> None:
        self.known = {"ISSUER": issuer, "AUDIENCE": audience}

    def run(self, token: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RECIPES / "verify.sh", SCOPE],
            input=f"{token}\n",
            env=os.environ | self.known,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def ask(self, token: str) -> str:
        done = self.run(token)
        if done.returncode == 1 and done.stderr.endswith("refused: scope\n"):
            return LACKING
        return {0: PASSED, 1: REFUSED, 2: UNKNOWN}[done.returncode]


@contextlib.contextmanager
def script(issuer: str, audience: str) -> Iterator[Ask]:
    yield Script(issuer, audience).ask


@contextlib.contextmanager
def node(issuer: str, audience: str) -> Iterator[Ask]:
    port = free_port()
    use = {"ISSUER": issuer, "AUDIENCE": audience, "PORT": str(port)}
    with a_folder() as folder:
        shutil.copy(RECIPES / "server.mjs", folder)
        (folder / "node_modules").symlink_to(PEERS / "node_modules")
        with running(port, folder, "node", "server.mjs", **use) as url, over_http(url) as ask:
            yield ask


@contextlib.contextmanager
def nginx(issuer: str, audience: str) -> Iterator[Ask]:
    with (
        loopback(says("21.5")) as application,
        proxied(issuer, audience, application) as url,
        over_http(url) as ask,
    ):
        yield ask


@contextlib.contextmanager
def proxied(issuer: str, audience: str, application: Loopback) -> Iterator[str]:
    """nginx in front of an application; its URL."""
    port = free_port()
    with a_folder() as folder:
        values = {
            "APPLICATION": application.url.removeprefix("http://"),
            "AUTH": issuer.partition("/w/")[0],
            "WORKSPACE": audience,
            "PORT": str(port),
        }
        config = filled(RECIPES / "nginx.conf", folder, values)
        with running(port, folder, NGINX, "-p", str(folder), "-c", str(config)) as url:
            yield url


@contextlib.contextmanager
def a_folder() -> Iterator[Path]:
    """A folder that nginx's workers may enter, who are nobody when root started them."""
    with tempfile.TemporaryDirectory(prefix="scopewright-verify-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@contextlib.contextmanager
def running(port: int, folder: Path, *command: str, **environment: str) -> Iterator[str]:
    log = folder / "log"
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(port, process, log)
        yield f"http://127.0.0.1:{port}/readings"
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def over_http(url: str) -> Iterator[Ask]:
    said = {200: PASSED, 401: REFUSED, 403: LACKING, 500: UNKNOWN, 503: UNKNOWN}
    with httpx.Client() as http:

        def ask(token: str) -> str:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return said[http.get(url, headers=headers).status_code]

        yield ask


EVERYWHERE = [script, node, nginx]


@pytest.fixture(scope="module", params=EVERYWHERE)
def ask(request: pytest.FixtureRequest, world: World) -> Iterator[Ask]:
    with request.param(world.issuer, world.id) as ask:
        yield ask


def test_a_good_token_passes(ask: Ask, token: str, forge: hostile.Forge) -> None:
    assert ask(token) == PASSED
    assert ask(forge.good()) == PASSED  # so that what is refused below is refused for its fault


def test_a_token_without_the_scope_is_refused(ask: Ask, forge: hostile.Forge) -> None:
    for scope in ("", "sensor:write", "sensor:reader xsensor:read", SCOPE.upper(), ...):
        assert ask(forge.good(scope=scope)) == LACKING


def bad(forge: hostile.Forge) -> Iterator[tuple[str, str]]:
    """What attackers have: tokens for others, of other times, and no key of the issuer's."""
    good, (head, body) = forge.good(), forge.parts()
    now, signature = forge.now, good.rpartition(".")[2]
    yield "nothing", ""
    yield "no token", "junk"
    yield "expired", forge.good(exp=now - 1, iat=now - 3600)
    yield "expiring at this moment", forge.good(exp=int(time.time()))
    yield "without an end", forge.good(exp=...)
    yield "not yet good", forge.good(nbf=now + 600)
    yield "claims tampered with", f"{head}.{forge.parts(scope='sensor:read admin')[1]}.{signature}"
    yield "signature tampered with", good[:-20] + ("A" if good[-20] != "A" else "B") + good[-19:]
    yield "signature cut off", good[:-4]
    yield "without a signature", f"{head}.{body}."
    yield "a part too many", f"{good}.{signature}"
    yield "for another audience", forge.good(aud="0192f0c1-0000-7000-8000-00000000beef")
    yield "for nobody", forge.good(aud=...)
    yield "of another issuer", forge.good(iss="https://attacker.example/w/0192")
    yield "an ID token", forge.headed(typ="JWT")
    yield "bound to a key", forge.good(cnf={"jkt": "x" * 43})
    yield "an extension that nobody knows", forge.headed(crit=["exp"])
    families = (hostile.algorithms, hostile.public_key_as_secret, hostile.keys_brought_along)
    named = {name: token for family in families for name, token in family(forge)}
    for name in (
        "alg 'none' without signature",
        "alg 'none' with a good signature",
        "alg 'NONE' without signature",
        "no alg",
        "HS256 keyed with the public key as PEM",
        "HS256 keyed with the public key as JWK",
        "jwk, signed by it",
        "jwk without kid, signed by it",
    ):
        yield name, named[name]
    strangers = dict(hostile.other_keys(forge))
    for name in ("signed by a stranger under our kid", "signed by a stranger under its own kid"):
        yield name, strangers[name]


def test_no_bad_token_passes(ask: Ask, forge: hostile.Forge) -> None:
    passed = {name: said for name, token in bad(forge) if (said := ask(token)) != REFUSED}
    assert passed == {}


@pytest.mark.parametrize("recipe", EVERYWHERE)
def test_without_the_issuer_nobody_passes(recipe: Any, token: str, world: World) -> None:
    with recipe(NOWHERE, world.id) as ask:
        assert ask(token) == UNKNOWN


def test_the_script_prints_the_claims_and_nothing_of_a_bad_token(
    world: World, token: str, forge: hostile.Forge
) -> None:
    verify = Script(world.issuer, world.id)
    assert json.loads(verify.run(token).stdout)["scope"] == "sensor:read sensor:write"
    done = verify.run(forge.good(exp=1))
    assert (done.stdout, done.stderr) == ("", "refused: issuer, audience, time or form\n")


def test_the_application_behind_nginx_hears_of_the_sender_from_nobody_but_the_server(
    world: World, token: str
) -> None:
    heard: list[dict[str, str]] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        heard.append({name.lower(): value for name, value in handler.headers.items()})
        says("21.5")(handler)

    forged = {"X-Auth-Subject": "root", "X-Auth-Scopes": "admin", "X-Auth-Client": "root"}
    forged |= {"X_Auth_Subject": "root", "x-auth-scopes": "admin"}
    with loopback(respond) as application, proxied(world.issuer, world.id, application) as url:
        headers = [*forged.items(), ("Authorization", f"Bearer {token}")]
        assert httpx.get(url, headers=headers).status_code == 200
    (said,) = heard
    assert {name: value for name, value in said.items() if "auth" in name and "x" in name} == {
        "x-auth-subject": subject(token),
        "x-auth-scopes": "sensor:read sensor:write",
        "x-auth-client": subject(token),
    }


def subject(token: str) -> str:
    return str(json.loads(jws.extract_compact(token.encode()).payload)["sub"])


@pytest.mark.parametrize("name", ["nginx.conf", "server.mjs", "verify.sh"])
def test_the_page_shows_the_files_as_they_are(name: str) -> None:
    language = {"nginx.conf": "nginx", "server.mjs": "js", "verify.sh": "sh"}[name]
    assert f"```{language}\n{(RECIPES / name).read_text()}```\n" in PAGE.read_text()


def test_the_library_is_pinned_among_the_peers() -> None:
    wanted = json.loads((PEERS / "package.json").read_text())["dependencies"]
    locked = json.loads((PEERS / "package-lock.json").read_text())["packages"]
    assert locked[""]["dependencies"] == wanted
    assert locked["node_modules/jose"]["version"].startswith("6.")
    assert "jose" in wanted
