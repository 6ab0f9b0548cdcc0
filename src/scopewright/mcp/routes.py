"""The routes of MCP: the endpoint, and where clients look for its metadata."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from scopewright.core.errors import NotFound
from scopewright.guard.metadata import METADATA_HEADERS, WELL_KNOWN
from scopewright.mcp.endpoint import Endpoint
from scopewright.web import problems

HERE = "/w/{workspace_id}/mcp"


def mcp_routes(endpoint: Endpoint) -> Sequence[BaseRoute]:
    """`{issuer}/mcp`, with its metadata before its path (RFC 9728 §3.1) and after it."""

    async def metadata(request: Request) -> Response:
        try:
            resource = await endpoint.resource(request.path_params["workspace_id"])
        except NotFound as error:
            document = problems.document(error, public_url=endpoint.public_url)
            return JSONResponse(document, document["status"], media_type=problems.MEDIA_TYPE)
        return JSONResponse(resource.metadata(), headers=METADATA_HEADERS)

    return [
        Route(HERE, endpoint),
        Route(WELL_KNOWN + HERE, metadata),
        Route(HERE + WELL_KNOWN, metadata),
    ]
