"""Another OpenID provider: the browser goes there, and what it brings back is checked here.

Code flow with PKCE, state, nonce and the issuer's name; decisions are `core/upstream.py`'s. The one
way out is the server's own, with its list of hosts that may have private addresses.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from scopewright.core.errors import Invalid, InvalidToken
from scopewright.core.upstream import (
    Expected,
    Metadata,
    Registered,
    Unbelievable,
    authorization_url,
    check_id_token,
    code_of,
    secrets_of,
)
from scopewright.guard.jws import UNTYPED
from scopewright.outbound import Unfetchable
from scopewright.providers.arguments import Arguments
from scopewright.providers.issuers import Document, issuer_of, proven
from scopewright.providers.ways import Proven, Surroundings, Unusable


class Oidc:
    """Sign in at the OpenID provider of an `issuer`, or of Tiled's `well_known_uri`."""

    def __init__(
        self,
        client_id: str,
        client_secret: str = "",
        *,
        here: Surroundings,
        issuer: str = "",
        well_known_uri: str = "",
        **more: Any,
    ) -> None:
        """Raises Invalid where no issuer can be told by https, or an argument is unknown."""
        self._document = Document(issuer_of(issuer, well_known_uri), here)
        given = Arguments(more)
        scope = given.text("scope", "openid profile email")
        if "openid" not in scope.split():
            raise Invalid("scope must have openid among its words")
        self._groups_claim = given.text("groups_claim", "groups")
        self._audience = given.text("audience", client_id)
        self._state_claims = given.texts("state_claims")
        given.end()
        self._here, self._secret = here, client_secret
        self._registered = Registered(client_id, here.redirect_uri, scope)

    def begin(self, state: str) -> str:
        """Where the browser goes."""
        secrets = secrets_of(self._here.server_secret, state)
        return authorization_url(
            self._document.current(), self._registered, state=state, secrets=secrets
        )

    def finish(self, query: Mapping[str, str], state: str) -> Proven:
        """Exchange the code, and read the ID token."""
        metadata, secrets = self._document.current(), secrets_of(self._here.server_secret, state)
        code = code_of(query, metadata)
        answer = self._exchanged(metadata, code, secrets.verifier)
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise Unbelievable("there is no ID token")
        claims = self._opened(metadata, token)
        expected = Expected(
            issuer=metadata.issuer,
            client_id=self._audience,
            nonce=secrets.nonce,
            access_token=access_token if isinstance(access_token, str) else None,
            now=self._here.clock(),
        )
        return proven(
            check_id_token(claims, expected),
            claims,
            groups_claim=self._groups_claim,
            state_claims=self._state_claims,
        )

    # --- what is asked --------------------------------------------------------------------------

    def _exchanged(self, metadata: Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        """The answer of the token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        client_id = self._registered.client_id
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._registered.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        if self._secret and not metadata.posts_secret:
            pair = f"{quote_plus(client_id)}:{quote_plus(self._secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client_id}
            form |= {"client_secret": self._secret} if self._secret else {}
        try:
            fetched = self._here.fetcher.post_for_answer(
                metadata.token_endpoint, form, headers=headers
            )
            return fetched.json_object()
        except Unfetchable as error:
            raise Unusable(f"its token endpoint: {error.cause}") from None

    def _opened(self, metadata: Metadata, token: str) -> Mapping[str, Any]:
        """The claims of an ID token, its signature checked."""
        try:
            return self._document.opened(token, types=UNTYPED, metadata=metadata)
        except InvalidToken as error:
            raise Unbelievable(f"its ID token: {error.cause}") from None
