"""Which server to ask, and with which key: options, then the environment, then the stored login."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from scopewright.cli.output import Exit, Failure

URL, API_KEY, WORKSPACE = "SCOPEWRIGHT_URL", "SCOPEWRIGHT_API_KEY", "SCOPEWRIGHT_WORKSPACE"


@dataclass(frozen=True)
class Login:
    """A server, a workspace there (UUID or slug, empty: the key's own), and a key.

    Who signed in with a browser has an access token as the key, and a refresh token for the next.
    """

    url: str = ""
    workspace: str = ""
    api_key: str = ""
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"Login({self.url!r}, {self.workspace!r})"


def place() -> Path:
    """The file of the stored login."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "scopewright" / "credentials.toml"


def find_login(*, url: str | None, workspace: str | None) -> Login:
    """The login in force. A stored key goes to the server that it was stored for, no other.

    Raises:
        Failure: no server or no key is known.
    """
    stored = read()
    wanted = (url or os.environ.get(URL) or stored.url).rstrip("/")
    if stored.url != wanted:
        stored = Login()
    from_environment = os.environ.get(API_KEY)
    login = Login(
        url=wanted,
        workspace=workspace or os.environ.get(WORKSPACE) or stored.workspace,
        api_key=from_environment or stored.api_key,
        refresh_token="" if from_environment else stored.refresh_token,
    )
    if not login.url:
        raise Failure(f"which server? Say --url, set {URL}, or run `scopewright login`", Exit.USAGE)
    if not login.api_key:
        raise Failure(
            f"no key for {login.url}: set {API_KEY}, or run `scopewright login`", Exit.USAGE
        )
    return login


def read() -> Login:
    """The stored login; empty where there is none.

    Raises:
        Failure: the file is damaged.
    """
    try:
        kept = tomllib.loads(place().read_text(encoding="utf-8"))
        return Login(**{name: str(value) for name, value in kept.items()})
    except FileNotFoundError:
        return Login()
    except (OSError, ValueError, TypeError):
        raise Failure(f"{place()} cannot be read; run `scopewright login` again") from None


def store(login: Login) -> None:
    """Keep the login for its owner's eyes alone."""
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in asdict(login).items()]
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(lines)
    unfinished.replace(path)


def forget() -> None:
    """Delete the stored login."""
    place().unlink(missing_ok=True)
