"""Whether a browser's person has proven lately who they are: it may have been left open."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scopewright.core.errors import SignInTooOld
from scopewright.core.model import SignIn
from scopewright.core.particulars import Particulars


def is_fresh(sign_in: SignIn, *, now: datetime, fresh_for: timedelta) -> bool:
    """Whether what is dangerous may be done by a browser with this sign-in."""
    return now - sign_in.authenticated_at <= fresh_for


def check_fresh(sign_in: SignIn, *, now: datetime, fresh_for: timedelta) -> None:
    """Let it be done, or ask the person before the browser who they are.

    Raises:
        SignInTooOld: the sign-in is.
    """
    if not is_fresh(sign_in, now=now, fresh_for=fresh_for):
        raise too_old(fresh_for)


def too_old(fresh_for: timedelta) -> SignInTooOld:
    """What is said to a browser that signed in longer ago than this."""
    return SignInTooOld(
        "Somebody may have left this browser open: sign in again, then do this once more.",
        max_age=int(fresh_for.total_seconds()),
    )


def of_lately(particulars: Particulars, fresh_for: timedelta) -> Particulars:
    """A request whose answer lasts and manages a workspace: its sign-in may be no older (max_age).

    What the client asks for by itself counts where it is stricter.
    """
    most, asked = int(fresh_for.total_seconds()), particulars.max_age
    return replace(particulars, max_age=most if asked is None else min(asked, most))
