"""The access tokens of another OpenID provider, believed here as they are.

By Tiled's name for it: the provider stands before us, and programs come with what it gave them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopewright.core.errors import Invalid
from scopewright.core.outside_tokens import ACCESS_TOKEN, Expected, Translation, accepted
from scopewright.guard.jws import UNTYPED, unverified
from scopewright.providers.issuers import Document, issuer_of, proven
from scopewright.providers.oidc import Oidc
from scopewright.providers.ways import Bearer, Borne, Surroundings

TYPES = (*ACCESS_TOKEN, *UNTYPED)
# Tiled tells its clients of these; ours ask the provider themselves.
_FOR_CLIENTS = frozenset({"device_flow_client_id", "extra_scopes", "scopes"})


class Proxied:
    """Believes the tokens that an issuer has made for `audience`."""

    def __init__(
        self,
        document: Document,
        audience: str,
        *,
        here: Surroundings,
        translation: Translation,
        groups_claim: str,
    ) -> None:
        self._document, self._here, self._groups_claim = document, here, groups_claim
        self._expected = Expected(document.issuer, audience, translation)

    @property
    def issuer(self) -> str:
        """Whose tokens these are."""
        return self._expected.issuer

    def prove(self, token: str) -> Borne:
        """Whose token this is, and what it says.

        Nothing is fetched for a token that would not do anyway, and nothing that it names.
        """
        header, said = unverified(token)
        now = self._here.clock()
        told = accepted(said, self._expected, type=header.get("typ"), now=now)
        claims = self._document.opened(token, types=TYPES)
        return Borne(proven(told.subject, claims, groups_claim=self._groups_claim), told)


class ProxiedOidc(Oidc):
    """The same, and people sign in there by code as well: by both ways they are the same people."""

    def __init__(self, tokens: Proxied, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._tokens = tokens

    @property
    def issuer(self) -> str:
        """Whose tokens these are."""
        return self._tokens.issuer

    def prove(self, token: str) -> Borne:
        """Whose token this is, and what it says."""
        return self._tokens.prove(token)


def proxied(
    audience: str,
    client_id: str = "",
    *,
    here: Surroundings,
    issuer: str = "",
    well_known_uri: str = "",
    **more: Any,
) -> Bearer:
    """A provider whose access tokens count here; with a `client_id` people sign in there, too.

    Raises:
        Invalid: no issuer can be told by https, it is this server itself, or an argument is wrong.
    """
    for name in _FOR_CLIENTS:
        more.pop(name, None)
    document = Document(issuer_of(issuer, well_known_uri), here)
    if f"{document.issuer}/".startswith(f"{here.public_url}/"):
        # What is revoked here would come in again by this door.
        raise Invalid("this server's own tokens are taken without a provider")
    if not isinstance(audience, str) or not audience:
        raise Invalid("audience is to be a text: for whom its access tokens are made")
    groups_claim = more.get("groups_claim", "groups")
    translation = _translation(more.pop("scopes_map", None))
    tokens = Proxied(
        document, audience, here=here, translation=translation, groups_claim=groups_claim
    )
    if client_id:
        return ProxiedOidc(tokens, client_id, here=here, issuer=document.issuer, **more)
    if set(more) - {"groups_claim"}:
        raise Invalid(f"without a client_id it has no argument {min(more)}")
    return tokens


def _translation(table: object) -> Translation:
    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise Invalid("scopes_map is to be a mapping of its scopes to lists of ours")
    found = {}
    for scope, ours in table.items():
        listed = [ours] if isinstance(ours, str) else ours
        if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
            raise Invalid("in scopes_map a value is to be a list of scopes")
        found[str(scope)] = frozenset(listed)
    return found
