"""What a request may say beside its essentials, and what a session carries on of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The key a token is bound to, as its `cnf` claim says (RFC 7800 §3).

    `jkt` is the thumbprint of a DPoP key (RFC 9449 §6.1), `x5t_s256` that of a certificate
    (RFC 8705 §3.1); exactly one of them is there.
    """

    jkt: str | None = None
    x5t_s256: str | None = None

    def claim(self) -> dict[str, str]:
        """The value of `cnf`."""
        if self.jkt is not None:
            return {"jkt": self.jkt}
        assert self.x5t_s256 is not None
        return {"x5t#S256": self.x5t_s256}


@dataclass(frozen=True, slots=True)
class Particulars:
    """The optional parameters of an authorization request; a plain one says none of them.

    `claims` is the parsed `claims` parameter (OIDC Core §5.5), `expected_subject` the person of an
    `id_token_hint`, `max_age` in seconds.
    """

    response_mode: str = "query"
    resources: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    claims: Mapping[str, Any] | None = None
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    expected_subject: str | None = None
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """What a session carries on beside its scopes: audiences, details, claims, and its key.

    `state` is what the provider said at the sign-in, for resource servers.
    `jkt` and `x5t_s256` bind a public client's refresh tokens (RFC 9449 §5, RFC 8705 §4).
    """

    resources: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    claims: Mapping[str, Any] | None = None
    acr: str | None = None
    jkt: str | None = None
    x5t_s256: str | None = None
    state: Mapping[str, Any] | None = None


NO_PARTICULARS = Particulars()
NO_TERMS = SessionTerms()
