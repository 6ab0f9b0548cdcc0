"""The shapes that a provider may have, and what it says of somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from scopewright.clock import Clock
from scopewright.core.errors import ScopewrightError
from scopewright.core.outside_tokens import OutsideToken
from scopewright.outbound import Fetcher
from scopewright.remote_keys import RemoteKeys

Headers = Sequence[tuple[str, str]]  # as they came, names in whatever letter case


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody has proven who they are.

    `subject` names them for good at this provider. `claims` is all that rules may look at, `groups`
    stands among them as `groups`; `state` travels to resource servers in access tokens.
    """

    subject: str
    name: str = ""
    email: str | None = None
    email_verified: bool = False
    groups: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)


class Unusable(ScopewrightError):
    """The provider cannot be asked now, or gave no usable answer; `cause` is for the log alone."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            "Whoever knows you there cannot be asked now. Try again later.", cause=cause
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider may know of the server; passed to those that have a parameter `here`."""

    name: str
    public_url: str
    server_secret: bytes = field(repr=False)
    clock: Clock
    fetcher: Fetcher
    remote_keys: RemoteKeys
    trusted_proxies: frozenset[str] = frozenset()

    @property
    def redirect_uri(self) -> str:
        """Where browsers come back to from this provider."""
        return f"{self.public_url}/sign-in/from/{self.name}"


@runtime_checkable
class Form(Protocol):
    """Somebody types a name and a password."""

    def authenticate(self, username: str, password: str) -> Proven | None:
        """Who this is; None for every kind of failure alike. May block.

        Raises:
            Unusable: whoever is to be asked does not answer.
        """


@runtime_checkable
class Redirect(Protocol):
    """The browser goes elsewhere, and comes back with an answer."""

    def begin(self, state: str) -> str:
        """The URL to send the browser to; it brings `state` back. May block.

        Raises:
            Unusable: whoever is to be asked does not answer.
        """

    def finish(self, query: Mapping[str, str], state: str) -> Proven:
        """Who this is, by what the browser brought back. May block.

        Raises:
            Unusable: whoever is to be asked does not answer.
            Malformed: what came back proves nothing.
        """


@runtime_checkable
class WholeRedirect(Redirect, Protocol):
    """The same, and the whole request says who it is, not its query alone."""

    def finish_by(self, request: Any, state: str) -> Proven:
        """Who this is, by the request with which the browser came back. May block.

        Raises:
            Unusable, Malformed: as `finish`.
        """


@runtime_checkable
class Header(Protocol):
    """A trusted proxy says in each request who it comes from."""

    def recognise(self, headers: Headers) -> Proven | None:
        """Who that is; None where it cannot be told. Asked for trusted proxies only."""


@dataclass(frozen=True, slots=True)
class Borne:
    """Somebody's program has presented a good access token that the provider has made."""

    proven: Proven
    token: OutsideToken


@runtime_checkable
class Bearer(Protocol):
    """Programs present access tokens that the provider has made."""

    @property
    def issuer(self) -> str:
        """Which tokens are to be shown to it: those that say to be of this issuer."""

    def prove(self, token: str) -> Borne:
        """Whose token this is, and what it says. May block.

        Raises:
            Unusable: whoever is to be asked does not answer.
            InvalidToken: it is not good here.
        """


Provider = Form | Redirect | Header | Bearer
