"""What may go wrong on the way out, in one word."""

from __future__ import annotations

from scopewright.core.errors import ScopewrightError


class Unfetchable(ScopewrightError):
    """What was asked for did not come, or may not be asked for; why is for the log alone."""

    def __init__(self, cause: str) -> None:
        super().__init__("What the URL names could not be fetched.", cause=cause)
