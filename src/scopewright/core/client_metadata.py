"""Client metadata (RFC 7591 §2, OpenID Connect Registration §2) read from JSON, member by member.

Members that are unknown here are passed over, as both specifications say; a known one with a value
that cannot be kept is refused, never repaired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scopewright.core import names, oauth
from scopewright.core.client_authentication import (
    NONE,
    PRIVATE_KEY_JWT,
    SECRET_BASIC,
    SELF_SIGNED_TLS,
    TLS,
    registered_method,
)
from scopewright.core.client_metadata_members import (
    READERS,
    TLS_SUBJECTS,
    is_unsaid,
    text,
    texts,
)
from scopewright.core.errors import (
    Invalid,
    InvalidClientMetadata,
    InvalidRedirectUri,
    OAuthError,
    UnapprovedSoftwareStatement,
)
from scopewright.core.model import NO_OVERRIDES, Client, ClientType, ScopeDefault
from scopewright.core.registration import PLAIN, ClientRegistration

GRANT_TYPES = frozenset(
    {oauth.AUTHORIZATION_CODE, oauth.REFRESH_TOKEN, oauth.CLIENT_CREDENTIALS, oauth.DEVICE_CODE}
)
_PROOFS = ("token_endpoint_auth_method", "jwks", "jwks_uri", *TLS_SUBJECTS)


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What a client asks to be; `name` is None where it gives itself none."""

    name: str | None
    type: ClientType
    redirect_uris: tuple[str, ...]
    grant_types: frozenset[str]
    registration: ClientRegistration

    def applied_to(self, client: Client) -> Client:
        """The client as it describes itself; what it does not say is as if it never had been.

        Raises:
            Invalid: members that do not fit one another.
        """
        described = replace(
            client,
            name=self.name or client.name,
            type=self.type,
            redirect_uris=self.redirect_uris,
            grant_types=self.grant_types,
            registration=self.registration,
        )
        return check_method(oauth.check_registration(described))


def undescribed(workspace_id: str, *, id: str, name: str, at: datetime) -> Client:
    """A client that has said nothing about itself yet, and that holds and is given nothing."""
    return Client(
        id=id,
        workspace_id=workspace_id,
        name=name,
        type=ClientType.PKCE,
        redirect_uris=(),
        secrets=(),
        require_pkce=True,
        allow_both_auth_methods=False,
        scope_default=ScopeDefault.NONE,
        grant_types=frozenset(),
        tokens=NO_OVERRIDES,
        created_at=at,
    )


def read_metadata(document: Mapping[str, Any], *, default_method: str) -> ClientMetadata:
    """Everything that a client says about itself.

    Grant and response types that are not offered here are left out of what is registered, which
    the client is told (RFC 7591 §2). `default_method` is what a client chooses that names none.

    Raises:
        UnapprovedSoftwareStatement: nobody's statements are approved here (RFC 7591 §3.2.2).
        Invalid: with the member that is refused.
    """
    if document.get("software_statement") is not None:
        raise UnapprovedSoftwareStatement("Software statements are not approved here.")
    if document.get("subject_type") not in (None, "public"):
        raise Invalid("The subject_type is public here.", field="subject_type")
    registration = read_registration(document)
    asked = texts(document.get("grant_types") or [oauth.AUTHORIZATION_CODE], "grant_types")
    method = registration.token_endpoint_auth_method or default_method
    type = _type_of(frozenset(asked), method)
    possible = oauth.GRANTS_OF_TYPE[type] | oauth.GRANTS_ON_REQUEST[type]
    _check_response_types(document, type)
    title = document.get("client_name")
    return ClientMetadata(
        name=None if is_unsaid(title) else _title(title),
        type=type,
        redirect_uris=texts(document.get("redirect_uris") or [], "redirect_uris"),
        grant_types=frozenset(asked) & possible & GRANT_TYPES,
        registration=replace(registration, token_endpoint_auth_method=method),
    )


def read_registration(document: Mapping[str, Any]) -> ClientRegistration:
    """The members that `ClientRegistration` keeps; null and an empty text count as not said.

    Raises:
        Invalid: a value that is refused, or members that contradict one another.
    """
    values = {
        name: read(document[name], name)
        for name, read in READERS.items()
        if not is_unsaid(document.get(name))
    }
    registration = ClientRegistration(**values)
    if registration == PLAIN:
        return PLAIN
    return _check_keys(registration)


