"""A form of a page that is filled in and sent, as a row of a table of acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.console.forms import Typed


@dataclass(frozen=True)
class Pressed:
    """A form that is filled in and sent: where it leads, what is typed, and the page it stands on.

    `comes_to` is what goes, by noun; None where nothing is taken away. `is_forced`: it is refused
    at first, since it is in use, and one insists.
    """

    path: str
    typed: Mapping[str, Typed] = field(default_factory=dict)
    comes_to: Mapping[str, int] | None = None
    at: str = ""
    who: str = "admin"
    is_forced: bool = False

    @property
    def name(self) -> str:
        """What it is called where it fails."""
        return f"{self.path} {' '.join(map(str, self.typed.values()))[:30]}".strip()
