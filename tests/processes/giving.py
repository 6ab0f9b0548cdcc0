"""A workspace in which what somebody holds changes at random, in each way that there is.

Beside every change made at a server stands the same one made to plain sets; `held_by` goes over
these in the slowest way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import httpx

from tests.worlds import KnownClient, World

SCOPES = tuple(f"s{number}:read" for number in range(5))
ROLES = tuple(f"role{number}" for number in range(4))
Pairs = set[tuple[str, str]]


@dataclass
class Giving:
    """A device and a member, two groups of which one may be in the other, and some roles.

    `inside` has for each pair that the first is in the second: a scope or role in a role, a
    principal in a group.
    """

    world: World
    choose: random.Random
    device: KnownClient = field(init=False)
    member: str = field(init=False)
    groups: list[str] = field(init=False)
    given: Pairs = field(default_factory=set)
    inside: Pairs = field(default_factory=set)
    roles: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.world.define(*SCOPES)
        self.device = self.world.device()
        self.member = str(self._done("GET", "/principals/me").json()["id"])
        made = (self._done("POST", "/groups", {"name": name}) for name in ("Inner", "Outer"))
        self.groups = [str(answer.json()["id"]) for answer in made]

    def held_by(self, principal: str) -> set[str]:
        """The scopes of this workspace's own that a principal must hold now."""
        reached = {principal}
        while True:
            groups = {whole for part, whole in self.inside if part in reached}
            more = reached | (groups & set(self.groups))
            more |= {what for holder, what in self.given if holder in more}
            more |= {part for part, whole in self.inside if whole in more & self.roles}
            if more == reached:
                return reached & set(SCOPES)
            reached = more

    def change(self) -> None:
        """One change, and whatever it says to the sets."""
        changes: list[Callable[[], None]] = [
            self._grant, self._assign, self._enter, self._compose, self._compose, self._delete,
        ]  # fmt: skip
        self.choose.choice(changes)()

    def _grant(self) -> None:
        scope, path = self.choose.choice(SCOPES), f"/clients/{self.device.id}/scopes"
        if (self.device.id, scope) in self.given:
            self._done("DELETE", f"{path}/{scope}")
        else:
            self._done("POST", path, {"scope": scope})
        self.given ^= {(self.device.id, scope)}

    def _assign(self) -> None:
        if self.roles:
            holder = self.choose.choice([self.device.id, self.member, *self.groups])
            role = self.choose.choice(sorted(self.roles))
            self._toggle(self.given, (holder, role), f"/principals/{holder}/roles/{role}")

    def _enter(self) -> None:
        inner, outer = self.groups
        ways = [(who, group) for who in (self.device.id, self.member) for group in self.groups]
        who, group = self.choose.choice([*ways, (inner, outer)])
        self._toggle(self.inside, (who, group), f"/groups/{group}/members/{who}")

    def _compose(self) -> None:
        """A role's content: scopes, and only roles that come later, or there would be cycles."""
        role, made = self.choose.choice(ROLES), sorted(self.roles)
        scopes = self._some(SCOPES)
        includes = self._some([other for other in made if other > role])
        body = {"scopes": scopes, "includes": includes}
        if role in self.roles:
            self._done("PATCH", f"/roles/{role}", body)
        else:
            self._done("POST", "/roles", {"name": role, **body})
        self.roles.add(role)
        self.inside = {pair for pair in self.inside if pair[1] != role}
        self.inside |= {(part, role) for part in (*scopes, *includes)}

    def _delete(self) -> None:
        """A role goes with its assignments and its place in others."""
        if self.roles:
            role = self.choose.choice(sorted(self.roles))
            self._done("DELETE", f"/roles/{role}?force=true")
            self.roles.remove(role)
            self.given = {pair for pair in self.given if pair[1] != role}
            self.inside = {pair for pair in self.inside if role not in pair}

    def _some(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self.choose.random() < 0.3]

    def _toggle(self, pairs: Pairs, pair: tuple[str, str], path: str) -> None:
        self._done("DELETE" if pair in pairs else "PUT", path)
        pairs ^= {pair}

    def _done(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        answer = self.world.admin.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer
