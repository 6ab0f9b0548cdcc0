"""The management API as the commands ask it; refusals become sentences and exit codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from scopewright.cli import browser, credentials
from scopewright.cli.credentials import Login
from scopewright.cli.output import Exit, Failure
from scopewright.core.loopback import is_loopback

TIMEOUT_SECONDS = 60
_CODES = {400: Exit.USAGE, 413: Exit.USAGE, 422: Exit.USAGE, 429: Exit.FAILED}


class Api:
    """Asks one server with one key."""

    def __init__(self, login: Login) -> None:
        refuse_open_networks(login.url)
        self._login = login
        self._http = httpx.Client(
            base_url=login.url,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )

    @cached_property
    def workspace(self) -> str:
        """The workspace's path; without a name, the one that the key belongs to."""
        name = self._login.workspace or str(self.ask("GET", "/api/whoami")["workspace"])
        return f"/api/workspaces/{quote(name, safe='')}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """The answer's JSON; None where it has none.

        Raises:
            Failure: the server said no, or nothing.
        """
        response = self._sent(method, path, json=body, params=query)
        if response.status_code == 401 and self._login.refresh_token:
            self._renew()
            response = self._sent(method, path, json=body, params=query)
        if response.is_success:
            return _json(response) if response.content else None
        raise _refusal(response)

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page."""
        while True:
            page = self.ask("GET", path, query=query)
            yield from page["data"]
            if page.get("next_page") is None:
                return
            # Only its query: the server may know itself by another address than we do.
            query = dict(httpx.URL(page["next_page"]).params)

    def _sent(self, method: str, path: str, **request: Any) -> httpx.Response:
        key = {"Authorization": f"Bearer {self._login.api_key}"}
        try:
            return self._http.request(method, path, headers=key, **request)
        except httpx.InvalidURL as error:
            raise Failure(f"{self._login.url}: {error}", Exit.USAGE) from None
        except httpx.HTTPError as error:
            raise Failure(browser.unanswered(self._login.url, error)) from None

    def _renew(self) -> None:
        """The access token has ended: get the next one, and keep what comes with it."""
        login = credentials.read()
        issuer = f"{login.url}/w/{login.workspace}"
        answer = browser.renew(issuer, login.workspace, login.refresh_token)
        token, refresh_token = answer["access_token"], answer["refresh_token"]
        self._login = replace(login, api_key=token, refresh_token=refresh_token)
        credentials.store(self._login)


def refuse_open_networks(url: str) -> None:
    """Raises `Failure` where a key would be read by others on its way."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Failure(f"{url} is no address of a server", Exit.USAGE) from None
    if parts.scheme not in ("http", "https") or not host:
        raise Failure(f"{url} is no address of a server: https://auth.example", Exit.USAGE)
    if parts.scheme == "http" and not is_loopback(host):
        raise Failure("a key is sent over https only, or within this machine", Exit.USAGE)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise Failure(f"{response.url} does not answer like Scopewright") from None


def _refusal(response: httpx.Response) -> Failure:
    """A refusal as a sentence that ends with what to do."""
    status = response.status_code
    default = Exit.FAILED if status >= 500 or status < 400 else Exit.DENIED
    try:
        problem = response.json()
        sentence = problem.get("detail") or problem["title"]
        missing = problem.get("missing", [])
    except (ValueError, KeyError, AttributeError):
        sentence, missing = f"{response.url} answered {status}", []
    if missing and all(scope not in sentence for scope in missing):
        sentence += f" Missing: {' '.join(missing)}."
    if status == 401:
        sentence += " Run `scopewright login` with a key that is."
    if retry := response.headers.get("retry-after"):
        sentence += f" Try again in {retry} seconds."
    return Failure(sentence, _CODES.get(status, default))
