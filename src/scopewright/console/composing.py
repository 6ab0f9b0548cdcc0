"""Composing a role: what it may be made of, what was ticked, and who gains and loses what by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from scopewright.console.desk import Desk, Fault, Form
from scopewright.console.languages import spoken
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError

OWN = "workspace"  # the vocabulary's name for the workspace's own words
PLATFORM = "internal"  # the catalogue of the operations here


@dataclass(frozen=True, slots=True)
class Choice:
    """One box. `brings` is how many scopes a role comes to; None for scopes."""

    name: str
    description: str
    is_chosen: bool
    brings: int | None = None

    def fits(self, wanted: str) -> bool:
        """Whether it has this in its name or description; what is ticked is never hidden."""
        said = f"{self.name} {self.description}".casefold()
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

    `application` is the one whose role it is; its scopes are then all that it may list.
    """

    role: Mapping[str, Any]
    at: str
    path: str
    operation: str
    application: str | None = None

    def form(self) -> Form:
        """The form as it is before anything is changed."""
        ticked = [("scopes", one) for one in self.role["scopes"]]
        ticked += [("includes", one) for one in self.role["includes"]]
        return Form([("description", self.role["description"]), *ticked])


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
        status=422 if fault else 200,
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
    for catalogue in _own_first(words):
        for role in catalogue["roles"]:
            if role["name"] != without:
                title = role["resource"] or role["application"] or _title(catalogue)
                choice = Choice(
                    role["name"],
                    role["description"],
                    role["name"] in ticked,
                    brings=len(role["scopes"]),
                )
                shelves.setdefault(title, []).append(choice)
    known = {one.name for some in shelves.values() for one in some}
    missing = tuple(Choice(name, "", True, brings=0) for name in sorted(ticked - known))
    found = [Shelf(title, tuple(some)) for title, some in shelves.items()]
    return [*found, *([Shelf(spoken().says("Missing"), missing)] if missing else [])]


def scope_shelves(words: Any, chosen: Iterable[str], *, application: str | None) -> list[Shelf]:
    """Every scope that may be listed, by service; an application's roles list its own alone."""
    ticked, seen, shelves = set(chosen), set[str](), list[Shelf]()
    for catalogue in _own_first(words):
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


def _own_first(words: Any) -> list[Any]:
    """The catalogues as one looks for something: the workspace's words, others', the platform's."""
    order = {OWN: 0, PLATFORM: 2}
    return sorted(words["catalogues"], key=lambda one: order.get(one["name"], 1))


def _title(catalogue: Mapping[str, Any]) -> str:
    return "" if catalogue["name"] == OWN else str(catalogue["name"])
