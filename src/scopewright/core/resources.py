"""Whom a token is meant for, and how that limits its scopes (RFC 8707).

A token is for the workspace itself unless a resource is named; then it carries that resource's
scopes and no others. Nothing here ever gives: a ceiling is only narrowed to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Conflict, Invalid, InvalidScope, InvalidTarget
from scopewright.core.model import Workspace
from scopewright.core.scopes import EVERYTHING, Requested, Scopes

Resources = tuple[str, ...]

MOST_RESOURCES = 100
_LONGEST_URI = 2000
_ABSOLUTE_URI = re.compile(  # RFC 3986 §4.3, so without a fragment
    r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+"
)


def management_resource(issuer: str) -> str:
    """The resource through which a workspace's own operations are called, in a member's name."""
    return f"{issuer}/mcp"


@dataclass(frozen=True, slots=True)
class Audiences:
    """Whom the tokens of one workspace may be meant for; `scopes` are those of each resource."""

    workspace_id: str
    management: str
    scopes: Mapping[str, Scopes]

    def checked(self, resources: Sequence[str]) -> Resources:
        """The resources that a request names, each once (RFC 8707 §2).

        Raises:
            InvalidTarget: one is not known here; or the management resource, where a member is
                spoken for, stands beside another.
        """
        named = tuple(dict.fromkeys(resources))
        if any(name != self.workspace_id and name not in self.scopes for name in named):
            raise InvalidTarget("This resource is not known here.")
        if self.management in named and len(named) > 1:
            raise InvalidTarget("This resource is asked for alone.")
        return named

    def ceiling(self, resources: Resources) -> Requested:
        """The most that a token for these may carry: what any of them knows.

        Raises:
            InvalidTarget: one is not known here any more.
        """
        if not resources or self.workspace_id in self.checked(resources):
            return EVERYTHING
        return Requested(frozenset().union(*(self.scopes[name] for name in resources)))


def audiences(workspace: Workspace, words: Vocabulary, *, issuer: str) -> Audiences:
    """The audiences of a workspace: what it has declared, its applications, and its operations.

    Nobody can declare its own addresses to be something else.
    """
    management = management_resource(issuer)
    declared = {uri: frozenset(names) for uri, names in workspace.policy.resources.items()}
    known = {**declared, **words.audiences, management: words.guarded}
    return Audiences(workspace.id, management, known)


def audience_of(resources: Resources, *, otherwise: str) -> str | list[str]:
    """The `aud` of a token for these (RFC 9068 §2.2)."""
    if len(resources) > 1:
        return list(resources)
    return resources[0] if resources else otherwise


def narrowed(requested: Requested, ceiling: Requested) -> Requested:
    """What is asked for within a ceiling: some by name still, once there is one.

    Raises:
        InvalidScope: scopes were named, and these resources know none of them.
    """
    limited = requested.narrowed_to(ceiling)
    if requested.names and not limited.names:
        raise InvalidScope("None of the requested scopes belongs to this resource.")
    return limited


def chosen(named: Resources, agreed: Resources) -> Resources:
    """Whom this token is for: those named now, of those agreed to before (RFC 8707 §2.2).

    Who agreed to none in particular agreed to the workspace, of which each is a part.

    Raises:
        InvalidTarget: it names what was not asked for at `/authorize`.
    """
    if not named:
        return agreed
    if agreed and not set(named) <= set(agreed):
        raise InvalidTarget("A token may only be for what was asked for at first.")
    return named


def check_application_resource(uri: str, *, issuer: str, taken: Collection[str]) -> str:
    """A URI by which tokens may be meant for an application; `taken` are others' already.

    Raises:
        Invalid: it is no absolute URI.
        Conflict: it is taken, or one of the issuer's own addresses.
    """
    if len(uri) > _LONGEST_URI or _ABSOLUTE_URI.fullmatch(uri) is None:
        raise Invalid("A resource is an absolute URI without a fragment.", field="resource")
    if f"{uri}/".casefold().startswith(f"{issuer}/".casefold()):
        raise Conflict("This is an address of the issuer itself.", conflict=issuer)
    if uri in taken:
        raise Conflict("Tokens for this resource are meant for another.", conflict=uri)
    return uri


def check_resources(
    declared: Mapping[str, list[str]], *, known: Scopes, applications: Collection[str] = ()
) -> None:
    """Let resources be declared: absolute URIs with scopes that exist, and no application's.

    Raises:
        Invalid: with the URI or the scope that is not.
    """
    if len(declared) > MOST_RESOURCES:
        raise Invalid(f"Declare at most {MOST_RESOURCES} resources.", field="resources")
    for uri, names in declared.items():
        if len(uri) > _LONGEST_URI or _ABSOLUTE_URI.fullmatch(uri) is None:
            raise Invalid("A resource is an absolute URI without a fragment.", field="resources")
        if uri in applications:
            raise Invalid(f"{uri} is an application's.", field="resources")
        missing = set(names) - known
        if missing:
            raise Invalid(f"There is no scope {min(missing)}.", field="resources")
