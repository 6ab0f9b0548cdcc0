"""What a workspace may say about its clients and keys: the values of `WorkspacePolicy`."""

from __future__ import annotations

from collections.abc import Collection

from scopewright.core.api_keys import LONGEST_LIFETIME
from scopewright.core.errors import Invalid
from scopewright.core.model import KeyPolicy, WorkspacePolicy
from scopewright.core.resources import check_resources
from scopewright.core.scopes import Scopes
from scopewright.core.security_profile import PROFILES

REGISTRATIONS = ("closed", "token", "open")


def check_policy(
    policy: WorkspacePolicy, *, known: Scopes, applications: Collection[str] = ()
) -> WorkspacePolicy:
    """A policy as it may be set; `known` are the scopes of the workspace, `applications` resources.

    Raises:
        Invalid: with the member that is refused.
    """
    if policy.security_profile not in PROFILES:
        raise Invalid(f"Choose one of {', '.join(PROFILES)}.", field="security_profile")
    if policy.client_registration not in REGISTRATIONS:
        raise Invalid(f"Choose one of {', '.join(REGISTRATIONS)}.", field="client_registration")
    check_resources(policy.resources, known=known, applications=applications)
    _check_key_policy(policy.api_keys, known)
    return policy


def _check_key_policy(policy: KeyPolicy, known: Scopes) -> None:
    """What keys must be is something that keys can be."""
    longest, scopes = policy.maximum_lifetime, policy.scopes
    if longest is not None and not 1 <= longest <= LONGEST_LIFETIME:
        raise Invalid(f"Choose 1 to {LONGEST_LIFETIME} seconds.", field="api_keys.maximum_lifetime")
    if scopes is not None and not scopes:
        raise Invalid("Name at least one scope, or null for any.", field="api_keys.scopes")
    unknown = sorted(frozenset(scopes or ()) - known)
    if unknown:
        raise Invalid(f"There is no scope {unknown[0]} here.", field="api_keys.scopes")
