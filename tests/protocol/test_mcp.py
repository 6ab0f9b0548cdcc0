"""The MCP endpoint: its metadata, whom it answers, and what its tools do.

Model Context Protocol 2026-07-28 and 2025-11-25: authorization, Streamable HTTP, tools; RFC 9728.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any

import pytest

from scopewright.api.routes import ROUTES
from scopewright.catalogues import INTERNAL, read_shipped
from scopewright.core.model import PrincipalKind
from scopewright.core.particulars import Particulars
from tests.people import Stage, answer_of
from tests.protocol.issuer import Answer, Issuer, KnownClient, Site, bearer

OPENERS = {
    operation: scope.name
    for scope in read_shipped(internal_prefix="iotman")[INTERNAL].scopes
    for operation in scope.opens
}
OPERATIONS = {route.operation for route in ROUTES if route.operation}
MODERN, HANDSHAKE = "2026-07-28", "2025-11-25"
ABOUT = "io.modelcontextprotocol"
READ = ("iotman:scopes:read", "iotman:audit:read")


@dataclass
class Desk:
    """The MCP endpoint of a workspace, before somebody who may do everything in it."""

    issuer: Issuer
    version: str
    machine: KnownClient = field(init=False)

    def __post_init__(self) -> None:
        self.machine = self.issuer.machine(*OPENERS.values())

    @property
    def url(self) -> str:
        return f"{self.issuer.issuer}/mcp"

    def token(self, *scopes: str, client: KnownClient | None = None) -> str:
        """An access token for the endpoint, with all scopes of its client unless some are named."""
        named = {"scope": " ".join(scopes)} if scopes else {}
        return self.issuer.access_token(client or self.machine, resource=self.url, **named)

    def member_token(self, role: str) -> str:
        """The access token of a member with this role, who signed in at a registered client."""
        member, app = self.issuer.member(role), self.issuer.phone_app()
        asked = Particulars(resources=(self.url,))
        return str(self.issuer.signed_in(app, member, particulars=asked)["access_token"])

    def send(self, body: Any, token: str | None, **more: Any) -> Answer:
        """One POST as the transport wants it."""
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": self.version,
            **({} if token is None else bearer(token)),
            **more.pop("headers", {}),
        }
        headers.setdefault("content-type", "application/json")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.issuer.http.post(self.url, headers=headers, content=content, **more)

    def ask(self, method: str, token: str | None, **params: Any) -> Answer:
        """One request, with what its revision wants told about the client."""
        headers = {}
        if self.version == MODERN:
            headers = {"mcp-method": method}
            if "name" in params:
                headers["mcp-name"] = params["name"]
            about = {"protocolVersion": MODERN, "clientCapabilities": {}}
            params["_meta"] = {f"{ABOUT}/{name}": value for name, value in about.items()}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.send(message, token, headers=headers)

    def tools(self, token: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = result_of(self.ask("tools/list", token))["tools"]
        return listed

    def call(self, token: str, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """What a tool answers."""
        return result_of(self.ask("tools/call", token, name=tool, arguments=arguments))


def result_of(answer: Answer) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    result: dict[str, Any] = answer.json()["result"]
    return result


def names(tools: list[dict[str, Any]]) -> set[str]:
    return {tool["name"] for tool in tools}


@pytest.fixture(params=[MODERN, HANDSHAKE])
def desk(issuer: Issuer, request: pytest.FixtureRequest) -> Desk:
    return Desk(issuer, request.param)


@pytest.fixture
def modern(issuer: Issuer) -> Desk:
    return Desk(issuer, MODERN)


# --- discovery (RFC 9728; 2026-07-28, Authorization Server Discovery) ---------------------------


def test_the_metadata_names_the_resource_its_issuer_and_every_scope_that_opens_a_tool(
    modern: Desk,
) -> None:
    issuer, http = modern.issuer.issuer, modern.issuer.http
    well_known = "/.well-known/oauth-protected-resource"
    path = issuer.removeprefix(modern.issuer.site.url)
    answers = [http.get(f"{well_known}{path}/mcp"), http.get(f"{modern.url}{well_known}")]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert (
            answer.json().items()
            >= {
                "resource": modern.url,
                "resource_name": "The management of Acme",
                "authorization_servers": [issuer],
                "bearer_methods_supported": ["header"],
                "scopes_supported": sorted(set(OPENERS.values())),
            }.items()
        )


@pytest.mark.parametrize("id", ["0192aaaa-0000-7000-8000-000000000000", "acme", "%00"])
def test_a_workspace_that_does_not_exist_has_neither_an_endpoint_nor_metadata(
    site: Site, id: str
) -> None:
    http = site.http
    assert http.get(f"/.well-known/oauth-protected-resource/w/{id}/mcp").status_code in (400, 404)
    assert http.post(f"/w/{id}/mcp", json={}).status_code in (400, 404)


def test_without_a_token_the_challenge_says_where_to_get_one_and_with_which_scopes(
    desk: Desk,
) -> None:
    answer = desk.ask("tools/list", None)
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    path = desk.url.removeprefix(desk.issuer.site.url)
    where = f"{desk.issuer.site.url}/.well-known/oauth-protected-resource{path}"
    assert challenge.startswith("Bearer ")
    assert f'resource_metadata="{where}"' in challenge
    assert f'scope="{" ".join(sorted(set(OPENERS.values())))}"' in challenge
    assert "error=" not in challenge  # RFC 6750 §3.1
    assert desk.issuer.http.get(where).json()["resource"] == desk.url


# --- whose token is good ------------------------------------------------------------------------


def assert_no_good_token(answer: Answer) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.json()["error"]["data"]["status"] == 401
    challenge = answer.headers["www-authenticate"]
    assert 'error="invalid_token"' in challenge
    assert "resource_metadata=" in challenge


def test_a_token_for_the_workspace_is_none_for_its_management_and_the_other_way_round(
    desk: Desk,
) -> None:
    for_the_api = desk.issuer.access_token(desk.machine)
    for _ in range(2):  # what the server remembers of a token changes nothing
        assert_no_good_token(desk.ask("tools/list", for_the_api))
        assert desk.issuer.scopes_page(for_the_api).status_code == 200
    ours = desk.token()
    for _ in range(2):
        assert desk.tools(ours)
        assert desk.issuer.scopes_page(ours).status_code == 401


def test_a_token_for_another_workspaces_management_is_refused(desk: Desk, stranger: Issuer) -> None:
    theirs = Desk(stranger, desk.version)
    assert_no_good_token(desk.ask("tools/list", theirs.token()))


def test_an_api_key_is_no_token(desk: Desk) -> None:
    secret = desk.issuer.api_key(desk.machine.id)
    assert desk.issuer.scopes_page(secret).status_code == 200
    assert_no_good_token(desk.ask("tools/list", secret))


@pytest.mark.parametrize("token", ["x", "a.b.c", "swk_0_0", "~"])
def test_what_is_no_token_is_refused(desk: Desk, token: str) -> None:
    assert_no_good_token(desk.send({}, None, headers={"authorization": f"Bearer {token}"}))


def test_a_token_in_the_query_or_a_cookie_is_not_looked_at(modern: Desk) -> None:
    token = modern.token()
    assert modern.send({}, None, params={"access_token": token}).status_code == 401
    assert modern.send({}, None, headers={"cookie": f"scopewright={token}"}).status_code == 401


def test_an_expired_or_revoked_token_and_one_of_a_deleted_client_is_refused(desk: Desk) -> None:
    issuer, first, second = desk.issuer, desk.token(), desk.token()
    issuer.revoke(desk.machine, first)
    assert_no_good_token(desk.ask("tools/list", first))
    assert desk.tools(second)
    issuer.delete_client(desk.machine)
    assert_no_good_token(desk.ask("tools/list", second))

    other = issuer.machine(*READ)
    third = desk.token(client=other)
    issuer.clock.advance(hours=2)
    assert_no_good_token(desk.ask("tools/list", third))


def test_a_members_token_ends_with_the_session(desk: Desk) -> None:
    token = desk.member_token("iotman:viewer")
    assert desk.tools(token)
    desk.issuer.end_session(str(claims_of(token)["sid"]))
    assert_no_good_token(desk.ask("tools/list", token))


# --- for whom (RFC 8707) ------------------------------------------------------------------------


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


EMAIL, MANAGES = "mia@example.com", "manages the workspace"


@dataclass
class Both:
    """Somebody who is a member and an end-user, at a client that the workspace registered."""

    stage: Stage

    def __post_init__(self) -> None:
        kind, role = PrincipalKind.MEMBER, "iotman:viewer"
        self.member = self.stage.person(EMAIL, kind=kind, role=role).id
        self.end_user = self.stage.person(EMAIL, "sensor:read").id
        self.client = self.stage.client()
        self.browser = self.stage.signed_in(EMAIL)

    @property
    def management(self) -> str:
        return f"{self.stage.issuer}/mcp"

    def asked(self, **replaced: str) -> Any:
        """The page that asks for consent, or where the browser is sent."""
        return self.browser.get(self.stage.authorize_url(self.client, **replaced))

    def claims(self, page: Any, **replaced: str) -> dict[str, Any]:
        """What the token says that a consent ends in."""
        code = answer_of(self.browser.submit(page))["code"]
        answer = self.stage.exchange(self.client, code, **replaced)
        assert answer.status_code == 200, answer.text
        return claims_of(answer.json()["access_token"])


@pytest.fixture
def both(stage: Stage) -> Both:
    return Both(stage)


def test_a_request_for_the_management_acts_for_the_member_and_the_page_says_so(both: Both) -> None:
    page = both.asked(resource=both.management, scope="iotman:scopes:read sensor:read")
    assert MANAGES in page.text
    assert "sensor:read" not in page.text  # it opens nothing there
    claims = both.claims(page, resource=both.management)
    assert (claims["sub"], claims["aud"]) == (both.member, both.management)
    assert claims["scope"] == "iotman:scopes:read"


def test_without_a_resource_at_the_token_endpoint_the_token_is_for_the_management_still(
    both: Both,
) -> None:
    page = both.asked(resource=both.management, scope="iotman:scopes:read")
    claims = both.claims(page)
    assert (claims["sub"], claims["aud"]) == (both.member, both.management)


def test_a_request_for_anything_else_acts_for_the_end_user(both: Both) -> None:
    page = both.asked(scope="sensor:read")
    assert MANAGES not in page.text
    claims = both.claims(page)
    assert (claims["sub"], claims["aud"]) == (both.end_user, both.stage.workspace.id)


def test_an_approval_of_the_management_is_none_of_anything_else(both: Both) -> None:
    both.claims(both.asked(resource=both.management))
    assert "Allow" in both.asked().text


@pytest.mark.parametrize("other", ["workspace", "https://elsewhere.example", "slash"])
def test_a_code_for_the_management_brings_no_token_for_anything_else(
    both: Both, other: str
) -> None:
    named = {"workspace": both.stage.workspace.id, "slash": f"{both.management}/"}.get(other, other)
    page = both.asked(resource=both.management, scope="iotman:scopes:read")
    code = answer_of(both.browser.submit(page))["code"]
    answer = both.stage.exchange(both.client, code, resource=named)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


def test_the_management_stands_beside_no_other_resource(both: Both) -> None:
    url = both.stage.authorize_url(both.client, resource=both.management)
    answer = both.browser.get(f"{url}&resource={both.stage.workspace.id}")
    assert answer_of(answer)["error"] == "invalid_target"


# --- which tools there are ----------------------------------------------------------------------


def test_a_full_token_sees_a_tool_for_each_operation_of_the_routes(desk: Desk) -> None:
    tools = desk.tools(desk.token())
    assert names(tools) == {operation.replace(":", "_") for operation in OPERATIONS}
    assert [tool["name"] for tool in tools] == [t["name"] for t in desk.tools(desk.token())]


def test_a_viewers_token_sees_what_reads(desk: Desk) -> None:
    tools = desk.tools(desk.member_token("iotman:viewer"))
    readable = {o for o in OPERATIONS if o.endswith(":read") and o != "sessions:read"}
    assert names(tools) == {operation.replace(":", "_") for operation in readable}
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)


def test_a_token_sees_the_tools_of_its_own_scopes_only(desk: Desk) -> None:
    assert names(desk.tools(desk.token(*READ))) == {"scopes_read", "audit_read"}


def test_a_tool_says_whether_it_only_reads_and_whether_it_takes_something_away(
    modern: Desk,
) -> None:
    said = {tool["name"]: tool["annotations"] for tool in modern.tools(modern.token())}
    reads, destroys = {"readOnlyHint": True}, {"destructiveHint": True}
    neither = {"readOnlyHint": False, "destructiveHint": False}
    assert said["clients_read"].items() >= reads.items()
    assert said["clients_create"].items() >= neither.items()
    assert said["endpoints_activate"].items() >= neither.items()
    for name in ("clients_delete", "clients_update", "grants_revoke", "clients_rotate-secret"):
        assert said[name].items() >= destroys.items()


# --- calling ------------------------------------------------------------------------------------


def test_a_call_does_what_the_api_does_and_is_audited_as_mcp(desk: Desk) -> None:
    token = desk.token()
    made = desk.call(token, "scopes_create", name="sensor:read", description="See")
    assert not made["isError"]
    assert made["structuredContent"]["name"] == "sensor:read"
    shown = desk.call(token, "scopes_read", name="sensor:read")["structuredContent"]
    assert shown["description"] == "See"
    assert '"sensor:read"' in desk.call(token, "scopes_read", limit=5)["content"][0]["text"]
    [event] = desk.call(token, "audit_read", limit=1)["structuredContent"]["data"]
    assert (event["operation"], event["via"], event["target"]) == (
        "scopes:create",
        "mcp",
        "sensor:read",
    )
    assert event["actor"] == desk.machine.id


def test_a_call_that_answers_with_nothing_says_so(desk: Desk) -> None:
    token = desk.token()
    desk.issuer.define("sensor:read")
    gone = desk.call(token, "scopes_delete", name="sensor:read")
    assert (gone["isError"], gone["content"][0]["text"]) == (False, "Done.")
    assert desk.call(token, "scopes_read", name="sensor:read")["isError"]


def test_a_refusal_of_the_api_is_a_result_that_says_why(desk: Desk) -> None:
    refused = desk.call(desk.token(), "scopes_create", name="iotman:mine")
    assert refused["isError"]
    assert refused["structuredContent"]["status"] == 409
    unknown = desk.call(desk.token(), "scopes_create", name="a", colour="red")
    assert unknown["isError"]
    assert "name, [description]" in unknown["structuredContent"]["detail"]
    wrong = desk.call(desk.token(), "scopes_create", name=7)
    assert wrong["structuredContent"]["field"] == "name"


def test_nobody_gives_what_they_do_not_hold_by_a_tool_either(desk: Desk) -> None:
    desk.issuer.person(email="ann@example.com")
    token = desk.token("iotman:grants:create")
    given = {"email": "ann@example.com", "scope": "iotman:clients:delete"}
    refused = desk.call(token, "grants_create", **given)
    assert refused["isError"]
    assert refused["structuredContent"]["missing"] == ["iotman:clients:delete"]


def test_a_tool_that_the_token_does_not_open_is_refused_with_the_scope_that_would(
    desk: Desk,
) -> None:
    answer = desk.ask(
        "tools/call", desk.token(*READ), name="scopes_create", arguments={"name": "x"}
    )
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope", scope="iotman:scopes:create"' in challenge
    assert "resource_metadata=" in challenge
    error = answer.json()["error"]
    assert error["message"] == "This needs the scope iotman:scopes:create."
    assert error["data"]["missing"] == ["iotman:scopes:create"]
    assert desk.call(desk.token(), "scopes_read", name="x")["isError"]


def test_a_workspaces_tools_act_in_it_alone(desk: Desk, stranger: Issuer) -> None:
    stranger.define("theirs:read")
    found = desk.call(desk.token(), "scopes_read", name="theirs:read")
    assert found["structuredContent"]["status"] == 404
    odd = desk.call(desk.token(), "scopes_read", name=f"../../{stranger.id}/scopes")
    assert odd["structuredContent"]["field"] == "name"


# --- the transport ------------------------------------------------------------------------------


def test_a_client_of_the_handshake_is_served_without_a_session(issuer: Issuer) -> None:
    desk = Desk(issuer, HANDSHAKE)
    told = {"protocolVersion": HANDSHAKE, "capabilities": {}}
    about = {"clientInfo": {"name": "test", "version": "0"}}
    hello = desk.ask("initialize", desk.token(), **told, **about)
    assert result_of(hello)["protocolVersion"] == HANDSHAKE
    assert "Acme" in result_of(hello)["instructions"]
    assert "mcp-session-id" not in hello.headers
    ready = desk.send({"jsonrpc": "2.0", "method": "notifications/initialized"}, desk.token())
    assert (ready.status_code, ready.content) == (202, b"")


def test_a_modern_client_finds_out_what_the_server_speaks(modern: Desk) -> None:
    found = result_of(modern.ask("server/discover", modern.token()))
    assert found["supportedVersions"] == [MODERN]
    assert found["capabilities"]["tools"] == {"listChanged": False}


def test_what_may_be_seen_is_for_nobody_else_to_keep(modern: Desk) -> None:
    listed = result_of(modern.ask("tools/list", modern.token()))
    assert (listed["cacheScope"], listed["ttlMs"]) == ("private", 0)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_there_are_no_streams_and_no_sessions(modern: Desk, method: str) -> None:
    answer = modern.issuer.http.request(method, modern.url, headers=bearer(modern.token()))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_script_of_another_site_is_refused_and_ours_is_not(desk: Desk) -> None:
    list_tools = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    for origin in ("https://evil.example", "null", f"{desk.issuer.site.url}.evil.example"):
        refused = desk.send(list_tools, desk.token(), headers={"origin": origin})
        assert refused.status_code == 403
        assert "www-authenticate" not in refused.headers
    ours = desk.send(list_tools, desk.token(), headers={"origin": desk.issuer.site.url})
    assert ours.status_code != 403


@pytest.mark.parametrize("version", ["1900-01-01", "x", "2099-01-01"])
def test_a_revision_that_is_not_known_is_refused_with_those_that_are(
    issuer: Issuer, version: str
) -> None:
    desk = Desk(issuer, version)
    meta = {f"{ABOUT}/protocolVersion": version, f"{ABOUT}/clientCapabilities": {}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    answer = desk.send(message, desk.token(), headers={"mcp-method": "tools/list"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == -32022
    assert MODERN in error["data"]["supported"]


def test_headers_that_say_otherwise_than_the_message_are_refused(modern: Desk) -> None:
    meta = {f"{ABOUT}/protocolVersion": MODERN, f"{ABOUT}/clientCapabilities": {}}
    params = {"_meta": meta, "name": "scopes_delete", "arguments": {"name": "a"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"mcp-method": "tools/call", "mcp-name": "scopes_read"}
    answer = modern.send(message, modern.token(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"7",
        b"[]",
        b"{}",
        b'{"jsonrpc": "2.0", "id": 1}',
        b'{"jsonrpc": "1.0", "id": 1, "method": "tools/list"}',
        b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "tools/list"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": NaN}}',
        b'[{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}]',
        b'{"jsonrpc": "2.0", "id": 1, "result": {}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_request_is_refused(desk: Desk, body: bytes) -> None:
    answer = desk.send(body, desk.token())
    assert 400 <= answer.status_code < 500 or answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "\ud800"},
        {"name": "a\x00b"},
        {"name": 10**400},
        {"name": {"a": {"b": []}}},
        {"limit": "x" * 10_000},
        {"cursor": "\x00"},
        [],
        "text",
        7,
    ],
)
def test_odd_arguments_are_refused_and_nothing_breaks(desk: Desk, arguments: Any) -> None:
    answer = desk.ask("tools/call", desk.token(), name="scopes_read", arguments=arguments)
    assert answer.status_code < 500, answer.text
    said = answer.json()
    assert answer.status_code == 400 or "error" in said or said["result"]["isError"]


def test_an_unknown_tool_and_an_unknown_method_are_errors_of_the_protocol(desk: Desk) -> None:
    no_tool = desk.ask("tools/call", desk.token(), name="no_such", arguments={})
    assert no_tool.json()["error"]["code"] == -32602
    no_method = desk.ask("resources/list", desk.token())
    assert no_method.json()["error"]["code"] == -32601


def test_a_body_over_the_limit_is_refused(desk: Desk) -> None:
    answer = desk.send(b'"' + b"x" * (1 << 20) + b'"', desk.token())
    assert answer.status_code == 413
