"""Access policies for resource servers: which resources somebody sees, and what they may do there.

    policy = access_policy(configuration["access_control"])
    asker = asker_of(claims)
    check_access(policy, asker, "A", "read:data")            # 404, or 403 naming the scope
    rows = database.execute(*policy.visible(asker, {"read:metadata"}).condition(columns))

Scopes say what a credential is good for at all, a policy says where. Both are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from scopewright.core.access_policies import Asker, anonymous, missing_on
from scopewright.core.errors import Invalid
from scopewright.core.scopes import Scopes
from scopewright.core.visibility import Filter
from scopewright.guard.access_lists import access_lists
from scopewright.guard.access_settings import mapping, refuse_unknown
from scopewright.guard.access_tags import MembersOf, access_tags, nobody
from scopewright.guard.asked_policy import asked_policy
from scopewright.guard.refusals import InsufficientScope
from scopewright.guard.verifier import Claims

_UNRESTRICTED = object()


class AccessPolicy(Protocol):
    """Says what somebody may do where: `AccessLists`, `AccessTags` and `AskedPolicy` are three."""

    def allowed(self, asker: Asker, name: str, tags: frozenset[str], /) -> Scopes:
        """The scopes of somebody on one resource."""

    def visible(self, asker: Asker, scopes: Scopes, /) -> Filter:
        """The resources that somebody sees and has all of these scopes on."""


def access_policy(said: Mapping[str, Any], *, members_of: MembersOf = nobody) -> AccessPolicy:
    """The policy of an `access_control` section: `access_policy` names its kind, `args` say it.

    Raises:
        Invalid: no such kind, or as `access_lists`, `access_tags` and `asked_policy`.
    """
    refuse_unknown(said, ("access_policy", "args"), "access_control")
    args = mapping(said.get("args"), "access_control.args")
    kind = str(said.get("access_policy", "")).rpartition(":")[2]
    if kind in ("SimpleAccessPolicy", "AccessLists"):
        return access_lists(args)
    if kind in ("TagBasedAccessPolicy", "AccessTags"):
        return access_tags(args, members_of=members_of)
    if kind in ("ExternalPolicyDecisionPoint", "AskedPolicy"):
        return asked_policy(args)
    raise Invalid(
        "Choose SimpleAccessPolicy, TagBasedAccessPolicy or ExternalPolicyDecisionPoint.",
        field="access_control.access_policy",
    )


def asker_of(claims: Claims | None, *, admits_anonymous: bool = False) -> Asker:
    """Who asks, by what the credential says; None where nothing was presented.

    People are known by their user name, services by their id.
    """
    if claims is None:
        return anonymous(admitted=admits_anonymous)
    user = claims.values.get("user") or claims.values.get("username")
    tags = claims.values.get("tags", _UNRESTRICTED)
    return Asker(
        name=user if isinstance(user, str) else claims.subject,
        is_service=not isinstance(user, str),
        scopes=claims.scopes,
        only_tags=None if tags is _UNRESTRICTED else _read_tags(tags),
        id=claims.subject,
    )


def check_access(
    policy: AccessPolicy,
    asker: Asker,
    name: str,
    *needed: str,
    tags: frozenset[str] = frozenset(),
) -> None:
    """Let something be done with a resource.

    Raises:
        NotFound: they may not even see it; `Guard.refusal` answers 404.
        InsufficientScope: with `missing`; `Guard.refusal` answers 403.
    """
    scopes = frozenset(needed)
    missing = missing_on(scopes, allowed=policy.allowed(asker, name, tags))
    if missing:
        raise InsufficientScope(needed=scopes, missing=missing)


def _read_tags(said: object) -> frozenset[str]:
    """The tags to which a credential is restricted; none at all where they cannot be read."""
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset()
