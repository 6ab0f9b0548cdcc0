"""What a rehearsed act comes to, in sentences: the gravest first, as somebody must read them."""

from __future__ import annotations

from collections.abc import Mapping

from scopewright.languages import Language


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - as those who gather them know it
    """A message that is said later, of one or of many."""
    return one, many


_SAID = {
    ("sessions", "ended"): NN_(
        "One session ends at once.",
        "%(num)s sessions end at once.",
    ),
    ("api-keys", "revoked"): NN_(
        "One API key is refused from now on.",
        "%(num)s API keys are refused from now on.",
    ),
    ("end-users", "removed"): NN_(
        "One end-user is removed.",
        "%(num)s end-users are removed.",
    ),
    ("members", "removed"): NN_(
        "One member is removed.",
        "%(num)s members are removed.",
    ),
    ("clients", "removed"): NN_(
        "One client is deleted.",
        "%(num)s clients are deleted.",
    ),
    ("groups", "removed"): NN_(
        "One group is deleted.",
        "%(num)s groups are deleted.",
    ),
    ("memberships", "removed"): NN_(
        "One membership of a group ends.",
        "%(num)s memberships of groups end.",
    ),
    ("grants", "removed"): NN_(
        "One grant of a scope is taken away.",
        "%(num)s grants of scopes are taken away.",
    ),
    ("assignments", "removed"): NN_(
        "One assignment of a role is taken away.",
        "%(num)s assignments of roles are taken away.",
    ),
    ("consents", "removed"): NN_(
        "One approval of a client is forgotten.",
        "%(num)s approvals of clients are forgotten.",
    ),
    ("identities", "removed"): NN_(
        "One way to sign in is taken away.",
        "%(num)s ways to sign in are taken away.",
    ),
    ("metadata", "removed"): NN_(
        "One metadata value is deleted.",
        "%(num)s metadata values are deleted.",
    ),
    ("invitations", "removed"): NN_(
        "One pending invitation is cancelled.",
        "%(num)s pending invitations are cancelled.",
    ),
    ("roles", "removed"): NN_(
        "One role is deleted.",
        "%(num)s roles are deleted.",
    ),
    ("scopes", "removed"): NN_(
        "One scope is deleted.",
        "%(num)s scopes are deleted.",
    ),
    ("access-tags", "removed"): NN_(
        "One access tag is deleted.",
        "%(num)s access tags are deleted.",
    ),
    ("applications", "removed"): NN_(
        "One application is deleted.",
        "%(num)s applications are deleted.",
    ),
    ("gateway-routes", "removed"): NN_(
        "One gateway route is deleted.",
        "%(num)s gateway routes are deleted.",
    ),
    ("role-mappings", "removed"): NN_(
        "One role mapping is deleted.",
        "%(num)s role mappings are deleted.",
    ),
    ("endpoints", "removed"): NN_(
        "One endpoint is deleted.",
        "%(num)s endpoints are deleted.",
    ),
    ("exports", "removed"): NN_(
        "One export is deleted.",
        "%(num)s exports are deleted.",
    ),
    ("datapoints", "removed"): NN_(
        "One datapoint is deleted.",
        "%(num)s datapoints are deleted.",
    ),
    ("mqtt-configs", "removed"): NN_(
        "One MQTT configuration is deleted.",
        "%(num)s MQTT configurations are deleted.",
    ),
    ("trusted-issuers", "removed"): NN_(
        "One outside issuer is trusted no more.",
        "%(num)s outside issuers are trusted no more.",
    ),
    ("registration-tokens", "removed"): NN_(
        "One registration token is revoked.",
        "%(num)s registration tokens are revoked.",
    ),
    ("signing-keys", "removed"): NN_(
        "One signing key is deleted.",
        "%(num)s signing keys are deleted.",
    ),
    ("workspaces", "removed"): NN_(
        "The workspace is gone for good.",
        "%(num)s workspaces are gone for good.",
    ),
}


def told_of(changes: Mapping[str, Mapping[str, int]], language: Language) -> list[str]:
    """A sentence for each number; what is only added is not told."""
    found = []
    for (noun, verb), (one, many) in _SAID.items():
        number = changes.get(noun, {}).get(verb, 0)
        if number:
            words = language.translations.ungettext(one, many, number)
            found.append(words % {"num": language.number(number)} if "%" in words else words)
    return found
