"""`login`, `logout` and `whoami`: a browser's session or an API key, kept for later commands."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from scopewright.cli import credentials
from scopewright.cli.credentials import Login
from scopewright.cli.output import Exit, Failure, say, say_json, say_table

if TYPE_CHECKING:
    from scopewright.cli.api import Api

UrlOption = Annotated[str | None, typer.Option(help="The server's address.")]
WorkspaceOption = Annotated[str | None, typer.Option(help="UUID or slug; default: the key's own.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def login(
    url: Annotated[
        str | None, typer.Option(help="The server's address.", envvar=credentials.URL)
    ] = None,
    issuer: Annotated[
        str | None, typer.Option(help="Sign in with a browser: the workspace's issuer.")
    ] = None,
    workspace: WorkspaceOption = None,
    on_another_device: Annotated[
        bool, typer.Option("--device", help="With --issuer: use a browser on another device.")
    ] = False,
) -> None:
    """Sign in for the other commands: with a browser, or an API key that is typed or piped in."""
    if issuer is not None:
        found = _by_browser(issuer.rstrip("/"), on_another_device=on_another_device)
    elif url is not None:
        found = Login(url.rstrip("/"), workspace or "", _key())
    else:
        raise Failure("say --issuer to sign in with a browser, or --url with a key", Exit.USAGE)
    me = _asked_as(found).ask("GET", "/api/whoami")
    credentials.store(found)
    say(f"Signed in at {found.url} as {me['principal']['name']}; kept in {credentials.place()}.")


def api_at(url: str | None, workspace: str | None) -> Api:
    """The server that is named here, in the environment or by the stored login.

    Raises:
        Failure: no server or no key is known.
    """
    return _asked_as(credentials.find_login(url=url, workspace=workspace))


def _asked_as(found: Login) -> Api:
    """What asks a server is loaded only now: a server never needs it."""
    from scopewright.cli.api import Api

    return Api(found)


def _by_browser(issuer: str, *, on_another_device: bool) -> Login:
    from scopewright.cli import browser, device
    from scopewright.cli.api import refuse_open_networks

    url, _, workspace_id = issuer.rpartition("/w/")
    try:
        UUID(workspace_id)
    except ValueError:
        raise Failure("an issuer is https://auth.example/w/UUID", Exit.USAGE) from None
    refuse_open_networks(url)
    if on_another_device:
        answer = device.sign_in(issuer, workspace_id)
    else:
        answer = browser.sign_in(issuer, workspace_id, open_browser=sys.stdout.isatty())
    return Login(url, workspace_id, answer["access_token"], answer["refresh_token"])


def logout() -> None:
    """Forget the stored key. It stays valid until it is revoked."""
    credentials.forget()


def whoami(
    url: UrlOption = None, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Who the server takes you for, and what you hold."""
    me = api_at(url, workspace).ask("GET", "/api/whoami")
    if json:
        say_json(me)
    else:
        say_table(("", ""), [*me.pop("principal").items(), *me.items()])


def _key() -> str:
    key = os.environ.get(credentials.API_KEY)
    if not key and sys.stdin.isatty():
        key = getpass("API key: ")
    elif not key:
        key = sys.stdin.readline()
    if not key.strip():
        raise Failure("give the API key on standard input: `scopewright login <FILE`", Exit.USAGE)
    return key.strip()
