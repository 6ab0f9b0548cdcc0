"""The providers of identities that the settings name."""

from __future__ import annotations

from scopewright.app.parts import Parts
from scopewright.providers import Surroundings, open_providers
from scopewright.services.providers.asking import Providers
from scopewright.services.providers.outside import OutsideTokens
from scopewright.services.providers.settling import Settling


def make_providers(parts: Parts) -> Providers:
    """Everything about them, with their administrators as the settings have them.

    Raises:
        Invalid: a provider cannot be used, or it cannot be told which workspaces are meant.
    """
    settings = parts.settings.authentication
    opened = open_providers(settings.providers, lambda name: _surroundings(parts, name))
    settling = Settling(parts.database, parts.clock, parts.catalogues, settings)
    settling.synchronise()
    return Providers(
        parts.database,
        parts.clock,
        parts.settings.sign_in,
        opened,
        settling,
        frozenset(parts.settings.server.trusted_proxies),
    )


def make_outside_tokens(providers: Providers) -> OutsideTokens:
    """What takes the tokens that providers have made.

    Raises:
        Invalid: two providers take those of one issuer.
    """
    return OutsideTokens(providers.opened.values(), providers.settling)


def _surroundings(parts: Parts, name: str) -> Surroundings:
    return Surroundings(
        name=name,
        public_url=parts.public_url,
        server_secret=parts.this.server_secret,
        clock=parts.clock,
        fetcher=parts.fetcher,
        remote_keys=parts.remote_keys,
        trusted_proxies=frozenset(parts.settings.server.trusted_proxies),
    )
