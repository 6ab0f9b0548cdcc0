"""Signing in with a browser: authorization code with PKCE, answered on a port of this machine.

The client is the one that every workspace has built in (RFC 8252 §7.3, RFC 7636).
"""

from __future__ import annotations

import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from scopewright import ids
from scopewright.cli.output import Exit, Failure, say
from scopewright.core import base64url
from scopewright.core.builtin_clients import command_line_id
from scopewright.languages import speak, spoken

PATIENCE_SECONDS = 600
TIMEOUT_SECONDS = 30
_PROMISED = {
    "token": {"access_token", "refresh_token"},
    "device_authorization": {"device_code", "user_code", "verification_uri"},
}
_PAGE = '<!doctype html><html lang="{}"><meta charset="utf-8"><title>Scopewright</title><p>{}</p>'


def sign_in(issuer: str, workspace_id: str, *, open_browser: bool) -> dict[str, str]:
    """`access_token` and `refresh_token` of the member who signs in.

    Raises:
        Failure: nobody signed in in time, somebody said no, or the server did.
    """
    client_id = command_line_id(workspace_id)
    verifier, state = ids.new_secret("v"), ids.new_secret("s")
    with _Listener() as listener:
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": listener.redirect_uri,
            "state": state,
            "code_challenge": base64url.sha256(verifier.encode()),
            "code_challenge_method": "S256",
        }
        address = f"{issuer}/authorize?{urlencode(asked)}"
        say(f"Open this address in a browser on this machine:\n\n{address}\n")
        if open_browser:
            webbrowser.open(address)
        answer = listener.wait(state)
    if "code" not in answer:
        raise Failure(answer.get("error_description") or "nobody signed in", Exit.DENIED)
    redeemed = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": asked["redirect_uri"],
        "code_verifier": verifier,
    }
    return _ask_token(issuer, {**redeemed, "client_id": client_id})


def renew(issuer: str, workspace_id: str, refresh_token: str) -> dict[str, str]:
    """Fresh tokens of a session; the refresh token is used up.

    Raises:
        Failure: the session has ended, or the server does not answer.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _ask_token(issuer, {**form, "client_id": command_line_id(workspace_id)})


def _ask_token(issuer: str, form: dict[str, str]) -> dict[str, str]:
    answer = post(issuer, "token", form)
    if "error" in answer:
        refused = answer.get("error_description") or answer["error"]
        raise Failure(f"{refused} Run `scopewright login` again.", Exit.DENIED)
    return answer


def post(issuer: str, endpoint: str, form: dict[str, str]) -> dict[str, Any]:
    """What an endpoint answers to a form: what was asked for, or an `error`.

    Raises:
        Failure: the server does not answer as it should.
    """
    try:
        answer = httpx.post(f"{issuer}/{endpoint}", data=form, timeout=TIMEOUT_SECONDS).json()
    except httpx.HTTPError as error:
        raise Failure(unanswered(issuer, error)) from None
    except ValueError:
        raise Failure(f"{issuer} does not answer as an issuer does") from None
    if isinstance(answer, dict) and ("error" in answer or _PROMISED[endpoint] <= answer.keys()):
        return answer
    raise Failure(f"{issuer} does not answer as an issuer does")


def unanswered(url: str, error: httpx.HTTPError) -> str:
    """That a server does not answer, as a sentence; where it is not trusted, what to do."""
    reason = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return f"{url} is not trusted; SSL_CERT_FILE names its authorities, in PEM: {reason}"
    return f"{url} does not answer: {reason}"


class _Listener:
    """Hears one answer of the authorization server, on the loopback interface alone."""

    def __init__(self) -> None:
        answers = self._answers = list[dict[str, str]]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path != "/callback":
                    self.send_error(404)
                    return
                answers.append(dict(parse_qsl(url.query)))
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                speak(None, self.headers.get("Accept-Language"))
                said = spoken().says("You may close this page now.")
                self.wfile.write(_PAGE.format(spoken().code, said).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Codes do not belong on the terminal."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> _Listener:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._server.server_close()

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def wait(self, state: str) -> dict[str, str]:
        """The answer to our own question; others are not heard (RFC 9700 §4.7)."""
        deadline = monotonic() + PATIENCE_SECONDS
        while monotonic() < deadline:
            before = len(self._answers)
            self._server.timeout = deadline - monotonic()
            self._server.handle_request()
            for answer in self._answers[before:]:
                if answer.get("state") == state:
                    return answer
        return {}
