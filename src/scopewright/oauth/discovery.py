"""Metadata documents (RFC 8414, OpenID Connect Discovery), the JWK set, the revocation feed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scopewright.access import Access
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core.tokens import SIGNING_ALGORITHMS
from scopewright.keys import jwks, published
from scopewright.store.authority import Rules
from scopewright.web.http import JSON_TYPE, Answer, Request

CACHED = (b"cache-control", b"public, max-age=300")
MEANINGFUL_WORDS = ("email", "offline_access")  # `openid` and `profile` are only answered back
CLIENT_AUTHENTICATION = ("client_secret_basic", "client_secret_post", "none")


@dataclass(slots=True)
class _Rendered:
    """One workspace's documents as they are sent, for as long as its rules and keys stand."""

    rules: Rules
    key_ids: tuple[str, ...]
    metadata: Answer
    jwks: Answer


class Discovery:
    """`GET {issuer}/.well-known/…` and `GET {issuer}/jwks`."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock
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
            document = metadata_document(self._access.issuer(view.workspace.id), rules)
            found = _Rendered(rules, key_ids, _cached(document), _cached(jwks(keys)))
            self._rendered[view.workspace.id] = found
        return found


def metadata_document(issuer: str, rules: Rules) -> dict[str, Any]:
    """RFC 8414 §2, with what OpenID Connect Discovery §3 requires, though no ID token is issued."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": [*MEANINGFUL_WORDS, *sorted(rules.vocabulary.by_name)],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted(SIGNING_ALGORITHMS, reverse=True),
        "token_endpoint_auth_methods_supported": list(CLIENT_AUTHENTICATION),
        "introspection_endpoint_auth_methods_supported": list(CLIENT_AUTHENTICATION[:2]),
        "revocation_endpoint_auth_methods_supported": list(CLIENT_AUTHENTICATION),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def _cached(document: dict[str, Any]) -> Answer:
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(200, body, (JSON_TYPE, CACHED))
