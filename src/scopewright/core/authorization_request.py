"""An authorization request as it was sent: which client, where to answer, and what is asked.

The client and its redirect URI come first, because a failure there may not be answered by a
redirect (RFC 6749 §4.1.2.1). Everything after them may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scopewright.core.authorization import effective_request
from scopewright.core.errors import (
    InvalidRedirect,
    InvalidRequest,
    InvalidTarget,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from scopewright.core.model import Asked, Authorization, Client
from scopewright.core.oauth import AUTHORIZATION_CODE, check_code_challenge, matching_redirect_uri
from scopewright.core.scopes import parse

REQUEST_LIFETIME = timedelta(hours=1)
PROMPTS = frozenset({"none", "login", "consent", "select_account"})  # OIDC Core §3.1.2.1
LONGEST_PARAMETER = 2000
LONGEST_SCOPE = 10_000
_REPEATABLE = "resource"  # RFC 8707 §2


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """The parameters in the order they came, nothing of them believed yet."""

    parameters: Sequence[tuple[str, str]]

    @property
    def client_id(self) -> str:
        """Who says to be asking.

        Raises:
            InvalidRedirect: missing, or more than one.
        """
        client_id = self._only("client_id")
        if client_id is None:
            raise InvalidRedirect("The client_id is missing.")
        return client_id

    def redirect_uri(self, client: Client) -> str:
        """Where to answer this client.

        Raises:
            InvalidRedirect: missing, more than one, or not registered.
        """
        return matching_redirect_uri(client, self._only("redirect_uri"))

    @property
    def state(self) -> str | None:
        """What the client wants to hear again, if it is one value that can be kept."""
        values = [value for name, value in self.parameters if name == "state"]
        return values[0] if len(values) == 1 and 0 < len(values[0]) <= LONGEST_PARAMETER else None

    def asked(self, client: Client, *, id: str, now: datetime) -> Authorization:
        """The authorization that waits for the person from now on.

        Raises:
            InvalidRequest, UnauthorizedClient, UnsupportedResponseType, InvalidScope,
            InvalidTarget: RFC 6749 §4.1.2.1, RFC 8707 §2, OIDC Core §3.1.2.6.
        """
        given = self._unique()
        _check_supported(given)
        if AUTHORIZATION_CODE not in client.grant_types:
            raise UnauthorizedClient("This client may not send people here.")
        _check_response_type(given.get("response_type"))
        challenge = check_code_challenge(
            client, given.get("code_challenge"), given.get("code_challenge_method")
        )
        return Authorization(
            id=id,
            workspace_id=client.workspace_id,
            client_id=client.id,
            redirect_uri=self.redirect_uri(client),
            redirect_uri_was_sent="redirect_uri" in given,
            requested=effective_request(client, parse(given.get("scope"))),
            code_challenge=challenge,
            state=self.state,
            nonce=given.get("nonce"),
            prompt=_prompt(given.get("prompt")),
            stage=Asked(),
            created_at=now,
            expires_at=now + REQUEST_LIFETIME,
        )

    def _only(self, name: str) -> str | None:
        values = [value for key, value in self.parameters if key == name]
        if len(values) > 1:
            raise InvalidRedirect(f"The {name} stands more than once.")
        return values[0] if values and values[0] else None

    def _unique(self) -> dict[str, str]:
        """The parameters, each once and not empty (RFC 6749 §3.1)."""
        counts = Counter(name for name, _ in self.parameters if name != _REPEATABLE)
        if any(count > 1 for count in counts.values()):
            raise InvalidRequest("A parameter stands more than once.")
        return {name: value for name, value in self.parameters if value}


def _check_supported(given: dict[str, str]) -> None:
    if "request" in given:
        raise RequestNotSupported("Send the parameters themselves, not a request object.")
    if "request_uri" in given:
        raise RequestUriNotSupported("Send the parameters themselves, not a request_uri.")
    if _REPEATABLE in given:
        raise InvalidTarget("This resource is not known here.")
    if given.get("response_mode", "query") != "query":
        raise InvalidRequest("The only response_mode here is query.")
    for name in ("state", "nonce", "prompt"):
        if len(given.get(name, "")) > LONGEST_PARAMETER:
            raise InvalidRequest(f"The {name} has at most {LONGEST_PARAMETER} characters.")
    if len(given.get("scope", "")) > LONGEST_SCOPE:
        raise InvalidRequest(f"The scope has at most {LONGEST_SCOPE} characters.")


def _check_response_type(response_type: str | None) -> None:
    if response_type is None:
        raise InvalidRequest("The response_type is missing.")
    if response_type != "code":
        raise UnsupportedResponseType("The only response_type here is code.")


def _prompt(parameter: str | None) -> frozenset[str]:
    words = frozenset(parameter.split(" ")) - {""} if parameter else frozenset()
    if words - PROMPTS:
        raise InvalidRequest("The prompt is none, login, consent or select_account.")
    if "none" in words and len(words) > 1:
        raise InvalidRequest("The prompt none stands alone.")
    return words
