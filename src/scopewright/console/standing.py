"""What is taken from somebody: a role, an identity, their sessions, their standing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopewright.console.acts import Act
from scopewright.console.desk import Desk
from scopewright.console.principals import AT, at
from scopewright.languages import spoken


async def _named(desk: Desk) -> tuple[str, dict[str, Any]]:
    who: dict[str, Any] = await desk.read(at(desk.named["id"]))
    return at(who["id"]), who


async def unassigning(desk: Desk) -> Act:
    """Taking a role away."""
    says, (here, who) = spoken().says, await _named(desk)
    said = {"name": who["name"], "role": desk.named["role"]}
    return Act(
        "DELETE",
        f"{here}/roles/{desk.named['role']}",
        title=says("Take the role %(role)s from %(name)s?") % said,
        says=(says("What other roles or grants give stays. It shows in the next token."),),
        button=says("Take it away"),
        done=says("The role %(role)s is taken away.") % said,
        keep=here,
        back=here,
        loses=tuple(lost_with(desk.named["role"], who)),
    )


def lost_with(role: str, who: Mapping[str, Any]) -> list[str]:
    """The scopes that somebody holds by nothing but this role of their own."""
    return [
        one["scope"]
        for one in who["held"]
        if not one["more"] and all(_is_by(role, path) for path in one["paths"])
    ]


def _is_by(role: str, path: Mapping[str, Any]) -> bool:
    is_own = path["given"] == "assignment" and not path["groups"]
    return is_own and path["names"][-1:] == [role]


async def unlinking(desk: Desk) -> Act:
    """Taking an identity away."""
    says, (here, who) = spoken().says, await _named(desk)
    provider, subject = desk.named["provider"], desk.named["subject"]
    return Act(
        "DELETE",
        f"{here}/identities/{provider}/{subject}",
        title=says("Take the identity %(subject)s from %(name)s?")
        % {"subject": subject, "name": who["name"]},
        says=(says("All sessions of the person end, since any may have begun by it. Keys stay."),),
        button=says("Take it away"),
        done=says("The identity %(subject)s is taken away.") % {"subject": subject},
        keep=here,
        back=here,
    )


async def disabling(desk: Desk) -> Act:
    """Refusing whatever somebody presents."""
    says, (here, who) = spoken().says, await _named(desk)
    return Act(
        "POST",
        f"{here}/disable",
        title=says("Disable %(name)s?") % who,
        says=(
            says(
                "Every token, key, secret and browser of theirs is refused at once, everywhere."
                " What they hold stays and waits."
            ),
        ),
        button=says("Disable"),
        done=says("%(name)s is disabled.") % who,
        keep=here,
        back=here,
    )


async def signing_out(desk: Desk) -> Act:
    """Ending every session of somebody."""
    says, (here, who) = spoken().says, await _named(desk)
    return Act(
        "POST",
        f"{here}/sign-out",
        title=says("Sign %(name)s out?") % who,
        says=(says("All sessions here end, and browsers must sign in anew. API keys stay."),),
        button=says("Sign out everywhere"),
        done=says("%(name)s is signed out.") % who,
        keep=here,
        back=here,
    )


async def removing(desk: Desk) -> Act:
    """Removing somebody with all that they have."""
    says, (here, who) = spoken().says, await _named(desk)
    return Act(
        "DELETE",
        here,
        title=says("Remove %(name)s?") % who,
        says=(says("All that they have goes with them, and cannot be brought back."),),
        button=says("Remove"),
        done=says("%(name)s is removed.") % who,
        keep=here,
        back=AT,
    )
