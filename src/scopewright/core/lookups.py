"""What somebody has in their hands of a thing: how its id begins, or the visible part of a key."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.core.model import PrincipalKind

KEY, SESSION = "api_key", "session"
_SECRET, _KEY_ID = "swk_", "key_"
_ULID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Found:
    """Something by its id. `kind` is a principal's, `api_key` or `session`.

    `name` is what a principal is called, what a key is for, or whose the session is. A key's or
    session's `principal_id` is its owner's; else it is the id itself.
    """

    kind: str
    id: str
    name: str
    principal_id: str


def visible(text: str) -> str:
    """How the id begins of what this is the beginning of. A key's secret part is left out.

    `swk_01J8Z3K5M7N9P1Q3R5S7T9V1W3_…` is the secret of `key_01j8z3k5m7n9p1q3r5s7t9v1w3`.
    """
    begins = text.strip().lower()
    if not begins.startswith(_SECRET):
        return begins
    return _KEY_ID + begins.removeprefix(_SECRET).partition("_")[0][:_ULID_LENGTH]


READERS = {
    PrincipalKind.MEMBER: "members:read",
    PrincipalKind.END_USER: "end-users:read",
    PrincipalKind.CLIENT: "clients:read",
    PrincipalKind.GROUP: "groups:read",
}
