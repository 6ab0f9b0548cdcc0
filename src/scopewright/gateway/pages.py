"""The few pages on an application's own host: plain, for nothing else of ours is served there."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

from scopewright.core.errors import Forbidden, ScopewrightError
from scopewright.core.gateway import OWN_SEGMENT
from scopewright.web import problems
from scopewright.web.headers import page_headers

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{title}</title>
</head>
<body>
  <main>
    <h1>{title}</h1>
    <p>{text}</p>
    {more}
  </main>
</body>
</html>
"""
_BUTTON = f'<form method="post" action="/{OWN_SEGMENT}/logout"><button>Sign out</button></form>'
_BACK = '<p><a href="/">Go to the first page</a></p>'
ANOTHER_ACCOUNT = "select_account"  # OIDC Core §3.1.2.1
_ANOTHER = (
    f'<p><a href="/{OWN_SEGMENT}/login?prompt={ANOTHER_ACCOUNT}">Sign in as somebody else</a></p>'
)


def sign_out_page(application: str) -> HTMLResponse:
    """Asks whether to sign out."""
    text = f"You leave {application}, and everything else where this browser is signed in with it."
    return _page("Sign out?", text, _BUTTON)


def signed_out_page() -> HTMLResponse:
    """Says that nobody is signed in any more."""
    return _page("Signed out", "Nobody is signed in here now.", _BACK)


def refused_page(error: ScopewrightError) -> HTMLResponse:
    """Says what was refused, and why."""
    kind = problems.kind_of(error)
    is_closed = isinstance(error, Forbidden)
    title = "This is not open to you" if is_closed else kind.title
    more = _BACK + _ANOTHER if is_closed else _BACK
    return _page(title, error.detail or f"{kind.title}.", more, status=kind.status)


def _page(title: str, text: str, more: str, *, status: int = 200) -> HTMLResponse:
    shown = _PAGE.format(title=escape(title), text=escape(text), more=more)
    return HTMLResponse(shown, status, page_headers())
