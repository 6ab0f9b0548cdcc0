"""The few pages on an application's own host: plain, for nothing else of ours is served there."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

from scopewright.core.errors import Forbidden, ScopewrightError
from scopewright.core.gateway import OWN_SEGMENT
from scopewright.languages import N_, spoken
from scopewright.web import problems
from scopewright.web.headers import page_headers

_PAGE = """<!doctype html>
<html lang="{language}">
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
_BUTTON = f'<form method="post" action="/{OWN_SEGMENT}/logout"><button>{{}}</button></form>'
_BACK = '<p><a href="/">{}</a></p>'
ANOTHER_ACCOUNT = "select_account"  # OIDC Core §3.1.2.1
_ANOTHER = f'<p><a href="/{OWN_SEGMENT}/login?prompt={ANOTHER_ACCOUNT}">{{}}</a></p>'


def sign_out_page(application: str) -> HTMLResponse:
    """Asks whether to sign out."""
    says = spoken().says
    text = says(
        "You leave %(application)s, and everything else where this browser is signed in with it."
    )
    button = _BUTTON.format(escape(says("Sign out")))
    return _page(says("Sign out?"), text % {"application": application}, button)


def signed_out_page() -> HTMLResponse:
    """Says that nobody is signed in any more."""
    says = spoken().says
    return _page(says("Signed out"), says("Nobody is signed in here now."), _back())


def refused_page(error: ScopewrightError) -> HTMLResponse:
    """Says what was refused, and why."""
    language, kind = spoken(), problems.kind_of(error)
    is_closed = isinstance(error, Forbidden)
    title = language.says(N_("This is not open to you") if is_closed else kind.title)
    another = _ANOTHER.format(escape(language.says("Sign in as somebody else")))
    more = _back() + another if is_closed else _back()
    text = language.tells(error.detail) if error.detail else title
    return _page(title, text, more, status=kind.status)


def _back() -> str:
    return _BACK.format(escape(spoken().says("Go to the first page")))


def _page(title: str, text: str, more: str, *, status: int = 200) -> HTMLResponse:
    shown = _PAGE.format(language=spoken().code, title=escape(title), text=escape(text), more=more)
    return HTMLResponse(shown, status, page_headers())
