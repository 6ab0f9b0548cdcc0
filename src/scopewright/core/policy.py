"""What a workspace may say about its clients: the values of `WorkspacePolicy`."""

from __future__ import annotations

from collections.abc import Collection

from scopewright.core.errors import Invalid
from scopewright.core.model import WorkspacePolicy
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
    return policy
