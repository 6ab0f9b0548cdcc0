"""Providers made from the settings, once at start; whatever is wrong names its provider."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from scopewright.core.errors import Invalid, ScopewrightError
from scopewright.providers.authenticators import adapted
from scopewright.providers.ways import (
    Bearer,
    Form,
    Header,
    Provider,
    Redirect,
    Surroundings,
    Unusable,
)
from scopewright.settings.authentication import ProviderSettings

Answer = TypeVar("Answer")

_OURS = "scopewright.providers."
# By short name, and by where Tiled keeps its own of the same kind.
ALIASES = {
    "dictionary": f"{_OURS}dictionary:Dictionary",
    "oidc": f"{_OURS}oidc:Oidc",
    "header": f"{_OURS}header:ProxyHeader",
    "ldap": f"{_OURS}ldap:Ldap",
    "pam": f"{_OURS}pam:Pam",
    "proxied": f"{_OURS}proxied:proxied",
    "tiled.authenticators:PAMAuthenticator": f"{_OURS}pam:Pam",
    "tiled.authenticators:LDAPAuthenticator": f"{_OURS}ldap:Ldap",
    "tiled.authenticators:DictionaryAuthenticator": f"{_OURS}dictionary:Dictionary",
    "tiled.authenticators:OIDCAuthenticator": f"{_OURS}oidc:Oidc",
    "tiled.authenticators:ProxiedOIDCAuthenticator": f"{_OURS}proxied:proxied",
    "tiled.authenticators:EntraAuthenticator": f"{_OURS}proxied:proxied",
    "tiled.authenticators:DummyAuthenticator": f"{_OURS}dictionary:Anyone",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A provider that is ready, and what the settings say of it."""

    settings: ProviderSettings
    provider: Provider

    @property
    def name(self) -> str:
        return self.settings.provider

    @property
    def title(self) -> str:
        """What people read on the sign-in page."""
        return self.settings.title or self.name

    @staticmethod
    def asked(ask: Callable[[], Answer]) -> Answer:
        """What a provider answers. A fault of its own is its trouble, and nobody gets in by it.

        Raises:
            Unusable: as it says, or something went wrong in it.
            ScopewrightError: as it says.
        """
        try:
            return ask()
        except ScopewrightError:
            raise
        except Exception as error:
            # What it says may repeat what somebody typed.
            raise Unusable(f"a fault of its own: {type(error).__name__}") from None


def open_providers(
    settings: Sequence[ProviderSettings], surroundings: Callable[[str], Surroundings]
) -> dict[str, Opened]:
    """Every provider by its name, in the order of the settings.

    Raises:
        Invalid: one cannot be imported, is no provider, or refuses its `args`.
    """
    return {one.provider: Opened(one, _opened(one, surroundings)) for one in settings}


def _opened(one: ProviderSettings, surroundings: Callable[[str], Surroundings]) -> Provider:
    make = _imported(one)
    given = dict(one.arguments)
    try:
        parameters = inspect.signature(make).parameters
        if "here" in parameters:
            given["here"] = surroundings(one.provider)
        inspect.signature(make).bind(**given)
    except (TypeError, ValueError) as error:
        raise _refused(one, f"args do not fit: {error}") from None
    try:
        made = make(**given)
        made = made if _is_ours(one) else adapted(made, surroundings(one.provider))
    except ScopewrightError as error:
        raise _refused(one, error.detail) from None
    except Exception as error:
        # What it says may repeat a secret out of its arguments.
        raise _refused(one, f"it could not be made ({type(error).__name__})") from None
    if not isinstance(made, Form | Redirect | Header | Bearer):
        raise _refused(one, f"{one.authenticator} is no provider of identities")
    if (one.success_url or one.failure_url) and not isinstance(made, Redirect):
        raise _refused(one, "nobody comes back from it, so it can redirect to nowhere")
    return made


def _is_ours(one: ProviderSettings) -> bool:
    return ALIASES.get(one.authenticator, one.authenticator).startswith(_OURS)


def _imported(one: ProviderSettings) -> Callable[..., Any]:
    module, _, name = ALIASES.get(one.authenticator, one.authenticator).partition(":")
    if not name:
        known = ", ".join(alias for alias in ALIASES if ":" not in alias)
        raise _refused(
            one, f"{one.authenticator} is none; there are {known}, or name module:object"
        )
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise _refused(one, f"{one.authenticator} cannot be imported: {error}") from None
    if not callable(found):
        raise _refused(one, f"{one.authenticator} is no provider of identities")
    made: Callable[..., Any] = found
    return made


def _refused(one: ProviderSettings, why: str) -> Invalid:
    return Invalid(
        f"The provider {one.provider} cannot be used: {why.rstrip('.')}.",
        field="authentication.providers",
    )
