"""`/problems/{slug}`: what an error is, said to people in the words of its class."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from inspect import getdoc

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from scopewright.core.errors import ScopewrightError
from scopewright.languages import N_, spoken
from scopewright.web import problems
from scopewright.web.problems import Kind

_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>{status}</p>
<p>{text}</p>
</html>
"""
_OF_A_BUG = N_("A mistake of ours. The answer's X-Request-Id finds it in our log.")
_POLICY = {"content-security-policy": "default-src 'none'"}


def problem_routes() -> list[Route]:
    """The one route."""
    return [Route("/problems/{slug}", _show)]


def what_it_is(error: type[ScopewrightError]) -> str:
    """What a class of errors says of itself: the first paragraph, in one line."""
    return " ".join((getdoc(error) or "").partition("\n\n")[0].split())


def _texts() -> Mapping[str, tuple[Kind, str]]:
    named = {kind.slug: (kind, what_it_is(error)) for error, kind in problems.TABLE.items()}
    bug = (problems.BUG, _OF_A_BUG)
    return {**named, problems.BUG.slug: bug}


async def _show(request: Request) -> Response:
    found = _texts().get(request.path_params["slug"])
    if found is None:
        return _page(N_("No such problem"), 404, N_("Nothing is called so."), answered=404)
    kind, text = found
    return _page(kind.title, kind.status, text, answered=200)


def _page(title: str, status: int, text: str, *, answered: int) -> Response:
    language = spoken()
    shown = _PAGE.format(
        language=language.code,
        title=escape(language.says(title)),
        status=escape(language.says("HTTP status %(status)s") % {"status": status}),
        text=escape(language.says(text)),
    )
    return HTMLResponse(shown, answered, _POLICY)
