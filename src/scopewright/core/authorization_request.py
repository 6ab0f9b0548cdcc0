"""An authorization request as it was sent: which client, where to answer, and what is asked.

The client and its redirect URI come first, because a failure there may not be answered by a
redirect (RFC 6749 §4.1.2.1). Everything after them may.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scopewright.core.authentication_context import can_be_satisfied
from scopewright.core.authorization import effective_request
from scopewright.core.authorization_response import FORM_POST, QUERY, RESPONSE_MODES
from scopewright.core.claims_request import parse_claims
from scopewright.core.errors import (
    InvalidRedirect,
    InvalidRequest,
    RegistrationNotSupported,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
    UnsupportedResponseType,
)
from scopewright.core.model import Asked, Authorization, Client
from scopewright.core.oauth import AUTHORIZATION_CODE, check_code_challenge, matching_redirect_uri
from scopewright.core.particulars import Particulars
from scopewright.core.scopes import LONGEST_SCOPE, parse

REQUEST_LIFETIME = timedelta(hours=1)
PROMPTS = ("none", "login", "consent", "select_account")  # OIDC Core §3.1.2.1
LONGEST_PARAMETER = 2000
LONGEST_OF: Mapping[str, int] = {
    **dict.fromkeys(("state", "nonce", "prompt", "login_hint"), LONGEST_PARAMETER),
    **dict.fromkeys(("acr_values", "ui_locales"), LONGEST_PARAMETER),
    "scope": LONGEST_SCOPE,
    "claims": 10_000,
    "id_token_hint": 16 * 1024,
    "authorization_details": 32 * 1024,
}
_REPEATABLE = "resource"  # RFC 8707 §2
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """The parameters in the order they came, nothing of them believed yet.

    They may come from a query, a form, a pushed request or a request object; what is read of a
    request object is text that a query could hold too.
    """

    parameters: Sequence[tuple[str, str]]

    @property
    def client_id(self) -> str:
        """Who says to be asking.

        Raises:
            InvalidRedirect: missing, or more than one.
        """
        client_id = self.only("client_id")
        if client_id is None:
            raise InvalidRedirect("The client_id is missing.")
        return client_id

    def redirect_uri(self, client: Client) -> str:
        """Where to answer this client.

        Raises:
            InvalidRedirect: missing, more than one, or not registered.
        """
        return matching_redirect_uri(client, self.only("redirect_uri"))

    @property
    def state(self) -> str | None:
        """What the client wants to hear again, if it is one value that can be kept."""
        values = self._all("state")
        return values[0] if len(values) == 1 and 0 < len(values[0]) <= LONGEST_PARAMETER else None

    @property
    def response_mode(self) -> str:
        """How to answer, errors too: as it is asked for, if that can be made out."""
        return FORM_POST if self._all("response_mode") == [FORM_POST] else QUERY

    @property
    def id_token_hint(self) -> str | None:
        """The ID token that says who is expected (OIDC Core §3.1.2.1), if it is one.

        Raises:
            InvalidRequest: it is longer than any ID token.
        """
        values = self._all("id_token_hint")
        if len(values) != 1 or not values[0]:
            return None
        _check_lengths({"id_token_hint": values[0]})
        return values[0]

    def asked(
        self, client: Client, *, id: str, now: datetime, expected_subject: str | None = None
    ) -> Authorization:
        """The authorization that waits for the person from now on.

        `expected_subject` is whom the `id_token_hint` names.

        Raises:
            InvalidRequest, UnauthorizedClient, UnsupportedResponseType, InvalidScope,
            UnmetAuthenticationRequirements: RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6, RFC 9470 §5.
        """
        given = self._unique()
        _check_supported(given)
        _check_lengths(given)
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
            particulars=self._particulars(client, given, expected_subject),
        )

    def _particulars(
        self, client: Client, given: Mapping[str, str], expected_subject: str | None
    ) -> Particulars:
        claims = given.get("claims")
        particulars = Particulars(
            response_mode=self.response_mode,
            resources=tuple(filter(None, self._all(_REPEATABLE))),
            claims=None if claims is None else parse_claims(claims),
            max_age=_max_age(given.get("max_age"), client.registration.default_max_age),
            acr_values=_words(given.get("acr_values")),
            login_hint=given.get("login_hint"),
            ui_locales=_words(given.get("ui_locales")),
            expected_subject=expected_subject,
            dpop_jkt=_thumbprint(given.get("dpop_jkt")),
        )
        if not can_be_satisfied(particulars):
            raise UnmetAuthenticationRequirements("Nobody can sign in here in the way asked for.")
        return particulars

    def only(self, name: str) -> str | None:
        """The value of a parameter that may stand once; None where it is missing or empty.

        Raises:
            InvalidRedirect: it stands more than once.
        """
        values = self._all(name)
        if len(values) > 1:
            raise InvalidRedirect(f"The {name} stands more than once.")
        return values[0] if values and values[0] else None

    def _all(self, name: str) -> list[str]:
        return [value for key, value in self.parameters if key == name]

    def check_unrepeated(self) -> None:
        """Let no parameter but `resource` stand twice (RFC 6749 §3.1, RFC 8707 §2).

        Raises:
            InvalidRequest: one does.
        """
        counts = Counter(name for name, _ in self.parameters if name != _REPEATABLE)
        if any(count > 1 for count in counts.values()):
            raise InvalidRequest("A parameter stands more than once.")

    def _unique(self) -> dict[str, str]:
        """The parameters, each once and not empty (RFC 6749 §3.1)."""
        self.check_unrepeated()
        return {name: value for name, value in self.parameters if value}


def _check_supported(given: Mapping[str, str]) -> None:
    if "registration" in given:
        raise RegistrationNotSupported("Register first: a request cannot do it.")
    if given.get("response_mode", QUERY) not in RESPONSE_MODES:
        raise InvalidRequest(f"The response_mode is one of {', '.join(RESPONSE_MODES)}.")


def _check_lengths(given: Mapping[str, str]) -> None:
    for name, longest in LONGEST_OF.items():
        if len(given.get(name, "")) > longest:
            raise InvalidRequest(f"The {name} has at most {longest} characters.")


def _check_response_type(response_type: str | None) -> None:
    if response_type is None:
        raise InvalidRequest("The response_type is missing.")
    if response_type != "code":
        raise UnsupportedResponseType("The only response_type here is code.")


def _prompt(parameter: str | None) -> frozenset[str]:
    words = frozenset(_words(parameter))
    if not words.issubset(PROMPTS):
        raise InvalidRequest("The prompt is none, login, consent or select_account.")
    if "none" in words and len(words) > 1:
        raise InvalidRequest("The prompt none stands alone.")
    return words


def _max_age(parameter: str | None, default: int | None) -> int | None:
    """In seconds; what a request says goes before what its client registered."""
    if parameter is None:
        return default
    if _SECONDS.fullmatch(parameter) is None:
        raise InvalidRequest("The max_age is a whole number of seconds.")
    return int(parameter)


def _thumbprint(parameter: str | None) -> str | None:
    """The DPoP key that the code will be bound to (RFC 9449 §10)."""
    if parameter is not None and _THUMBPRINT.fullmatch(parameter) is None:
        raise InvalidRequest("The dpop_jkt is not a base64url SHA-256.")
    return parameter


def _words(parameter: str | None) -> tuple[str, ...]:
    """The words between spaces, each once, in their order of preference."""
    return tuple(dict.fromkeys(filter(None, (parameter or "").split(" "))))
