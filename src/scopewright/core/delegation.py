"""Nobody gives a guarded scope that they do not hold.

Whatever the way of giving (a grant, a role, an invitation, control of a principal, a redirect URI),
its operation computes the closure of what is given and asks here.
"""

from __future__ import annotations

from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
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


def refuse_giving(caller: Caller, words: Vocabulary, *, held: Scopes, given: Scopes) -> None:
    """The same of what a caller gives; a guarded scope is given soon after signing in only.

    `held` is what the caller may give: to use a scope its credential suffices, to give it the
    principal must still have it.

    Raises:
        Escalation: with `missing`.
        SignInTooOld: the caller is a browser that may have been left open.
    """
    refuse_escalation(held=held, given=given, guarded=words.guarded)
    if given & words.guarded:
        caller.check_fresh()
