"""OAuth Client ID Metadata Document: clients that are named by the URL of what describes them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from scopewright.client_documents import MOST_AT_ONCE, MOST_OF_A_HOST
from scopewright.core.client_documents import id_of
from scopewright.core.model import Client
from scopewright.store import audit, clients, schema
from scopewright.store.pages import Window
from tests.clock import FrozenClock
from tests.migrated import migrated_file
from tests.people import CALLBACK, Stage, answer_of, claims_of, next_stage, open_stage
from tests.tls import HERE, CertificateAuthority, HttpsSite, Reply, https_site

ANN = "ann@example.com"
PATH = "/client.json"
JSON = "application/json"


@pytest.fixture(scope="module")
def elsewhere(certificate_authority: CertificateAuthority) -> Iterator[HttpsSite]:
    """Where clients publish their documents."""
    with https_site(certificate_authority.issue(*HERE)) as running:
        yield running


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificate_authority: CertificateAuthority,
    elsewhere: HttpsSite,
) -> Iterator[Stage]:
    """A server that may go there."""
    if request.param == "sqlite":
        url = migrated_file(tmp_path_factory.mktemp("documents") / "scopewright.db")
    else:
        url = request.getfixturevalue("postgres_cluster").create_migrated_database()
    outbound = {"allow": [elsewhere.allow], "ca_file": str(certificate_authority.ca_file)}
    with open_stage(url, FrozenClock(), outbound=outbound) as stage:
        yield stage


@pytest.fixture
def stage(server: Stage, elsewhere: HttpsSite) -> Iterator[Stage]:
    """A workspace that takes such clients, and a person in it."""
    elsewhere.answers.clear()
    elsewhere.received.clear()
    stage = next_stage(server)
    stage.policy(client_id_metadata_documents=True)
    stage.person(ANN, "sensor:read")
    yield stage
    stage.end()


def publish(site: HttpsSite, path: str = PATH, age: str | None = None, **said: Any) -> str:
    """Put a document there; its URL. None leaves a member out."""
    url = site.url(path)
    document = {
        "client_id": url,
        "client_name": "Editor",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        **said,
    }
    body = json.dumps({name: value for name, value in document.items() if value is not None})
    headers = {"content-type": JSON} | ({"cache-control": age} if age else {})
    site.answers[path] = Reply(body.encode(), headers=headers)
    return url


def begin(stage: Stage, url: str, **replaced: str | None) -> httpx.Response:
    """What a browser gets whom the client sends here; no redirect is followed."""
    return stage.browser().ask("GET", address(stage, url, **replaced))


def address(stage: Stage, url: str, **replaced: str | None) -> str:
    """Where the client of this URL sends a browser."""
    return stage.authorize_url(stage.command_line(), client_id=url, **replaced)


def is_known(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and "/authorize/aut_" in answer.headers["location"]


def refused(answer: httpx.Response) -> str:
    """The page that the browser stays at: nobody is sent anywhere."""
    assert answer.status_code == 400, answer.text
    assert "location" not in answer.headers
    return answer.text


def kept(stage: Stage, url: str) -> Client | None:
    with stage.database.read() as tx:
        return clients.get(tx, id_of(stage.workspace.id, url))


def approved(stage: Stage, url: str) -> str:
    """A code, from a person who has read who asks."""
    browser = stage.signed_in(ANN)
    consent = browser.get(address(stage, url))
    return answer_of(browser.submit(consent))["code"]


def exchanged(stage: Stage, url: str) -> dict[str, Any]:
    code = approved(stage, url)
    answer = stage.exchange(stage.command_line(), code, client_id=url)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# --- what it is for -----------------------------------------------------------------------------


def test_a_client_that_nobody_registered_signs_a_person_in(
    stage: Stage, elsewhere: HttpsSite
) -> None:
    url, browser = publish(elsewhere), stage.signed_in(ANN)
    consent = browser.get(address(stage, url, scope="sensor:read"))
    assert "Editor" in consent.text
    assert elsewhere.allow in consent.text  # who says so
    assert "app.example" in consent.text  # where the browser goes
    code = answer_of(browser.submit(consent))["code"]
    answer = stage.exchange(stage.command_line(), code, client_id=url).json()
    assert answer["scope"] == "sensor:read"
    assert claims_of(answer["access_token"])["client_id"] == url
    form = {
        "grant_type": "refresh_token",
        "refresh_token": answer["refresh_token"],
        "client_id": url,
    }
    again = stage.browser().ask("POST", f"{stage.issuer}/token", data=form)
    assert again.status_code == 200
    headers = {"authorization": f"Bearer {again.json()['access_token']}"}
    assert stage.browser().ask("GET", f"{stage.issuer}/userinfo", headers=headers).is_success
    assert [asked.path for asked in elsewhere.received] == [PATH]


def test_what_it_is_kept_as(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere, tos_uri="https://app.example/tos", unknown={"a": 1})
    assert is_known(begin(stage, url))
    client = kept(stage, url)
    assert client is not None
    assert client.client_id == client.document_url == url
    assert (client.name, client.type, client.scope_default) == ("Editor", "pkce", "none")
    assert client.redirect_uris == (CALLBACK,)
    assert client.require_pkce
    assert client.registration.tos_uri == "https://app.example/tos"
    with stage.database.read() as tx:
        [event] = audit.page(tx, stage.workspace.id, window=Window()).items
    assert (event.operation, event.via) == ("clients:create", "metadata-document")


def test_it_holds_nothing_and_gets_nothing_by_default(stage: Stage, elsewhere: HttpsSite) -> None:
    assert exchanged(stage, publish(elsewhere))["scope"] == ""


def test_a_token_can_be_revoked_by_its_client(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    token = exchanged(stage, url)["access_token"]
    browser, headers = stage.browser(), {"authorization": f"Bearer {token}"}
    form = {"token": token, "client_id": url}
    assert browser.ask("POST", f"{stage.issuer}/revoke", data=form).status_code == 200
    assert browser.ask("GET", f"{stage.issuer}/userinfo", headers=headers).status_code == 401


def test_a_pushed_request_may_come_first(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    pushed = stage.push({**stage.sent(), "client_id": url})
    assert pushed.status_code == 201, pushed.text
    query = f"client_id={quote(url, safe='')}&request_uri={pushed.json()['request_uri']}"
    assert is_known(stage.browser().ask("GET", f"{stage.issuer}/authorize?{query}"))


def test_workspaces_keep_their_own(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    assert is_known(begin(stage, url))
    here = kept(stage, url)
    other = next_stage(stage)
    other.policy(client_id_metadata_documents=True)
    assert is_known(begin(other, url))
    there = kept(other, url)
    assert here is not None
    assert there is not None
    assert here.id != there.id


# --- where it is switched on --------------------------------------------------------------------


@pytest.mark.parametrize("switched_on", [True, False])
def test_the_metadata_say_whether_such_clients_are_taken(stage: Stage, switched_on: bool) -> None:
    stage.policy(client_id_metadata_documents=switched_on)
    at = f"{stage.issuer}/.well-known/oauth-authorization-server"
    metadata = stage.browser().ask("GET", at).json()
    assert metadata["client_id_metadata_document_supported"] is switched_on


def test_where_it_is_switched_off_nothing_is_asked_for(stage: Stage, elsewhere: HttpsSite) -> None:
    stage.policy(client_id_metadata_documents=False)
    url = publish(elsewhere)
    refused(begin(stage, url))
    assert stage.push({**stage.sent(), "client_id": url}).status_code == 401
    assert elsewhere.received == []
    assert kept(stage, url) is None


def test_switching_it_off_ends_what_such_clients_have(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    answer = exchanged(stage, url)
    stage.policy(client_id_metadata_documents=False)
    headers, browser = {"authorization": f"Bearer {answer['access_token']}"}, stage.browser()
    assert browser.ask("GET", f"{stage.issuer}/userinfo", headers=headers).status_code == 401
    form = {"grant_type": "refresh_token", "client_id": url}
    form["refresh_token"] = answer["refresh_token"]
    assert browser.ask("POST", f"{stage.issuer}/token", data=form).status_code == 400
    refused(begin(stage, url))


def test_the_url_is_its_only_name(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    code = approved(stage, url)
    client = kept(stage, url)
    assert client is not None
    refused(begin(stage, client.id))
    assert stage.exchange(stage.command_line(), code, client_id=client.id).status_code == 401


# --- how long it is believed --------------------------------------------------------------------


def test_a_document_is_asked_for_once_while_it_is_fresh(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere, age="max-age=7200")
    for _ in range(3):
        assert is_known(begin(stage, url))
    stage.clock.advance(minutes=119)
    assert is_known(begin(stage, url))
    assert len(elsewhere.received) == 1
    stage.clock.advance(minutes=2)
    assert is_known(begin(stage, url))
    assert len(elsewhere.received) == 2


@pytest.mark.parametrize(
    ("age", "fresh", "stale"),
    [(None, 59, 61), ("no-store", 4, 6), ("max-age=1", 4, 6), ("max-age=99999999", 1439, 1441)],
)
def test_the_age_counts_within_bounds(
    stage: Stage, elsewhere: HttpsSite, age: str | None, fresh: int, stale: int
) -> None:
    url = publish(elsewhere, age=age)
    for minutes, times in ((0, 1), (fresh, 1), (stale - fresh, 2)):
        stage.clock.advance(minutes=minutes)
        assert is_known(begin(stage, url))
        assert len(elsewhere.received) == times


def test_a_change_of_the_document_counts_once_it_is_read(
    stage: Stage, elsewhere: HttpsSite
) -> None:
    url = publish(elsewhere)
    assert is_known(begin(stage, url))
    moved = "https://app.example/moved"
    publish(elsewhere, redirect_uris=[moved], client_name="Writer")
    stage.clock.advance(hours=2)
    refused(begin(stage, url))
    assert is_known(begin(stage, url, redirect_uri=moved))
    client = kept(stage, url)
    assert client is not None
    assert client.name == "Writer"


def test_another_redirect_uri_gets_nothing_that_people_approved_before(
    stage: Stage, elsewhere: HttpsSite
) -> None:
    url = publish(elsewhere)
    approved(stage, url)
    assert stage.grown(schema.consents) == 1
    stage.clock.advance(hours=2)
    publish(elsewhere, redirect_uris=[CALLBACK, "https://app.example/moved"])
    assert is_known(begin(stage, url))
    assert stage.grown(schema.consents) == 0


def test_an_outage_elsewhere_is_none_here_for_an_hour(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    assert is_known(begin(stage, url))
    elsewhere.answers[PATH] = Reply(b"", 503)
    stage.clock.advance(minutes=119)
    assert is_known(begin(stage, url))
    stage.clock.advance(minutes=2)
    refused(begin(stage, url))
    publish(elsewhere)
    assert is_known(begin(stage, url))


def test_a_document_that_turned_bad_counts_at_once(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    assert is_known(begin(stage, url))
    publish(elsewhere, client_id="https://other.example/")
    stage.clock.advance(minutes=61)
    refused(begin(stage, url))


# --- what is not believed -----------------------------------------------------------------------

KEY = {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43}


@pytest.mark.parametrize(
    "said",
    [
        {"client_id": None},
        {"client_id": "https://localhost/client.json"},
        {"client_name": None},
        {"redirect_uris": None},
        {"redirect_uris": []},
        {"redirect_uris": ["http://app.example/"]},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"client_secret": "everybody reads it"},
        {"client_secret_expires_at": 0},
        {"jwks": {"keys": [{**KEY, "d": "private"}]}},
        {"grant_types": ["client_credentials"], "redirect_uris": None},
        {"software_statement": "eyJ.e30."},
    ],
    ids=str,
)
def test_a_document_that_does_not_describe_such_a_client_is_refused(
    stage: Stage, elsewhere: HttpsSite, said: dict[str, Any]
) -> None:
    url = publish(elsewhere, **said)
    assert "document is refused" in refused(begin(stage, url))
    assert kept(stage, url) is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 404),
        Reply(b"{}", 201),
        Reply(b"[]"),
        Reply(b"not json"),
        Reply(b" " * 17_000 + b"{}"),
        Reply(b"", 302, {"location": "/other.json"}),
    ],
    ids=lambda reply: f"{reply.status} {reply.body[:8]!r}",
)
def test_what_cannot_be_read_as_a_document_is_all_alike(
    stage: Stage, elsewhere: HttpsSite, reply: Reply
) -> None:
    url = publish(elsewhere)
    publish(elsewhere, "/other.json", client_id=url)
    elsewhere.answers[PATH] = reply
    assert "document could not be fetched" in refused(begin(stage, url))


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "", "image/svg+xml"])
def test_a_document_of_another_type_is_refused(
    stage: Stage, elsewhere: HttpsSite, media_type: str
) -> None:
    url = publish(elsewhere)
    good = elsewhere.answers[PATH]
    assert isinstance(good, Reply)
    elsewhere.answers[PATH] = Reply(good.body, headers={"content-type": media_type})
    assert "content-type" in refused(begin(stage, url))


def test_a_more_special_json_type_is_taken(stage: Stage, elsewhere: HttpsSite) -> None:
    url = publish(elsewhere)
    good = elsewhere.answers[PATH]
    assert isinstance(good, Reply)
    headers = {"content-type": "application/client-metadata+json; charset=utf-8"}
    elsewhere.answers[PATH] = Reply(good.body, headers=headers)
    assert is_known(begin(stage, url))


@pytest.mark.parametrize("path", ["", "/a/../client.json", "/./client.json", "/%2e%2E/client.json"])
def test_a_url_that_is_no_client_id_is_not_asked_for(
    stage: Stage, elsewhere: HttpsSite, path: str
) -> None:
    refused(begin(stage, publish(elsewhere, path)))
    assert elsewhere.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://{allowed}/client.json",
        "https://user@{allowed}/client.json",
        "https://{allowed}/client.json#fragment",
        "https://127.0.0.1/client.json",
        "https://[::1]/client.json",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/client.json",
        "https:/{allowed}/client.json",
        "https://",
        "https://[/client.json",
    ],
)
def test_what_leads_where_nobody_may_be_sent_is_not_asked_for(
    stage: Stage, elsewhere: HttpsSite, url: str
) -> None:
    url = url.format(allowed=elsewhere.allow)
    publish(elsewhere, client_id=url)
    said = refused(begin(stage, url))
    assert "not public" not in said  # why is for the log alone
    assert elsewhere.received == []


def test_documents_are_asked_for_only_so_often(stage: Stage, elsewhere: HttpsSite) -> None:
    for n in range(MOST_OF_A_HOST):
        refused(begin(stage, elsewhere.url(f"/{n}")))
    answer = begin(stage, publish(elsewhere))
    assert answer.status_code == 429
    assert len(elsewhere.received) == MOST_OF_A_HOST
    stage.clock.advance(hours=1)
    assert is_known(begin(stage, publish(elsewhere)))


def test_only_so_many_are_asked_for_at_once(stage: Stage, elsewhere: HttpsSite) -> None:
    """While hosts are slow, others do not wait in line behind them."""
    arrived, may_go = threading.Semaphore(0), threading.Event()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        arrived.release()
        may_go.wait(4)

    def all_are_there() -> bool:
        return all(arrived.acquire(timeout=4) for _ in range(MOST_AT_ONCE))

    async def one_more(http: httpx.AsyncClient, waiting: list[str], more: str) -> httpx.Response:
        asked = [asyncio.create_task(http.get(url)) for url in waiting]
        try:
            assert await asyncio.to_thread(all_are_there)
            return await http.get(more)
        finally:
            may_go.set()
            await asyncio.gather(*asked)

    paths = [f"/slow-{n}" for n in range(MOST_AT_ONCE)]
    elsewhere.answers.update(dict.fromkeys(paths, slowly))
    slow = [address(stage, elsewhere.url(path)) for path in paths]
    url = publish(elsewhere)
    browser = stage.browser()
    answer = browser.runner.run(one_more(browser.http, slow, address(stage, url)))
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    assert is_known(begin(stage, url))


def test_who_is_known_stays_so_while_too_much_is_asked_for(
    stage: Stage, elsewhere: HttpsSite
) -> None:
    url = publish(elsewhere)
    assert is_known(begin(stage, url))
    stage.clock.advance(minutes=61)
    for n in range(MOST_OF_A_HOST):
        refused(begin(stage, elsewhere.url(f"/{n}")))
    assert is_known(begin(stage, url))


def test_nothing_of_the_database_waits_while_a_document_is_fetched(
    stage: Stage, elsewhere: HttpsSite
) -> None:
    """The host that is asked writes to our database before it answers."""
    url = publish(elsewhere)
    good = elsewhere.answers[PATH]
    assert isinstance(good, Reply)

    def writes(handler: BaseHTTPRequestHandler) -> None:
        stage.client(name="Registered meanwhile")
        handler.send_response(200)
        handler.send_header("content-type", JSON)
        handler.end_headers()
        handler.wfile.write(good.body)

    elsewhere.answers[PATH] = writes
    assert is_known(begin(stage, url))


# --- clients with keys --------------------------------------------------------------------------


def test_a_client_with_keys_is_confidential_and_has_no_secret(
    stage: Stage, elsewhere: HttpsSite
) -> None:
    url = publish(elsewhere, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY]})
    assert is_known(begin(stage, url))
    client = kept(stage, url)
    assert client is not None
    assert (client.type, client.secrets) == ("authorization_code", ())
    code = approved(stage, url)
    assert stage.exchange(stage.command_line(), code, client_id=url).status_code == 401


@pytest.fixture(scope="module")
def default_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that was not told of any host."""
    path: Path = tmp_path_factory.mktemp("nowhere") / "scopewright.db"
    with open_stage(f"sqlite:///{path}", FrozenClock()) as stage:
        yield stage


def test_by_default_no_host_of_ours_is_asked(default_server: Stage, elsewhere: HttpsSite) -> None:
    default_server.policy(client_id_metadata_documents=True)
    elsewhere.received.clear()
    refused(begin(default_server, publish(elsewhere)))
    assert elsewhere.received == []
