"""Stages whose server has providers, and people who sign in by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from scopewright.core.model import Identity, Principal, PrincipalKind
from scopewright.store import principals
from tests.people import Browser, Forms, Stage

Open = Callable[..., Stage]


def typed(browser: Browser, username: str, password: str, page: Any = None) -> httpx.Response:
    """A name and a password in the first form that takes one."""
    shown = page or browser.get("/sign-in")
    return browser.submit(shown, form=_form(shown), username=username, password=password)


def sent_away(browser: Browser, page: Any = None) -> httpx.Response:
    """The button of the first provider that knows people elsewhere."""
    shown = page or browser.get("/sign-in")
    return browser.submit(shown, form=_form(shown))


def _form(page: httpx.Response) -> int:
    found = enumerate(Forms(page.text).found)
    return next(number for number, form in found if "/with/" in form["action"])


def record(stage: Stage, subject: str, *, provider: str = "toy") -> Principal | None:
    """The end-user's record of an identity."""
    with stage.database.read() as tx:
        return principals.by_identity(
            tx,
            stage.workspace.id,
            kind=PrincipalKind.END_USER,
            identity=Identity(provider, subject),
        )
