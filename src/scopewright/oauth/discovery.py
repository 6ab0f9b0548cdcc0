"""Metadata documents (RFC 8414, OpenID Connect Discovery), the JWK set, the revocation feed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scopewright.access import Access
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core.authentication_context import ACR_OF_PROVIDER
from scopewright.core.authorization_request import PROMPTS
from scopewright.core.authorization_response import RESPONSE_MODES
from scopewright.core.client_authentication import NONE, TLS_METHODS
from scopewright.core.id_tokens import CLAIMS
from scopewright.core.oauth import DEVICE_CODE, GRANT_TYPES
from scopewright.core.security_profile import SecurityProfile, profile_of
from scopewright.core.tokens import SIGNING_ALGORITHMS
from scopewright.guard import dpop
from scopewright.guard.jws import CLIENT_ALGORITHMS
from scopewright.keys import jwks, published
from scopewright.languages import CODES
from scopewright.store.authority import Rules
from scopewright.web.cors import ANY_ORIGIN
from scopewright.web.http import CACHED, JSON_TYPE, Answer, Request

PROTOCOL_WORDS = ("openid", "profile", "email", "offline_access")  # of `core.names`, those in use
AT_AUTHORIZE: Mapping[str, Any] = {
    "response_modes_supported": list(RESPONSE_MODES),
    "prompt_values_supported": list(PROMPTS),
    "acr_values_supported": sorted(ACR_OF_PROVIDER.values()),
    "display_values_supported": ["page"],
    "ui_locales_supported": list(CODES),
    "claims_parameter_supported": True,
}


@dataclass(slots=True)
class _Rendered:
    """One workspace's documents as they are sent, for as long as its rules and keys stand."""

    rules: Rules
    key_ids: tuple[str, ...]
    metadata: Answer
    jwks: Answer


class Discovery:
    """`GET {issuer}/.well-known/…` and `GET {issuer}/jwks`."""

    def __init__(self, access: Access, clock: Clock, methods: Sequence[str]) -> None:
        self._access = access
        self._clock = clock
        self._methods = methods
        self._rendered: dict[str, _Rendered] = {}

    async def metadata(self, _request: Request, view: View) -> Answer:
        """What this authorization server can do."""
        return self._of(view).metadata

    async def jwks(self, _request: Request, view: View) -> Answer:
        """The keys by which its tokens verify (RFC 7517 §5)."""
        return self._of(view).jwks

    def _of(self, view: View) -> _Rendered:
        rules = view.rules
        keys = published(rules.signing_keys, now=self._clock())
        key_ids = tuple(key.id for key in keys)
        found = self._rendered.get(view.workspace.id)
        if found is None or found.rules is not rules or found.key_ids != key_ids:
            issuer = self._access.issuer(view.workspace.id)
            document = metadata_document(issuer, rules, self._methods)
            found = _Rendered(rules, key_ids, _cached(document), _cached(jwks(keys)))
            self._rendered[view.workspace.id] = found
        return found


def metadata_document(issuer: str, rules: Rules, methods: Sequence[str]) -> dict[str, Any]:
    """RFC 8414 §2 and OpenID Connect Discovery §3, with the extensions of either.

    `methods` are those by which clients can prove themselves to this server.
    """
    profile = profile_of(rules.workspace)
    signing = profile.offered_algorithms(sorted(SIGNING_ALGORITHMS, reverse=True))
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": [*PROTOCOL_WORDS, *sorted(rules.vocabulary.by_name)],
        "response_types_supported": ["code"],
        **AT_AUTHORIZE,
        **_of_requests(issuer, rules),
        **_of_grants(issuer, profile),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": signing,
        "userinfo_signing_alg_values_supported": signing,
        "claims_supported": list(CLAIMS),
        "end_session_endpoint": f"{issuer}/end-session",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        **_of_registration(issuer, rules),
        **_of_clients(profile, methods),
        "introspection_signing_alg_values_supported": signing,
        "dpop_signing_alg_values_supported": profile.offered_algorithms(dpop.ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def _of_grants(issuer: str, profile: SecurityProfile) -> dict[str, Any]:
    """The ways to a token, with the endpoint of that of devices (RFC 8628 §4)."""
    offered = profile.offered_grant_types(sorted(GRANT_TYPES))
    members: dict[str, Any] = {"grant_types_supported": offered}
    if DEVICE_CODE in offered:
        members["device_authorization_endpoint"] = f"{issuer}/device_authorization"
    return members


def _of_registration(issuer: str, rules: Rules) -> dict[str, Any]:
    """How clients become known (RFC 7591 §3; Client ID Metadata Document §6)."""
    policy = rules.workspace.policy
    taken = {"client_id_metadata_document_supported": policy.client_id_metadata_documents}
    if policy.client_registration == "closed":
        return taken
    return {"registration_endpoint": f"{issuer}/register", **taken}


def _of_clients(profile: SecurityProfile, methods: Sequence[str]) -> dict[str, Any]:
    """How clients prove themselves (RFC 8414 §2), and their tokens' keys (RFC 8705 §3.3)."""
    offered = profile.offered_methods(methods)
    algorithms = profile.offered_algorithms(CLIENT_ALGORITHMS)
    endpoints = {"token": offered, "revocation": offered}
    endpoints["introspection"] = [method for method in offered if method != NONE]
    members: dict[str, Any] = {
        "tls_client_certificate_bound_access_tokens": not TLS_METHODS.isdisjoint(methods)
    }
    for endpoint, accepted in endpoints.items():
        members[f"{endpoint}_endpoint_auth_methods_supported"] = accepted
        members[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = algorithms
    return members


def _of_requests(issuer: str, rules: Rules) -> dict[str, Any]:
    """How a request may come beside a query: RFC 9126 §5, RFC 9101 §10.5, RFC 9396 §10."""
    profile = profile_of(rules.workspace)
    return {
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": profile.takes_pushed_requests_only,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "request_object_signing_alg_values_supported": profile.offered_algorithms(
            CLIENT_ALGORITHMS
        ),
        "authorization_details_types_supported": sorted(rules.vocabulary.by_name),
    }


def _cached(document: dict[str, Any]) -> Answer:
    body = json.dumps(document, separators=(",", ":")).encode()
    # To all alike: a cache may give to one what another asked for.
    return Answer(200, body, (JSON_TYPE, CACHED, ANY_ORIGIN))
