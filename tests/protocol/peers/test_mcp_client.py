"""The `mcp` SDK's client finds out where to get a token, gets one, and manages with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.auth import OAuthClientProvider, OAuthFlowError, OAuthRegistrationError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from tests.protocol.peers.browsing import callback
from tests.protocol.peers.conftest import standing
from tests.tls import CertificateAuthority, HttpsSite, Reply, https_site
from tests.visitors import REDIRECT_URI, Mailbox, a_browser, an_address
from tests.worlds import World

DOCUMENT = "/client.json"
ModeOfClient = Literal["auto", "legacy"]
Error = TypeVar("Error", bound=BaseException)


@dataclass
class Kept:
    """What the SDK's client keeps of one server, and the person whose browser it opens."""

    browser: httpx.Client
    mailbox: Mailbox
    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    answer: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """The access token that it has now."""
        assert self.tokens is not None
        return self.tokens.access_token

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info

    async def open_browser(self, url: str) -> None:
        self.asked.append(dict(parse_qsl(urlsplit(url).query)))
        ended = await asyncio.to_thread(callback, self.browser, url, self.mailbox)
        self.answer = dict(parse_qsl(urlsplit(ended).query))

    async def come_back(self) -> AuthorizationCodeResult:
        if "error" in self.answer:
            raise OAuthFlowError(self.answer["error"])
        return AuthorizationCodeResult.model_validate(self.answer)


@dataclass(frozen=True)
class Managed:
    """A workspace that anybody's MCP client may come to, and a site with a client's document."""

    world: World
    site: HttpsSite

    @property
    def url(self) -> str:
        return f"{self.world.issuer}/mcp"

    def person(self, address: str) -> Kept:
        """Somebody with a browser of their own, and a client that has been nowhere yet."""
        return Kept(a_browser(), self.world.mailbox(address))

    def member(self, role: str) -> Kept:
        address = an_address(role)
        self.world.member(role, address)
        return self.person(address)

    @asynccontextmanager
    async def connected(
        self, person: Kept, mode: ModeOfClient = "auto", *, document: bool = False
    ) -> AsyncIterator[Client]:
        """The SDK's client at the endpoint; it registers itself, or brings its document."""
        auth = OAuthClientProvider(
            self.url,
            OAuthClientMetadata(
                client_name="A desk assistant",
                redirect_uris=[AnyUrl(REDIRECT_URI)],
                token_endpoint_auth_method="none",
            ),
            person,
            person.open_browser,
            person.come_back,
            client_metadata_url=self.site.url(DOCUMENT) if document else None,
        )
        async with (
            httpx2.AsyncClient(auth=auth, timeout=60) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode) as client,
        ):
            yield client

    async def look(self, person: Kept) -> None:
        """Connect, see the tools, and go."""
        async with self.connected(person) as client:
            await client.list_tools()


@contextmanager
def managing(folder: Path, *program: str) -> Iterator[Managed]:
    """Such a workspace, where clients may register and bring documents."""
    authority = CertificateAuthority(folder)
    with (
        https_site(authority.issue("localhost", "127.0.0.1")) as site,
        standing(
            folder,
            *program,
            SCOPEWRIGHT_OUTBOUND__ALLOW=site.allow,
            SCOPEWRIGHT_OUTBOUND__CA_FILE=str(authority.ca_file),
        ) as world,
    ):
        world.change(policy={"client_registration": "open", "client_id_metadata_documents": True})
        described = {
            "client_id": site.url(DOCUMENT),
            "client_name": "A desk assistant",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        site.answers[DOCUMENT] = Reply(json.dumps(described).encode())
        yield Managed(world, site)


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("mcp")) as managed:
        yield managed


@pytest.fixture(scope="module")
def visiting() -> httpx.Client:
    """The administrator's, who signs in once: letters to an address are limited."""
    return a_browser()


@pytest.fixture
def administrator(managed: Managed, visiting: httpx.Client) -> Kept:
    return Kept(visiting, managed.world.mailbox(managed.world.admin_email))


def refusal_of(coroutine: Coroutine[Any, Any, None], kind: type[Error]) -> Error:
    """What the SDK's client ends with, out of the groups that it comes in."""
    with pytest.raises(BaseException) as refused:
        asyncio.run(coroutine)
    found: BaseException = refused.value
    while isinstance(found, BaseExceptionGroup):
        [found] = found.exceptions
    assert isinstance(found, kind), repr(found)
    return found


