"""Why a scope is held: every path from whoever is asked about down to the scope.

A path goes over groups, roles (by whatever spelling they are included) and implications. It is
told backwards, as it is read aloud: "asm.r, from mdsp:core:assetmanagement.reporter, from
mdsp:mytenant:viewer.user, assigned to Ann".
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from scopewright.core.catalogue import Vocabulary
from scopewright.core.scopes import NONE, Scopes

MOST_PATHS = 10  # to one scope; of more than these the shortest are told


class Kind(Enum):
    """What stands at one place of a path."""

    HOLDER = "holder"  # a principal, a group among them
    ROLE = "role"
    SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a path: a principal by its id, a role or a scope by its name."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Holder:
    """What a principal has of its own: grants, roles, and the ids of the groups that it is in."""

    granted: Scopes = NONE
    assigned: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One way to a scope, as a chain: `place` is listed by the first place of `above`.

    Read from the scope on: what implies it, what lists that, and so on, up to where it begins.
    """

    place: Place
    above: Path | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[Place]:
        path: Path | None = self
        while path is not None:
            yield path.place
            path = path.above

    @property
    def names(self) -> tuple[str, ...]:
        """The scopes and roles that it comes from, without the scope itself.

        `("pl.de.w", "planner")` says of `pl.de.r` that the role `planner` lists a scope which
        implies it. Empty where the scope itself was granted.
        """
        return tuple(place.name for place in self if place.kind is not Kind.HOLDER)[1:]

    @property
    def holders(self) -> tuple[str, ...]:
        """Whom it was given to and whom it reaches through that: the outermost group first.

        The last is the principal that is asked about. Empty where the path begins with a role.
        """
        return tuple(place.name for place in self if place.kind is Kind.HOLDER)


@dataclass(frozen=True, slots=True)
class Paths:
    """The ways to one scope, the shortest first; `more` where others were left out."""

    shown: tuple[Path, ...]
    more: bool


def of_roles(vocabulary: Vocabulary, roles: Iterable[str]) -> dict[str, Paths]:
    """The paths that begin with these roles, by the scope to which they lead.

    `names` of each ends with one of the roles.
    """
    return _paths(vocabulary, [Place(Kind.ROLE, role) for role in roles], {})


def of_principal(
    vocabulary: Vocabulary, principal: str, holders: Mapping[str, Holder]
) -> dict[str, Paths]:
    """The paths that begin with a principal, by the scope to which they lead.

    `holders` has the principal by its id, and all groups that it is in, directly or through others.
    What was given is the last of a path's `names`, or else the scope itself; it was given to the
    first of its `holders`.
    """
    return _paths(vocabulary, [Place(Kind.HOLDER, principal)], holders)


def of_scope(vocabulary: Vocabulary, scope: str, holders: Mapping[str, Holder]) -> dict[str, Paths]:
    """The paths that lead to a scope, by the principal with which they begin.

    Those of `of_principal`, walked from their other end and so for everybody at one go. `holders`
    has whoever is asked about, and all groups that they are in, directly or through others.
    """
    above = _above(vocabulary, holders)
    reached = _walk([Place(Kind.SCOPE, scope)], lambda place: above.get(place, ()))
    found = {}
    for place, paths in reached.items():
        if place.kind is Kind.HOLDER:
            held = _held(vocabulary, [place], holders)
            good = [_turned(path) for path in paths if _is_held(path, held)]
            if good:
                found[place.name] = _shown(good)
    return found


def _paths(
    vocabulary: Vocabulary, roots: Iterable[Place], holders: Mapping[str, Holder]
) -> dict[str, Paths]:
    """The paths from some places to each scope. It has one exactly when it is held."""
    roots = list(roots)
    held = _held(vocabulary, roots, holders)
    reached = _walk(roots, lambda place: _listed(vocabulary, place, holders, held))
    scopes = {place.name: place for place in reached if place.kind is Kind.SCOPE}
    return {name: _shown(reached[place]) for name, place in sorted(scopes.items())}


