"""What a workspace asks of its clients beyond OAuth 2.1: nothing, or the FAPI 2.0 Security Profile.

The profile is data that the checks here and the discovery document both read, so that what is
advertised is what is accepted. Codes of 60 s, `iss` in answers, redirects by 303, request names of
60 s and exact redirect URIs are everybody's (FAPI 2.0 §5.3.2) and need no check here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from scopewright.core.errors import InvalidClient, InvalidRequest, UnsupportedGrantType
from scopewright.core.model import Authorization, Workspace
from scopewright.core.oauth import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN
from scopewright.core.particulars import Confirmation


@dataclass(frozen=True, slots=True)
class SecurityProfile:
    """What is left of the protocol; None where everything is.

    Without `rotates_refresh_tokens` a refresh token stays: its client is confidential and what it
    gets is bound to a key, so rotation would only lose sessions (FAPI 2.0 §5.3.2.1).
    """

    name: str
    grant_types: frozenset[str] | None = None
    authentication_methods: frozenset[str] | None = None
    algorithms: frozenset[str] | None = None
    takes_pushed_requests_only: bool = False
    binds_tokens: bool = False
    rotates_refresh_tokens: bool = True
    takes_issuer_as_audience_only: bool = False

    def check_grant_type(self, name: str) -> None:
        """Raises UnsupportedGrantType: the profile leaves this way to a token out."""
        if self.grant_types is not None and name not in self.grant_types:
            raise UnsupportedGrantType("The security profile leaves this grant type out.")

    def check_authentication(self, methods: Collection[str]) -> None:
        """Raises InvalidClient: these are not methods by which a client proves itself here."""
        if self.authentication_methods is not None and not self.authentication_methods.issuperset(
            methods
        ):
            raise InvalidClient("Client authentication failed.", cause="security profile")

    def check_binding(self, confirmation: Confirmation | None) -> None:
        """Raises InvalidRequest: the token would be anybody's who has it (FAPI 2.0 §5.3.2.1)."""
        if self.binds_tokens and confirmation is None:
            raise InvalidRequest("Send a DPoP proof or a client certificate: tokens are bound.")

    def check_unpushed(self) -> None:
        """Raises InvalidRequest: requests do not come through the browser (FAPI 2.0 §5.3.2.2)."""
        if self.takes_pushed_requests_only:
            raise InvalidRequest("Push the authorization request first (RFC 9126).")

    def check_request(self, asked: Authorization) -> None:
        """A pushed request that this profile takes (FAPI 2.0 §5.3.2.2).

        Raises:
            InvalidRequest: no PKCE, no redirect URI, or one that is not https.
        """
        if not self.takes_pushed_requests_only:
            return
        if asked.code_challenge is None:
            raise InvalidRequest("A code_challenge with code_challenge_method=S256 is required.")
        if not asked.redirect_uri_was_sent:
            raise InvalidRequest("The redirect_uri is missing.")
        if not asked.redirect_uri.startswith("https://"):
            raise InvalidRequest("The redirect_uri is not https.")

    def offered_grant_types(self, grant_types: Iterable[str]) -> list[str]:
        """Those of these that are left."""
        return _offered(grant_types, self.grant_types)

    def offered_methods(self, methods: Iterable[str]) -> list[str]:
        """Those of these by which clients may authenticate."""
        return _offered(methods, self.authentication_methods)

    def offered_algorithms(self, algorithms: Iterable[str]) -> list[str]:
        """Those of these that may sign anything (FAPI 2.0 §5.4.1)."""
        return _offered(algorithms, self.algorithms)

    def signing(self, algorithm: str) -> str:
        """The algorithm to sign with where this one was chosen (FAPI 2.0 §5.4.1)."""
        return algorithm if self.algorithms is None or algorithm in self.algorithms else "ES256"


def _offered(offered: Iterable[str], left: frozenset[str] | None) -> list[str]:
    return [one for one in offered if left is None or one in left]


DEFAULT = SecurityProfile("default")
FAPI2 = SecurityProfile(
    "fapi2",
    grant_types=frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS}),
    authentication_methods=frozenset(
        {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}
    ),
    algorithms=frozenset({"ES256", "PS256", "EdDSA", "Ed25519"}),
    takes_pushed_requests_only=True,
    binds_tokens=True,
    rotates_refresh_tokens=False,
    takes_issuer_as_audience_only=True,
)
PROFILES = {profile.name: profile for profile in (DEFAULT, FAPI2)}


def profile_of(workspace: Workspace) -> SecurityProfile:
    """The profile in force in a workspace."""
    return PROFILES[workspace.policy.security_profile]