def said(registration: ClientRegistration) -> dict[str, Any]:
    """The members that say something, as JSON takes them: what `read_registration` reads."""
    values = {name: getattr(registration, name) for name in READERS}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value != getattr(PLAIN, name)
    }


def changed(registration: ClientRegistration, changes: Mapping[str, Any]) -> ClientRegistration:
    """The registration with some members anew; null takes one away.

    Raises:
        Invalid: as `read_registration`, or a member that is not known here.
    """
    unknown = sorted(changes.keys() - READERS.keys())
    if unknown:
        raise Invalid(
            "There is no such member of client metadata.", field=f"registration.{unknown[0]}"
        )
    return read_registration({**said(registration), **changes})


def is_proven_alike(one: ClientRegistration, other: ClientRegistration) -> bool:
    """Whether the same keys, certificates or secrets prove both."""
    return all(getattr(one, name) == getattr(other, name) for name in _PROOFS)


def check_method(client: Client) -> Client:
    """A client whose method of authentication fits its type.

    Raises:
        Invalid: a public client that would prove itself, or a confidential one that would not.
    """
    method = registered_method(client)
    if method is not None and (method != NONE) is not client.is_confidential:
        raise Invalid(
            f"A client of the type {client.type} does not authenticate by {method}.",
            field="token_endpoint_auth_method",
        )
    return client


def described(client: Client) -> dict[str, Any]:
    """All registered metadata of a client, as RFC 7591 §3.2.1 answers it."""
    usual = SECRET_BASIC if client.is_confidential else NONE
    return {
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": sorted(client.grant_types),
        "response_types": ["code"] if oauth.AUTHORIZATION_CODE in client.grant_types else [],
        "token_endpoint_auth_method": usual,
        **said(client.registration),
    }


def refusal(error: Invalid) -> OAuthError:
    """The error of RFC 7591 §3.2.2 for a value that is refused."""
    field = error.facts.get("field")
    if field == "redirect_uris":
        return InvalidRedirectUri(error.detail)
    return InvalidClientMetadata(f"{field}: {error.detail}")


# --- how members fit together -------------------------------------------------------------------


def _type_of(grant_types: frozenset[str], method: str) -> ClientType:
    """The type that uses these grants and authenticates so."""
    if oauth.AUTHORIZATION_CODE in grant_types:
        return ClientType.PKCE if method == NONE else ClientType.AUTHORIZATION_CODE
    if oauth.DEVICE_CODE in grant_types and method == NONE:
        return ClientType.DEVICE
    if oauth.CLIENT_CREDENTIALS in grant_types and method != NONE:
        return ClientType.CLIENT_CREDENTIALS
    raise Invalid(
        f"These grant types are not offered together with the method {method}.",
        field="grant_types",
    )


def _title(value: object) -> str:
    return names.check_title(text(value, "client_name"), field="client_name")


def _check_response_types(document: Mapping[str, Any], type: ClientType) -> None:
    """Raises Invalid: they do not belong to the grant types (RFC 7591 §2.1)."""
    asked = texts(document.get("response_types") or [], "response_types")
    if asked and ("code" in asked) is not (type in oauth.USER_FLOWS):
        raise Invalid(
            "The response type code goes with the grant type authorization_code.",
            field="response_types",
        )


def _check_keys(registration: ClientRegistration) -> ClientRegistration:
    method = registration.token_endpoint_auth_method
    if registration.jwks is not None and registration.jwks_uri is not None:
        raise Invalid("Name jwks or jwks_uri, not both.", field="jwks")
    has_keys = registration.jwks is not None or registration.jwks_uri is not None
    if method in (PRIVATE_KEY_JWT, SELF_SIGNED_TLS) and not has_keys:
        raise Invalid(f"The method {method} needs jwks or jwks_uri.", field="jwks")
    subjects = [name for name in TLS_SUBJECTS if getattr(registration, name) is not None]
    if len(subjects) != (method == TLS):
        raise Invalid(
            f"The method tls_client_auth needs one of {', '.join(TLS_SUBJECTS)}, others none.",
            field="token_endpoint_auth_method",
        )
    return registration