def _walk(
    roots: Iterable[Place], following: Callable[[Place], Iterable[Place]]
) -> dict[Place, list[Path]]:
    """The paths to each place in the order of their length, one more of each than are shown.

    Where roles include one another in a circle, some of the longer ones may be left out.
    """
    found: dict[Place, list[Path]] = {}
    seen: Counter[Place] = Counter()
    waiting = deque(Path(root) for root in roots)
    while waiting:
        path = waiting.popleft()
        seen[path.place] += 1
        if seen[path.place] > MOST_PATHS + 1 or (seen[path.place] > 1 and _is_circular(path)):
            continue  # who is reached first is reached by the shortest path, which is no circle
        found.setdefault(path.place, []).append(path)
        for place in following(path.place):
            waiting.append(Path(place, path))
    return found


def _shown(paths: Sequence[Path]) -> Paths:
    return Paths(tuple(paths[:MOST_PATHS]), more=len(paths) > MOST_PATHS)


def _turned(path: Path) -> Path:
    """The same path, read from its other end."""
    root, *others = path
    turned = Path(root)
    for place in others:
        turned = Path(place, turned)
    return turned


def _is_circular(path: Path) -> bool:
    return any(place == path.place for place in path.above or ())


def _held(
    vocabulary: Vocabulary, roots: Iterable[Place], holders: Mapping[str, Holder]
) -> Scopes | None:
    """All that is held from there on; None where no scope is made of others, and so none is asked.

    A path goes over one part of a whole: it leads on only where the others are held as well.
    """
    if not vocabulary.wholes.parts:
        return None
    reached = _walk(roots, lambda place: _listed(vocabulary, place, holders, NONE))
    return vocabulary.close(frozenset(p.name for p in reached if p.kind is Kind.SCOPE))


def _is_held(path: Path, held: Scopes | None) -> bool:
    """Whether each scope that it goes over is held."""
    return held is None or all(p.name in held for p in path if p.kind is Kind.SCOPE)


def _listed(
    vocabulary: Vocabulary,
    place: Place,
    holders: Mapping[str, Holder],
    held: Scopes | None = None,
) -> Iterator[Place]:
    """What stands in something itself, in a fixed order, but for scopes that do not exist.

    For a part that is each whole, as far as it is `held`.
    """
    groups, roles, scopes = frozenset[str](), frozenset[str](), NONE
    match place.kind:
        case Kind.HOLDER:
            holder = holders.get(place.name, Holder())
            groups, roles, scopes = holder.groups, holder.assigned, holder.granted
        case Kind.ROLE:
            bundle = vocabulary.graph.bundle(place.name)
            roles, scopes = bundle.includes, bundle.scopes
        case Kind.SCOPE:
            scopes = vocabulary.by_name[place.name].implies | _same(vocabulary, place.name, held)
    yield from (Place(Kind.SCOPE, name) for name in sorted(scopes & vocabulary.by_name.keys()))
    yield from (Place(Kind.ROLE, name) for name in sorted(roles))
    yield from (Place(Kind.HOLDER, id) for id in sorted(groups))


def _above(vocabulary: Vocabulary, holders: Mapping[str, Holder]) -> dict[Place, list[Place]]:
    """By each place, in what it stands itself."""
    places = (
        *(Place(Kind.SCOPE, name) for name in vocabulary.by_name),
        *(Place(Kind.ROLE, name) for name in vocabulary.graph.names),
        *(Place(Kind.HOLDER, id) for id in holders),
    )
    above: dict[Place, list[Place]] = {}
    for place in places:
        for below in _listed(vocabulary, place, holders):
            above.setdefault(below, []).append(place)
    return above


def _same(vocabulary: Vocabulary, scope: str, held: Scopes | None) -> Scopes:
    """The parts of a whole, and the wholes of a part that are held; without `held` all wholes."""
    wholes = vocabulary.wholes
    of_part = wholes.of_part.get(scope, NONE)
    return wholes.parts.get(scope, NONE) | (of_part if held is None else of_part & held)
