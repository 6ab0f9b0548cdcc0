"""`/problems/{slug}`: what an error is, said to people in the words of its class."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from inspect import getdoc

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from scopewright.web import problems
from scopewright.web.problems import Kind

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>HTTP status {status}</p>
<p>{text}</p>
</html>
"""
_POLICY = {"content-security-policy": "default-src 'none'"}


def problem_routes() -> list[Route]:
    """The one route."""
    return [Route("/problems/{slug}", _show)]


def _texts() -> Mapping[str, tuple[Kind, str]]:
    named = {kind.slug: (kind, getdoc(error) or "") for error, kind in problems.TABLE.items()}
    bug = (problems.BUG, "A mistake of ours. The answer's X-Request-Id finds it in our log.")
    return {**named, problems.BUG.slug: bug}


async def _show(request: Request) -> Response:
    found = _texts().get(request.path_params["slug"])
    if found is None:
        missing = _PAGE.format(title="No such problem", status=404, text="Nothing is called so.")
        return HTMLResponse(missing, 404, _POLICY)
    kind, text = found
    page = _PAGE.format(title=escape(kind.title), status=kind.status, text=escape(text))
    return HTMLResponse(page, 200, _POLICY)
