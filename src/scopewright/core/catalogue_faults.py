"""Faults of a catalogue, found by rule: what dangles, contradicts itself or is easily mistaken.

Some rules look at how names are spelled. They advise whoever writes a file; no decision about
authority looks here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from scopewright.core.catalogue import (
    Catalogue,
    RoleDefinition,
    ScopeDefinition,
    Vocabulary,
)
from scopewright.core.catalogue_spelling import (
    Verbs,
    is_reading_role,
    lesser_roles,
    oddly_spelled,
)
from scopewright.core.look_alikes import look_alikes
from scopewright.core.roles import Bundle, RoleGraph
from scopewright.core.scopes import Scopes


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule says of a scope, role or alias, the `subject`."""

    rule: str
    subject: str
    detail: str


def faults(catalogue: Catalogue, *, beside: Iterable[Catalogue] = ()) -> tuple[Fault, ...]:
    """All that the rules find, rule by rule. What catalogues `beside` it define is known, too."""
    words = _Words(catalogue, tuple(one for one in beside if one.name != catalogue.name))
    return tuple(
        Fault(rule, subject, detail)
        for rule, find in RULES.items()
        for subject, detail in find(words)
    )


Found = Iterator[tuple[str, str]]  # subjects, each with what is said of it


@dataclass(frozen=True)
class _Words:
    """A catalogue with what its words come to."""

    catalogue: Catalogue
    beside: tuple[Catalogue, ...]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary((self.catalogue, *self.beside))

    @property
    def own(self) -> tuple[ScopeDefinition | RoleDefinition, ...]:
        """What the catalogue defines."""
        return (*self.catalogue.scopes, *self.catalogue.roles)

    @cached_property
    def graph(self) -> RoleGraph:
        """The roles as they are written: `every_guarded` depends on what is enabled, so without."""
        roles = (role for one in (self.catalogue, *self.beside) for role in one.roles)
        bundles = {role.name: Bundle(role.scopes, role.includes) for role in roles}
        return RoleGraph(bundles, self.vocabulary.aliases)

    @cached_property
    def verbs(self) -> Verbs:
        return Verbs(tuple(self.vocabulary.by_name.values()))

    @cached_property
    def scopes_of(self) -> Mapping[str, Scopes]:
        """What each role of the catalogue comes to."""
        close, expand = self.vocabulary.close, self.graph.expand
        return {role.name: close(expand([role.name]).scopes) for role in self.catalogue.roles}

    @cached_property
    def lesser(self) -> list[tuple[RoleDefinition, RoleDefinition]]:
        """Lesser roles, each with its full one."""
        return list(lesser_roles(self.catalogue.roles))

    def reads(self, role: RoleDefinition) -> bool:
        """Whether a role seems to be for reading only: its name says so, or all of its scopes."""
        scopes = self.scopes_of[role.name]
        return bool(scopes) and (is_reading_role(role.name) or all(map(self.verbs.reads, scopes)))


# --- what points nowhere ------------------------------------------------------------------------


def _unresolved_includes(words: _Words) -> Found:
    """A role includes a role that nobody defines."""
    for role in words.catalogue.roles:
        for name in sorted(role.includes):
            if name not in words.graph:
                yield role.name, f"includes {name}, which nobody defines"


def _unknown_names(words: _Words) -> Found:
    """A role lists a scope, or requires a role, that nobody defines; a scope implies one or
    is made of one; an alias stands for one, or people are to be assigned one; something is about a
    resource that is not described."""
    catalogue, scopes, graph = words.catalogue, words.vocabulary.by_name, words.graph
    for role in catalogue.roles:
        yield from _missing(role.name, "lists", (role.scopes | role.without) - scopes.keys())
        yield from _missing(role.name, "requires", (r for r in role.requires if r not in graph))
    for scope in catalogue.scopes:
        yield from _missing(scope.name, "implies", scope.implies - scopes.keys())
        yield from _missing(scope.name, "is made of", scope.made_of - scopes.keys())
    for alias, target in catalogue.aliases.items():
        yield from _missing(alias, "stands for", () if target in graph else (target,))
    for role_name in (catalogue.default_role, catalogue.administrator_role):
        if role_name is not None and role_name not in words.vocabulary.every_role:
            yield catalogue.name, f"assigns people {role_name}, which nobody defines"
    described = {resource.name for resource in catalogue.resources}
    for one in words.own:
        if described and one.resource is not None and one.resource not in described:
            yield one.name, f"is about {one.resource}, which is not described"


def _missing(subject: str, how: str, names: Iterable[str]) -> Found:
    for name in sorted(names):
        yield subject, f"{how} {name}, which nobody defines"


def _cycles(words: _Words) -> Found:
    """Roles include one another in a circle; or scopes imply, or are made of, one another."""
    aliases = words.vocabulary.aliases
    included = {
        role.name: {aliases.get(name, name) for name in role.includes}
        for role in words.vocabulary.every_role.values()
    }
    implied = {
        scope.name: {*scope.implies, *scope.made_of} for scope in words.vocabulary.by_name.values()
    }
    own = {one.name for one in words.own}
    for cycle in (*_circles(included), *_circles(implied)):
        if own & set(cycle):
            first = cycle.index(min(cycle))
            turned = [*cycle[first:], *cycle[:first]]
            yield turned[0], f"comes back to itself: {' → '.join([*turned, turned[0]])}"


