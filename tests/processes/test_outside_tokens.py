"""Tokens of another provider at two servers: what changes at one counts at the other at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client_keys import ClientKey
from tests.processes.conftest import database_of
from tests.providers.upstreams import AUDIENCE, Upstream
from tests.servers import Installation
from tests.tls import HERE, CertificateAuthority, https_site
from tests.visitors import a_browser
from tests.worlds import World

TIMES = 8
RULE = {"claim": "groups", "value": "staff", "roles": ["iotman:viewer"]}
SCOPE = "iotman:scopes:read"


@dataclass(frozen=True)
class Pair:
    """Two servers on one database, and the provider whose tokens they take."""

    world: World
    urls: tuple[str, str]
    upstream: Upstream

    def token(self, who: str, **said: Any) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {"sub": who, "iat": now, "exp": now + 600, "scope": SCOPE, "groups": ["staff"]}
        return self.upstream.access_token(**claims, **said)

    def asked(self, number: int, token: str) -> httpx.Response:
        with a_browser(headers={"authorization": f"Bearer {token}"}) as program:
            return program.get(f"{self.urls[number]}/api/whoami")

    def scopes(self, number: int, token: str) -> Any:
        answer = self.asked(number, token)
        return answer.json()["scopes"] if answer.status_code == 200 else answer.status_code


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pair(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificate_authority: CertificateAuthority,
) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp(f"pair-{request.param}")
    with https_site(certificate_authority.issue(*HERE)) as elsewhere:
        upstream = Upstream(elsewhere, ClientKey(datetime.now(UTC), kid="one"))
        upstream.publish()
        provider = {
            "provider": "up",
            "authenticator": "proxied",
            "args": {"issuer": upstream.issuer, "audience": AUDIENCE},
            "on_first_sign_in": "create",
            "rules": [RULE],
        }
        settings = {
            "authentication": {"providers": [provider]},
            "outbound": {
                "allow": [elsewhere.allow],
                "ca_file": str(certificate_authority.ca_file),
            },
        }
        (folder / "scopewright.yaml").write_text(json.dumps(settings))
        with Installation(folder, database_of(request, folder)) as installed:
            init = installed.found()
            urls = (installed.serve().url, installed.serve().url)
            yield Pair(World.at(urls[0], init, installed.letters), urls, upstream)


def test_after_each_change_at_one_server_the_other_decides_by_it(pair: Pair) -> None:
    admin = pair.world.admin
    for number in range(TIMES):
        token = pair.token(f"person-{number}")
        assert [pair.scopes(at, token) for at in (0, 1)] == [[SCOPE], [SCOPE]]
        id = pair.asked(0, token).json()["principal"]["id"]
        taken = admin.delete(f"/principals/{id}/roles/iotman:viewer")
        assert taken.status_code in (200, 204), taken.text
        assert pair.scopes(1, token) == []
        assert admin.post(f"/principals/{id}/disable").status_code == 200
        assert pair.scopes(1, token) == 401
        assert admin.post(f"/principals/{id}/enable").status_code == 200
        assert pair.scopes(1, token) == 401  # it is from before


def test_a_first_token_at_both_servers_at_once_makes_one_record(pair: Pair) -> None:
    for number in range(TIMES):
        tokens = [pair.token(f"new-{number}", jti=str(turn)) for turn in range(4)]
        asks = [(at, token) for at in (0, 1) for token in tokens]
        with ThreadPoolExecutor(len(asks)) as threads:
            answers = list(threads.map(lambda ask: pair.asked(*ask), asks))
        assert {answer.status_code for answer in answers} == {200}
        ids = {answer.json()["principal"]["id"] for answer in answers}
        assert len(ids) == 1
        assert {tuple(answer.json()["scopes"]) for answer in answers} == {(SCOPE,)}
