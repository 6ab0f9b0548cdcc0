"""What can be given to somebody: the scopes of either kind, the roles, and the presets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scopewright.console.desk import Desk, Form

PRESET, RESOURCE = "preset", "resource"  # of what a chip switches, before its name
ROLES = "roles"
OWN = "workspace"  # the vocabulary's name for the workspace's own words
PLATFORM = "internal"  # the catalogue of the operations here


@dataclass(frozen=True, slots=True)
class Bundle:
    """Scopes that one chip switches: all on, or all off when all are on."""

    id: str
    label: str
    scopes: tuple[str, ...]
    entries: tuple[dict[str, Any], ...] = ()

    def is_on(self, chosen: Iterable[str]) -> bool:
        """Whether all of them are chosen."""
        return bool(self.scopes) and set(self.scopes) <= set(chosen)

    def toggled(self, chosen: Iterable[str]) -> set[str]:
        """What is chosen after the chip was pressed."""
        before = set(chosen)
        return before - set(self.scopes) if self.is_on(before) else before | set(self.scopes)


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to be given, by resource; `may_give` is what the member holds.

    Of `own` the workspace's words come first, which are about none; of `roles` the platform's last.
    Of the internal scopes nobody gives what they lack, so that is not offered.
    """

    prefix: str
    own: list[Bundle] = field(default_factory=list)
    internal: list[Bundle] = field(default_factory=list)
    presets: list[Bundle] = field(default_factory=list)
    roles: list[dict[str, Any]] = field(default_factory=list)
    may_give: frozenset[str] = frozenset()

    def offered(self) -> list[str]:
        """The internal scopes that the member may give, in the catalogue's order."""
        return [name for one in self.internal for name in one.scopes if name in self.may_give]

    def is_open(self, bundle: Bundle) -> bool:
        """Whether the member may give all of a bundle."""
        return set(bundle.scopes) <= self.may_give

    def chip(self, pressed: str) -> Bundle | None:
        """The bundle that a pressed chip names, `preset:operator` or `resource:members`."""
        kind, _, id = pressed.partition(":")
        bundles = {PRESET: self.presets, RESOURCE: self.internal}.get(kind, [])
        return next((one for one in bundles if one.id == id), None)


def own_first(words: Any) -> list[Any]:
    """The catalogues as one looks for something: the workspace's words, others', the platform's."""
    order = {OWN: 0, PLATFORM: 2}
    return sorted(words["catalogues"], key=lambda one: order.get(one["name"], 1))


async def choices(desk: Desk) -> Choices:
    """What can be given here; nothing, where the member may not see which scopes there are."""
    prefix = desk.opener("workspace:read").partition(":")[0]
    if not desk.may("scopes:read"):
        return Choices(prefix)
    words = await desk.read("/vocabulary")
    catalogues = own_first(words)
    named = [(r["name"], s) for c in catalogues for r in c["resources"] for s in _of(r)]
    return Choices(
        prefix,
        own=_by_resource(one for one in named if not one[1]["internal"]),
        internal=_by_resource(one for one in named if one[1]["internal"]),
        presets=[Bundle(one["id"], one["label"], tuple(one["scopes"])) for one in words["presets"]],
        roles=[role for catalogue in catalogues for role in catalogue["roles"]],
        may_give=desk.caller.held,
    )


def _of(resource: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resource["scopes"]
    return found


def _by_resource(named: Iterable[tuple[str | None, dict[str, Any]]]) -> list[Bundle]:
    """Each scope once, under the first resource that it is about."""
    groups: dict[str, list[dict[str, Any]]] = {}
    seen: set[str] = set()
    for resource, scope in named:
        if scope["name"] not in seen:
            seen.add(scope["name"])
            groups.setdefault(resource or "", []).append(scope)
    return [
        Bundle(name, name, tuple(one["name"] for one in scopes), tuple(scopes))
        for name, scopes in groups.items()
    ]


def pressed(form: Form, given: Choices, names: str) -> Form | None:
    """The form after a chip of it was pressed, which switches boxes of `names`; None: none was."""
    chip = form.text("chip")
    bundle = given.chip(chip) if chip else None
    if not form.has("chip"):
        return None
    others = [pair for pair in form.pairs if pair[0] not in ("chip", names)]
    chosen = form.texts(names)
    if bundle is not None:
        chosen = sorted(bundle.toggled(chosen))
    return Form([*others, *((names, scope) for scope in chosen)])
