"""The MCP server for one request: which tools this caller sees, and what a call of one does.

It keeps no session, so any process can answer any request. The SDK is imported with the first of
them: a server that is never asked need not carry it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright import __version__
from scopewright.core.caller import Caller
from scopewright.core.errors import Invalid, ScopewrightError
from scopewright.mcp.tools import ADDITIVE, READ, Tool
from scopewright.web import problems
from scopewright.web.calling import answer_to

INSTRUCTIONS = (
    "These tools manage the workspace {name} of Scopewright: who may do what in it."
    " A tool is there if your token opens it. Lists come in pages: call again with the cursor of"
    " next_page. A refusal is a problem document; its detail says what to change."
)
Context = Any  # of the SDK; nothing here reads it


@dataclass(frozen=True, slots=True)
class ToolServer:
    """Serves the tools of the API. `public_url` begins the addresses in problem documents."""

    api: ASGIApp
    tools: Mapping[str, Tool]
    public_url: str
    body_limit: int

    async def serve(
        self, caller: Caller, workspace: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request of this caller; `workspace` is the name to speak of."""

        async def listed(_: Context, __: Any) -> types.ListToolsResult:
            return types.ListToolsResult(tools=[_described(one) for one in self.open_to(caller)])

        async def called(_: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
            return await self._call(caller, params.name, params.arguments or {})

        server = Server(
            "scopewright",
            version=__version__,
            title="Scopewright",
            instructions=INSTRUCTIONS.format(name=workspace),
            on_list_tools=listed,
            on_call_tool=called,
            get_tool_input_schema=lambda _: None,  # no argument is repeated in a header
        )
        manager = StreamableHTTPSessionManager(
            server, json_response=True, stateless=True, max_request_body_size=self.body_limit
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    def open_to(self, caller: Caller) -> list[Tool]:
        """The tools whose operation this caller may do, in the order of the routes."""
        return [tool for tool in self.tools.values() if caller.may(tool.operation)]

    async def _call(
        self, caller: Caller, name: str, arguments: Mapping[str, Any]
    ) -> types.CallToolResult:
        tool = self.tools.get(name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {name}.")
        try:
            call = tool.call(caller.workspace_id, arguments)
        except Invalid as error:
            return self._refused(error)
        answer = await answer_to(self.api, call, caller)
        return _result(answer.value, is_error=answer.is_refusal)

    def _refused(self, error: ScopewrightError) -> types.CallToolResult:
        return _result(problems.document(error, public_url=self.public_url), is_error=True)


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.action == READ,
            destructive_hint=tool.action != READ and tool.action not in ADDITIVE,
        ),
    )


def _result(value: Any, *, is_error: bool) -> types.CallToolResult:
    """The value as structured content, and as text for clients that know no other."""
    text = "Done." if value is None else json.dumps(value, ensure_ascii=False)
    return types.CallToolResult(
        content=[types.TextContent(text=text)], structured_content=value, is_error=is_error
    )