def _circles(listed: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Circles in a graph, found one after the other, each opened once it is told."""
    left = {name: sorted(names) for name, names in listed.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            *circle, _ = reversed(error.args[1])
            yield circle
            left[circle[0]] = [name for name in left[circle[0]] if name != circle[1 % len(circle)]]
        else:
            return


# --- what does not contain what it seems to -----------------------------------------------------


def _beyond_full_roles(words: _Words) -> Found:
    """A lesser role has what the full role of the same name and resource has not."""
    for role, full in words.lesser:
        beyond = words.scopes_of[role.name] - words.scopes_of[full.name]
        if beyond:
            yield role.name, f"has what {full.name} has not: {' '.join(sorted(beyond))}"


def _missing_reads(words: _Words) -> Found:
    """A role for reading cannot see all that its full role sees, and leaves it out unsaid."""
    for role, full in words.lesser:
        unseen = words.scopes_of[full.name] - words.scopes_of[role.name] - role.without
        unseen = frozenset(filter(words.verbs.reads, unseen))
        if unseen and words.reads(role):
            yield role.name, f"cannot see what {full.name} sees: {' '.join(sorted(unseen))}"


def _writing_readers(words: _Words) -> Found:
    """A role that is called one for reading has a scope that changes something."""
    for role in words.catalogue.roles:
        writing = sorted(filter(words.verbs.writes, words.scopes_of[role.name]))
        if writing and is_reading_role(role.name):
            yield role.name, f"is called one for reading, and changes: {' '.join(writing)}"


def _empty_roles(words: _Words) -> Found:
    """A role comes to no scope at all."""
    for role in words.catalogue.roles:
        known = all(name in words.graph for name in role.includes)
        if not words.scopes_of[role.name] and not role.every_guarded and known:
            yield role.name, "has no scope, neither itself nor by what it includes"


def _orphan_scopes(words: _Words) -> Found:
    """A scope is in no role."""
    roles = (role for one in (words.catalogue, *words.beside) for role in one.roles)
    reached = words.vocabulary.close(words.graph.expand(role.name for role in roles).scopes)
    for scope in words.catalogue.scopes:
        if scope.name not in reached:
            yield scope.name, "is in no role"


# --- what is said of it -------------------------------------------------------------------------


def _redefined_scopes(words: _Words) -> Found:
    """A scope is defined again and differently; what stands first counts."""
    for again in words.catalogue.redefined:
        yield again.name, f"is defined again, differently: {again.description}"


def _shared_descriptions(words: _Words) -> Found:
    """Different scopes are described in the same words."""
    alike: dict[str, list[str]] = {}
    for scope in words.catalogue.scopes:
        alike.setdefault(scope.description.casefold().rstrip("."), []).append(scope.name)
    for description, (first, *others) in alike.items():
        if others and description:
            yield first, f"is described in the same words as {' '.join(others)}"


def _undescribed(words: _Words) -> Found:
    """A scope or role has no description."""
    for one in words.own:
        if not one.description:
            yield one.name, "has no description"


# --- how it is spelled --------------------------------------------------------------------------


def _look_alikes(words: _Words) -> Found:
    """Two names, or beginnings of names, differ by letter case, by `:` for `.`, or by two
    neighbouring letters in turn."""
    names = (*(one.name for one in words.own), *words.catalogue.aliases)
    for one, other in look_alikes(names):
        yield one, f"is easily mistaken for {other}"


def _ambiguous_actions(words: _Words) -> Found:
    """A scope ends in `u` where nothing beside it tells whether that is to update or to use."""
    for scope in words.catalogue.scopes:
        if words.verbs.is_ambiguous(scope.name):
            yield scope.name, "ends in u, which may be for update or for use"


def _odd_spellings(words: _Words) -> Found:
    """A name has capitals, or more or fewer separators, unlike nearly all others."""
    catalogue = words.catalogue
    scopes, roles = [s.name for s in catalogue.scopes], [r.name for r in catalogue.roles]
    for name in (*oddly_spelled(scopes), *oddly_spelled(roles)):
        yield name, "is spelled unlike most: in capitals, or in the number of its parts"


RULES: Mapping[str, Callable[[_Words], Found]] = {
    "unresolved-include": _unresolved_includes,
    "unknown-name": _unknown_names,
    "cycle": _cycles,
    "beyond-full-role": _beyond_full_roles,
    "missing-read": _missing_reads,
    "writing-reader": _writing_readers,
    "empty-role": _empty_roles,
    "orphan-scope": _orphan_scopes,
    "redefined-scope": _redefined_scopes,
    "shared-description": _shared_descriptions,
    "no-description": _undescribed,
    "look-alike": _look_alikes,
    "ambiguous-action": _ambiguous_actions,
    "odd-spelling": _odd_spellings,
}
