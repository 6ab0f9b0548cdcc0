"""One Scopewright signs people in at another, which runs as people run it, by https."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.clock import FrozenClock
from tests.migrated import migrated_file
from tests.people import ORIGIN, Stage, open_stage
from tests.protocol.peers.browsing import callback
from tests.providers.stages import record, sent_away
from tests.servers import Installation
from tests.tls import HERE, CertificateAuthority
from tests.visitors import a_browser
from tests.worlds import World

ADDRESS = "ann@example.com"
BACK = f"{ORIGIN}/sign-in/from/up"


@pytest.fixture
def world(tmp_path: Path, certificate_authority: CertificateAuthority) -> Iterator[World]:
    own = certificate_authority.issue(*HERE)
    environment = {
        "SCOPEWRIGHT_SERVER__TLS_CERTIFICATE": str(own.chain),
        "SCOPEWRIGHT_SERVER__TLS_KEY": str(own.key),
    }
    url, ca_file = migrated_file(tmp_path / "upstream.db"), certificate_authority.ca_file
    with Installation(tmp_path, url, environment, ca_file=ca_file) as installed:
        init = installed.found()
        yield World.at(installed.serve().url, init, installed.letters)


@pytest.fixture
def stage(
    world: World, tmp_path: Path, certificate_authority: CertificateAuthority
) -> Iterator[Stage]:
    client = world.register("authorization_code", redirect_uris=[BACK])
    args = {"issuer": world.issuer, "client_id": client.id, "client_secret": client.secret}
    provider = {"provider": "up", "authenticator": "oidc", "args": args,
                "on_first_sign_in": "create", "link_verified_email": True}  # fmt: skip
    allow = [world.url.removeprefix("https://")]
    outbound = {"allow": allow, "ca_file": str(certificate_authority.ca_file)}
    with open_stage(
        migrated_file(tmp_path / "here.db"),
        FrozenClock(datetime.now(UTC)),
        authentication={"providers": [provider]},
        outbound=outbound,
    ) as opened:
        yield opened


@pytest.mark.parametrize("is_known_by_address", [False, True])
def test_a_person_of_the_one_is_signed_in_at_the_other(
    world: World, stage: Stage, is_known_by_address: bool
) -> None:
    upstream_id = world.end_user(ADDRESS, scopes=["sensor:read"])["id"]
    if is_known_by_address:
        stage.person(ADDRESS, "video:gold")
    browser = stage.browser()
    url = sent_away(browser).headers["refresh"].removeprefix("0; url=")
    with a_browser() as elsewhere:
        location = callback(elsewhere, url, world.mailbox(ADDRESS), ending=BACK)
    me = browser.get(location)
    assert me.url.path == "/me"
    assert ADDRESS in me.text
    made = record(stage, upstream_id, provider="up")
    assert ("video:gold" in me.text, made is None) == (is_known_by_address, is_known_by_address)