async def tools_of(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


def operations(world: World, ending: str = "") -> set[str]:
    """Those of the API's own document within a workspace, as tools are called."""
    paths = world.http.get("/openapi.json").json()["paths"]
    named = {
        route["x-operation"]
        for path, methods in paths.items()
        for route in methods.values()
        if "x-operation" in route and "{ws}" in path
    }
    return {name.replace(":", "_") for name in named if name.endswith(ending)}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("document", [False, True], ids=["registers", "brings its document"])
def test_the_mcp_client_connects_by_discovery_and_an_administrator_manages_by_it(
    managed: Managed, administrator: Kept, mode: ModeOfClient, document: bool
) -> None:
    scope = f"sensor:{mode}-{document}"

    async def manage() -> dict[str, Any]:
        async with managed.connected(administrator, mode, document=document) as client:
            assert await tools_of(client) == operations(managed.world)
            made = await client.call_tool("scopes_create", {"name": scope})
            assert not made.is_error
            audit = await client.call_tool("audit_read", {"limit": 1})
            return dict(audit.structured_content["data"][0])

    event = asyncio.run(manage())
    assert (event["operation"], event["target"], event["via"]) == ("scopes:create", scope, "mcp")
    [asked] = administrator.asked
    assert asked["resource"] == managed.url
    assert (asked["client_id"] == managed.site.url(DOCUMENT)) is document
    assert managed.world.admin.get(f"/scopes/{scope}").status_code == 200


def test_the_mcp_client_comes_again_with_what_it_kept_and_nobody_is_asked(
    managed: Managed, administrator: Kept
) -> None:
    asyncio.run(managed.look(administrator))
    first = administrator.token
    asyncio.run(managed.look(administrator))
    assert administrator.token == first
    assert len(administrator.asked) == 1


def test_the_mcp_client_of_a_viewer_reads_and_is_refused_a_tool_that_writes(
    managed: Managed,
) -> None:
    viewer = managed.member("viewer")

    async def try_to_write() -> None:
        async with managed.connected(viewer) as client:
            assert await tools_of(client) == operations(managed.world, ":read") - {"sessions_read"}
            assert not (await client.call_tool("scopes_read", {})).is_error
            await client.call_tool("scopes_create", {"name": "viewer:made"})

    assert "iotman:scopes:create" in str(refusal_of(try_to_write(), MCPError))
    assert len(viewer.asked) == 2  # it asked for more once, as it was told to, and got no more
    assert managed.world.admin.get("/scopes/viewer:made").status_code == 404


def test_the_mcp_client_of_somebody_who_is_no_member_gets_nothing(managed: Managed) -> None:
    address = an_address()
    managed.world.end_user(address, internal_scopes=["iotman:scopes:read"])
    person = managed.person(address)
    assert "access_denied" in str(refusal_of(managed.look(person), OAuthFlowError))
    assert person.tokens is None


def test_the_mcp_client_is_refused_with_a_token_for_the_api(
    managed: Managed, administrator: Kept
) -> None:
    token = managed.world.access_token(managed.world.device(scopes=["iotman:scopes:read"]))
    administrator.tokens = OAuthToken(access_token=token)
    asyncio.run(managed.look(administrator))
    assert len(administrator.asked) == 1
    assert administrator.token != token


def test_the_mcp_client_has_to_ask_again_once_its_session_is_revoked(managed: Managed) -> None:
    editor = managed.member("editor")
    asyncio.run(managed.look(editor))
    assert len(editor.asked) == 1
    [session] = [
        one
        for one in managed.world.listed("/sessions")
        if one["principal"]["label"] == editor.mailbox.address
    ]
    assert managed.world.admin.delete(f"/sessions/{session['id']}").status_code == 204
    asyncio.run(managed.look(editor))
    assert len(editor.asked) == 2


def test_the_mcp_client_cannot_register_where_it_may_not(managed: Managed) -> None:
    closed = managed.world.another()
    elsewhere = Managed(closed, managed.site)
    person = elsewhere.person(closed.admin_email)
    refused = refusal_of(elsewhere.look(person), OAuthRegistrationError)
    assert "Registration failed: 401" in str(refused)
    assert person.asked == []
