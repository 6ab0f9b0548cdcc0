"""Pages to which a browser may go on when its person has signed in, or chosen a language."""

from __future__ import annotations

import re

AGAIN = "/sign-in/again"  # where one ends who has signed in again for a form in another tab
_PAGE = re.compile(r"/workspaces/[\w./?=&%@:+~-]{1,1000}", re.ASCII)
_OWN = re.compile(r"/me(?:/[\w./?=&%@:+~-]{1,1000})?", re.ASCII)


def page_of_ours(value: str) -> str | None:
    """The address of a page of ours that may be loaded again; None where it is none."""
    return way_back(value) or (value if _OWN.fullmatch(value) else None)


def way_back(value: str) -> str | None:
    """The address at which whoever has signed in may go on; None where it is none."""
    return value if value == AGAIN else workspace_page(value)


def workspace_page(value: str) -> str | None:
    """The address of such a page, below our own origin; None where it is none.

    It begins with one slash and a word, so no browser takes it for another host's.
    """
    return value if _PAGE.fullmatch(value) else None
