"""Composing a role: what it may be made of, what was ticked, and who gains and loses what by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from scopewright.console.choices import OWN, own_first
from scopewright.console.desk import Desk, Fault, Form
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

LIKE = "like:"  # of a button, before the sibling whose boxes are to be ticked


@dataclass(frozen=True, slots=True)
class Choice:
    """One box. `brings` is how many scopes a role comes to; None for scopes.

    `spellings` are other names by which it is looked for.
    """

    name: str
    description: str
    is_chosen: bool
    brings: int | None = None
    spellings: tuple[str, ...] = ()

    def fits(self, wanted: str) -> bool:
        """Whether it has this in its name or description; what is ticked is never hidden."""
        said = " ".join([self.name, *self.spellings, self.description]).casefold()
        return self.is_chosen or wanted.casefold() in said


@dataclass(frozen=True, slots=True)
class Shelf:
    """Boxes under one heading; `title` is empty for what is the workspace's own."""

    title: str
    choices: tuple[Choice, ...]

    def with_only(self, wanted: str) -> Shelf:
        """The shelf with what fits; the whole of it where its title does."""
        if wanted.casefold() in self.title.casefold():
            return self
        return Shelf(self.title, tuple(one for one in self.choices if one.fits(wanted)))

    @property
    def chosen(self) -> int:
        """How many are ticked."""
        return sum(one.is_chosen for one in self.choices)


@dataclass(frozen=True, slots=True)
class Composition:
    """A role that is being composed: where it is shown and changed, and what opens the change.

    `application` is the one whose role it is; its scopes are then all that it may list. `siblings`
    are its other roles, by what they are called there.
    """

    role: Mapping[str, Any]
    at: str
    path: str
    operation: str
    application: str | None = None
    siblings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def form(self) -> Form:
        """The form as it is before anything is changed."""
        return Form([("description", self.role["description"]), *_ticked(self.role)])


def _ticked(role: Mapping[str, Any]) -> list[tuple[str, str]]:
    parts = ("scopes", "includes")
    return [(part, one) for part in parts for one in role[part]]


def said_in(form: Form) -> dict[str, Any]:
    """What a form says of a role."""
    return {
        "description": form.text("description"),
        "scopes": form.texts("scopes"),
        "includes": form.texts("includes"),
    }


async def compose(desk: Desk, of: Composition) -> Response:
    """The form, filled with what the role says now."""
    return await _page(desk, of, of.form(), None)


async def composed(desk: Desk, of: Composition) -> Response:
    """Look at what was ticked, or save it."""
    form = desk.form()
    said = said_in(form)
    if form.text("do") == "find":
        return await _page(desk, of, form, None)
    if alike := of.siblings.get(form.text("do").removeprefix(LIKE)):
        ticked = Form([("description", form.text("description")), *_ticked(alike)])
        return await _page(desk, of, ticked, None)
    try:
        if form.text("do") == "save":
            await desk.change("PATCH", of.path, said)
            done = spoken().says("The role %(name)s is saved.") % of.role
            return desk.back(of.at, Note(done, desk.command("PATCH", of.path, said)))
        made_of = {part: said[part] for part in ("scopes", "includes")}
        previewed = await desk.change("POST", "/preview", {"roles": {of.role["name"]: made_of}})
    except ScopewrightError as error:
        return await _page(desk, of, form, Fault.of(error))
    return await _page(desk, of, form, None, previewed)


async def _page(
    desk: Desk, of: Composition, form: Form, fault: Fault | None, previewed: Any = None
) -> Response:
    words, find = await desk.read("/vocabulary"), form.text("find")
    roles = role_shelves(words, form.texts("includes"), without=of.role["name"])
    scopes = scope_shelves(words, form.texts("scopes"), application=of.application)
    would_be = previewed["roles"][0] if previewed else of.role
    return await desk.page(
        "role_compose.html",
        of=of,
        form=form,
        fault=fault,
        roles=_found(roles, find),
        scopes=_found(scopes, find),
        would_be=would_be,
        previewed=previewed,
        flips=flips(previewed) if previewed else [],
        command=desk.command("PATCH", of.path, said_in(form)),
    )


@dataclass(frozen=True, slots=True)
class Flip:
    """What somebody would gain and lose."""

    principal: Mapping[str, Any]
    gained: tuple[str, ...]
    lost: tuple[str, ...]


def flips(previewed: Mapping[str, Any]) -> list[Flip]:
    """A preview by who it concerns."""
    told: dict[str, dict[str, Any]] = {}
    for what in ("gains", "losses"):
        for one in previewed[what]:
            told.setdefault(one["principal"]["id"], one["principal"])
    gained, lost = (
        {one["principal"]["id"]: tuple(one["scopes"]) for one in previewed[what]}
        for what in ("gains", "losses")
    )
    return [Flip(who, gained.get(id, ()), lost.get(id, ())) for id, who in told.items()]


def _found(shelves: Iterable[Shelf], wanted: str) -> list[Shelf]:
    return [one for one in (shelf.with_only(wanted) for shelf in shelves) if one.choices]


# --- what there is ------------------------------------------------------------------------------


def role_shelves(words: Any, chosen: Iterable[str], *, without: str) -> list[Shelf]:
    """Every role that may be included: by application or service; last what does not exist."""
    ticked, shelves = set(chosen), dict[str, list[Choice]]()
    for catalogue in own_first(words):
        spelled = _spellings(catalogue)
        for role in catalogue["roles"]:
            if role["name"] != without:
                title = role["resource"] or role["application"] or _title(catalogue)
                choice = Choice(
                    role["name"],
                    role["description"],
                    role["name"] in ticked,
                    brings=len(role["scopes"]),
                    spellings=tuple(spelled.get(role["name"], ())),
                )
                shelves.setdefault(title, []).append(choice)
    known = {one.name for some in shelves.values() for one in some}
    missing = tuple(Choice(name, "", True, brings=0) for name in sorted(ticked - known))
    found = [Shelf(title, tuple(some)) for title, some in shelves.items()]
    return [*found, *([Shelf(spoken().says("Missing"), missing)] if missing else [])]


def _spellings(catalogue: Mapping[str, Any]) -> dict[str, list[str]]:
    """The other spellings of each role of a catalogue."""
    found: dict[str, list[str]] = {}
    for alias, name in catalogue["aliases"].items():
        found.setdefault(name, []).append(alias)
    return found


def scope_shelves(words: Any, chosen: Iterable[str], *, application: str | None) -> list[Shelf]:
    """Every scope that may be listed, by service; an application's roles list its own alone."""
    ticked, seen, shelves = set(chosen), set[str](), list[Shelf]()
    for catalogue in own_first(words):
        for resource in catalogue["resources"]:
            choices = []
            for scope in resource["scopes"]:
                mine = application is None or scope["name"].startswith(f"{application}.")
                if mine and scope["name"] not in seen:
                    seen.add(scope["name"])
                    is_chosen = scope["name"] in ticked
                    choices.append(Choice(scope["name"], scope["description"], is_chosen))
            if choices:
                shelves.append(Shelf(resource["name"] or _title(catalogue), tuple(choices)))
    return shelves


def _title(catalogue: Mapping[str, Any]) -> str:
    return "" if catalogue["name"] == OWN else str(catalogue["name"])
