"""Our access tokens and API keys as `Authorization: Bearer` at Tiled, verified by our guard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.exceptions import HTTPException
from tiled.authenticators import ProxiedOIDCAuthenticator

from scopewright.core.errors import Invalid, ScopewrightError
from scopewright.guard import Guard
from scopewright.guard.guard import Policy
from scopewright.tiled.credentials import credential_of, tiled_claims

_DISCOVERY = "/.well-known/openid-configuration"


class Authenticator(ProxiedOIDCAuthenticator):  # type: ignore[misc]  # mypy does not see Tiled
    """In place of Tiled's own `ProxiedOIDCAuthenticator`, with the same arguments and these.

    `credential` (an API key, or `client_id:secret`; else SCOPEWRIGHT_GUARD_KEY in the environment)
    asks about API keys; without one they are refused. What is revoked is refused `kept` seconds
    later at most: so long is an answer about a key believed, so often is the revocation feed read
    (0 to 30; 0 follows no feed), and so often, at most, are keys asked for that a token names and
    nobody knows. `timeout` is for one question, in seconds.

    Raises:
        Invalid: `well_known_uri` is not that of an issuer of ours.
    """

    def __init__(
        self,
        *,
        audience: str,
        well_known_uri: str,
        credential: str = "",
        kept: float = 5,
        timeout: float = 3,
        **more: Any,
    ) -> None:
        issuer = well_known_uri.removesuffix(_DISCOVERY)
        if issuer == well_known_uri:
            raise Invalid(f"{well_known_uri}: it ends in {_DISCOVERY}.", field="well_known_uri")
        # Who signs in with a browser is called as who presents a token is.
        named = {"user_id_claim": "user", **more}
        super().__init__(audience=audience, well_known_uri=well_known_uri, **named)
        seconds = timedelta(seconds=kept)
        self.guard = Guard(
            issuer,
            audience,
            credential=credential_of(credential),
            policy=Policy(
                timeout=timeout,
                introspection_kept=seconds,
                revocations=seconds if kept else None,
                keys_cool_down=max(seconds, timedelta(seconds=1)),
            ),
        )

    def decode_token(self, id_token: str, access_token: str | None = None) -> dict[str, object]:
        """What Tiled is to know of whoever presents this.

        With an `access_token`, somebody has just signed in with a browser: that one counts, the ID
        token beside it came from our own server and says nothing more.

        Raises:
            HTTPException: 401, it is not good here; 503, that cannot be told now.
        """
        header = f"Bearer {access_token or id_token}"
        try:
            # Not `verify`: a token that is bound to a key is not good under Bearer alone.
            return tiled_claims(self.guard.check(header))
        except ScopewrightError as error:
            said = self.guard.refusal(error, header)
            raise HTTPException(said.status, said.detail, said.headers) from None
