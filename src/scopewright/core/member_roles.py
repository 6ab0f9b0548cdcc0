"""The three roles of members: short names in the API, `iotman:viewer` in the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scopewright.core.errors import Invalid

ADMIN = "admin"
SHORT_NAMES = ("viewer", "editor", ADMIN)  # weakest first


@dataclass(frozen=True, slots=True)
class MemberRoles:
    """How they are spelled here; `prefix` is the internal catalogue's, with its separator."""

    prefix: str

    @property
    def admin(self) -> str:
        """The role that a workspace never loses."""
        return self.prefix + ADMIN

    def full(self, short: str) -> str:
        """`viewer` → `iotman:viewer`.

        Raises:
            Invalid: there is no such member role.
        """
        if short not in SHORT_NAMES:
            raise Invalid("Choose viewer, editor or admin.", field="role")
        return self.prefix + short

    def short(self, full: str) -> str:
        """`iotman:viewer` → `viewer`."""
        return full.removeprefix(self.prefix)

    def has(self, role: str) -> bool:
        """Whether this is one of the three, by its full name."""
        return role in {self.prefix + short for short in SHORT_NAMES}

    def among(self, roles: Iterable[str]) -> str | None:
        """The short name of the one member role among all roles of a member; None: there is none.

        Nothing here takes it away, but a database may come from elsewhere.
        """
        return next((self.short(role) for role in roles if self.has(role)), None)
