"""What somebody says of an access tag, by names, in the words of Tiled's files; and its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Invalid
from scopewright.core.model import Principal, PrincipalKind
from scopewright.core.names import check_description
from scopewright.core.tag_definitions import TagDefinition, TagGrant, checked_word

GROUP = PrincipalKind.GROUP


@dataclass(frozen=True, slots=True)
class SaidGrant:
    """What a tag gives to somebody: a role, or some scopes."""

    name: str
    role: str | None = None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SaidTag:
    """What is said of a tag; None: as it is. People by user name, services by id."""

    description: str | None = None
    users: tuple[SaidGrant, ...] | None = None
    groups: tuple[SaidGrant, ...] | None = None
    auto_tags: tuple[str, ...] | None = None
    owning_users: tuple[str, ...] | None = None
    owning_groups: tuple[str, ...] | None = None

    @property
    def users_named(self) -> frozenset[str]:
        """The users that it speaks of."""
        return frozenset((*(one.name for one in self.users or ()), *(self.owning_users or ())))

    @property
    def groups_named(self) -> frozenset[str]:
        """The groups that it speaks of."""
        return frozenset((*(one.name for one in self.groups or ()), *(self.owning_groups or ())))


@dataclass(frozen=True, slots=True)
class Known:
    """Whom the names in it mean; `present` are those whom the tag speaks of already, by id."""

    users: Mapping[str, Principal]
    groups: Mapping[str, Principal]
    present: Mapping[str, Principal]

    def is_group(self, id: str) -> bool:
        """Whether one of those present is a group."""
        return id in self.present and self.present[id].kind is GROUP


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag, and what those are called whom it speaks of, by id: a name that means them alone."""

    tag: TagDefinition
    people: Mapping[str, Principal]
    names: Mapping[str, str]


def put_into(
    present: TagDefinition, said: SaidTag, words: Vocabulary, known: Known
) -> TagDefinition:
    """The tag as it is to be: each list that is said replaces the one of its kind.

    Raises:
        Invalid: somebody, a role or a scope does not exist; or a grant gives nothing, or says both
            a role and scopes.
    """
    grants: set[TagGrant] = set()
    owners: set[str] = set()
    for kind, given, owning in (
        ("users", said.users, said.owning_users),
        ("groups", said.groups, said.owning_groups),
    ):
        groups = kind == "groups"
        called = known.groups if groups else known.users
        if given is None:
            grants |= {g for g in present.grants if known.is_group(g.principal_id) is groups}
        else:
            grants |= set(_grants(words, given, called, field=kind))
        if owning is None:
            owners |= {one for one in present.owners if known.is_group(one) is groups}
        else:
            owners |= {_whom(called, name, f"owners.{kind}").id for name in owning}
    nested = present.nested if said.auto_tags is None else frozenset(said.auto_tags)
    text = present.description
    if said.description is not None:
        text = check_description(said.description)
    return replace(
        present,
        description=text,
        grants=frozenset(grants),
        nested=nested,
        owners=frozenset(owners),
    )


def _grants(
    words: Vocabulary, said: Iterable[SaidGrant], called: Mapping[str, Principal], *, field: str
) -> Iterator[TagGrant]:
    for one in said:
        principal = _whom(called, one.name, field)
        if (one.role is None) is (one.scopes is None):
            raise Invalid(f"{field} ({one.name}): name either a role or scopes.", field=field)
        if one.scopes is not None and not one.scopes:
            raise Invalid(f"{field} ({one.name}): it gives nothing.", field=field)
        is_role = one.role is not None
        for word in (one.scopes or ()) if one.role is None else (one.role,):
            checked = checked_word(words, word, is_role=is_role, field=field)
            yield TagGrant(principal.id, checked, is_role)


def _whom(called: Mapping[str, Principal], name: str, field: str) -> Principal:
    found = called.get(name)
    if found is None or (found.kind is GROUP) is not field.endswith("groups"):
        raise Invalid(f"{field}: there is nobody here called {name}.", field=field)
    return found
