"""Everything that can go wrong, named once.

    ScopewrightError
    ├── NotFound            it is not there, or not for you to see
    ├── Conflict            the name is taken; the last admin; still in use
    ├── Invalid             a value is refused; says which field and why
    ├── Malformed           the request could not be read at all
    ├── TooLarge            the body is over the limit
    ├── Unauthenticated     no credential, or one that is not good
    │   ├── Unproven        the same, under the DPoP scheme; says which part
    │   └── SignInTooOld    it is good, but whoever has it must prove anew who they are
    ├── Forbidden           a scope is missing; says which
    │   └── Escalation      you may not give what you do not hold
    ├── TooMany             too often; says when to come back
    ├── NotNow              a transition that the present state refuses
    └── OAuthError          RFC 6749 §4.1.2.1, §5.2 and their successors

Classes carry facts, never HTTP statuses: `web/problems.py` holds the one table. `detail` is public
text; anything meant for the log alone goes into `cause` (never a secret).
"""

from __future__ import annotations

from collections.abc import Iterable


class ScopewrightError(Exception):
    """A refusal with a public sentence and the facts behind it."""

    def __init__(self, detail: str = "", *, cause: str = "", **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.cause = cause
        self.facts = facts


class NotFound(ScopewrightError):
    """There is nothing of this name here."""


class Conflict(ScopewrightError):
    """What exists already stands against this change; `conflict` says what."""


class Invalid(ScopewrightError):
    """A value is refused; `field` names it and the detail says what would be accepted."""


class Malformed(ScopewrightError):
    """The request could not be read: it is not the format that it claims to be."""


class TooLarge(ScopewrightError):
    """The request's body is larger than the limit that the detail names."""


class Unauthenticated(ScopewrightError):
    """A credential is missing or not good; why is not told, but that an access token expired."""


class Unproven(Unauthenticated):
    """A credential under the DPoP scheme is refused; `code` says which part (RFC 9449 §7.1)."""

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail, presented=True)
        self.code = code


class SignInTooOld(Unauthenticated):
    """The browser's sign-in is older than `max_age` seconds: sign in again, then repeat."""

    def __init__(self, detail: str, *, max_age: int) -> None:
        super().__init__(detail, max_age=max_age)
        self.max_age = max_age


class Forbidden(ScopewrightError):
    """The credential is good, but a scope is missing; `missing` names it."""

    def __init__(self, detail: str = "", *, missing: Iterable[str] = (), cause: str = "") -> None:
        self.missing = tuple(sorted(missing))
        facts = {"missing": list(self.missing)} if self.missing else {}
        super().__init__(detail, cause=cause, **facts)


class Escalation(Forbidden):
    """Nobody gives a scope that opens operations here without holding it; `missing` names them."""


class TooMany(ScopewrightError):
    """The same was asked too often; `retry_after` says in how many seconds to come back."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(detail, retry_after=retry_after)


class NotNow(ScopewrightError):
    """The present state refuses this transition."""


class OAuthError(ScopewrightError):
    """An error of the authorization server in the words of its specification.

    `code` is the value of the `error` parameter. `may_redirect` is False where the redirect URI
    itself is in doubt: such an error is a page, never a redirect (RFC 6749 §4.1.2.1).
    """

    code = "server_error"
    may_redirect = True


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed (RFC 6749 §5.2)."""

    code = "invalid_request"


class InvalidRedirect(InvalidRequest):
    """The client or its redirect URI is not known: nothing may be sent there."""

    may_redirect = False


class InvalidClient(OAuthError):
    """Client authentication failed (RFC 6749 §5.2)."""

    code = "invalid_client"


class InvalidGrant(OAuthError):
    """The code or refresh token is wrong, expired, used or another client's (RFC 6749 §5.2)."""

    code = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """This client may not use this grant type (RFC 6749 §5.2)."""

    code = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """No such grant type here (RFC 6749 §5.2)."""

    code = "unsupported_grant_type"


class UnsupportedResponseType(OAuthError):
    """Only `code` is answered here (RFC 6749 §4.1.2.1; OAuth 2.1 drops the implicit grant)."""

    code = "unsupported_response_type"


class InvalidScope(OAuthError):
    """A requested scope is unknown, malformed or not granted (RFC 6749 §5.2)."""

    code = "invalid_scope"


class AccessDenied(OAuthError):
    """The person, or the server on the person's behalf, said no (RFC 6749 §4.1.2.1)."""

    code = "access_denied"


class InvalidTarget(OAuthError):
    """The requested resource is not known here (RFC 8707 §2)."""

    code = "invalid_target"


class InvalidRedirectUri(OAuthError):
    """A redirect URI may not be registered (RFC 7591 §3.2.2)."""

    code = "invalid_redirect_uri"


class InvalidClientMetadata(OAuthError):
    """A client says something about itself that is refused (RFC 7591 §3.2.2)."""

    code = "invalid_client_metadata"


class UnapprovedSoftwareStatement(OAuthError):
    """Somebody vouches for the client whom nobody here has approved (RFC 7591 §3.2.2)."""

    code = "unapproved_software_statement"


class AuthorizationPending(OAuthError):
    """The person has not answered on the other device yet (RFC 8628 §3.5)."""

    code = "authorization_pending"


class SlowDown(OAuthError):
    """The device asks too often: from now on five seconds less often (RFC 8628 §3.5)."""

    code = "slow_down"


class ExpiredToken(OAuthError):
    """The device code is too old; the device may begin anew (RFC 8628 §3.5)."""

    code = "expired_token"


class LoginRequired(OAuthError):
    """`prompt=none`, but nobody is signed in (OpenID Connect Core §3.1.2.6)."""

    code = "login_required"


class ConsentRequired(OAuthError):
    """`prompt=none`, but the person has not consented yet (OpenID Connect Core §3.1.2.6)."""

    code = "consent_required"


class UnmetAuthenticationRequirements(OAuthError):
    """Nobody can sign in here in a way that the client demands (RFC 9470 §5)."""

    code = "unmet_authentication_requirements"


class RegistrationNotSupported(OAuthError):
    """A client does not register within its request here (OpenID Connect Core §7.2.1)."""

    code = "registration_not_supported"


class RequestUriNotSupported(OAuthError):
    """Requests are not fetched from elsewhere (OpenID Connect Core §3.1.2.6)."""

    code = "request_uri_not_supported"


class InvalidAuthorizationDetails(OAuthError):
    """The authorization details are malformed, of an unknown type, or too many (RFC 9396 §5)."""

    code = "invalid_authorization_details"


class InvalidRequestObject(OAuthError):
    """The request object is malformed, forged, old, for another, or used before (RFC 9101 §7)."""

    code = "invalid_request_object"


class InvalidRequestUri(OAuthError):
    """Nothing was pushed under this name, or it is over: where to answer is not known then."""

    code = "invalid_request_uri"
    may_redirect = False


class InvalidToken(OAuthError):
    """The access token is expired, revoked or malformed (RFC 6750 §3.1)."""

    code = "invalid_token"


class InvalidDpopProof(OAuthError):
    """The DPoP proof is missing, malformed, old, or for another request (RFC 9449 §5)."""

    code = "invalid_dpop_proof"


class UseDpopNonce(OAuthError):
    """The DPoP proof needs a fresh nonce, which the answer brings (RFC 9449 §8)."""

    code = "use_dpop_nonce"
