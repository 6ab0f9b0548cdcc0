"""Nobody gives a guarded scope that they do not hold.

Whatever the way of giving (a grant, a role, an invitation, control of a principal, a redirect URI),
its operation computes the closure of what is given and asks here.
"""

from __future__ import annotations

from scopewright.core.errors import Escalation
from scopewright.core.scopes import Scopes, spell


def escalation(*, held: Scopes, given: Scopes, guarded: Scopes) -> Scopes:
    """The scopes that stand against giving; empty means it may be given."""
    return (given & guarded) - held


def refuse_escalation(*, held: Scopes, given: Scopes, guarded: Scopes) -> None:
    """Let it be given, or say which scopes the giver lacks.

    Raises:
        Escalation: with `missing`.
    """
    missing = escalation(held=held, given=given, guarded=guarded)
    if missing:
        raise Escalation(f"You do not hold {spell(missing)} yourself.", missing=missing)
