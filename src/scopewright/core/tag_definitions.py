"""Access tags that a workspace keeps: what each gives to whom, and who may put it on a resource.

Principals stand in them by id, groups among them. What a tag gives says where somebody may use a
scope, never that they hold it: what counts is what their credential has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright.core.access_tags import PUBLIC, SERVICE, USER
from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Conflict, Invalid
from scopewright.core.names import check_name
from scopewright.core.scopes import NONE, Scopes
from scopewright.core.tag_nesting import check_nesting, with_nested


@dataclass(frozen=True, slots=True, order=True)
class TagGrant:
    """One thing that a tag gives to a principal, perhaps a group: a role or a scope."""

    principal_id: str
    word: str
    is_role: bool = False


@dataclass(frozen=True, slots=True)
class GivenTagGrant:
    """A grant as it stands in a tag, with who has given it, and when."""

    tag: str
    grant: TagGrant
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class TagDefinition:
    """A tag as it is said. `nested` are tags whose grants it gives too, `public` among them."""

    name: str
    description: str = ""
    grants: frozenset[TagGrant] = frozenset()
    nested: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()

    @property
    def mentioned(self) -> frozenset[str]:
        """The ids of all whom it speaks of."""
        return self.owners | {grant.principal_id for grant in self.grants}


@dataclass(frozen=True, slots=True)
class TagGraph:
    """What all tags of a workspace give by their grants, and what is nested in which."""

    grants: Mapping[str, frozenset[TagGrant]]
    nested: Mapping[str, frozenset[str]]

    def with_tag(self, tag: TagDefinition) -> TagGraph:
        """The same, with this tag as it is said."""
        return TagGraph(
            {**self.grants, tag.name: tag.grants}, {**self.nested, tag.name: tag.nested}
        )

    def comes_to(self, words: Vocabulary, tag: str) -> Scopes:
        """All that a tag gives to anybody, by itself and by what is nested in it."""
        return NONE.union(
            *(
                scopes_of(words, grant)
                for one in with_nested(self.nested, tag)
                for grant in self.grants.get(one, ())
            )
        )


def scopes_of(words: Vocabulary, grant: TagGrant) -> Scopes:
    """The scopes that a grant comes to, within the words that exist now."""
    return words.scopes_of([grant.word]) if grant.is_role else words.close(frozenset({grant.word}))


def check_tag_name(name: str) -> str:
    """A name that may be defined.

    Raises:
        Invalid: outside the grammar of names, or what it means is fixed.
    """
    folded = check_name(name).casefold()
    if folded == PUBLIC or folded.startswith((USER, SERVICE)):
        raise Invalid("What this tag means is fixed.", field="name")
    return name


def check_free(name: str, *, taken: Iterable[str]) -> None:
    """Let a tag be called so, unless another is, in whatever letter case.

    Raises:
        Conflict: a tag is called so.
    """
    for other in taken:
        if other.casefold() == name.casefold():
            raise Conflict(f"There is a tag {other} already.", conflict=other, field="name")


def checked_word(words: Vocabulary, word: str, *, is_role: bool, field: str) -> str:
    """A role, in its own spelling, or a scope that a tag may give.

    Raises:
        Invalid: there is none of this name.
    """
    if not is_role and word in words.by_name:
        return word
    role = words.role(word) if is_role else None
    if role is None:
        raise Invalid(f"There is no {'role' if is_role else 'scope'} {word}.", field=field)
    return role.name


def check_nested(graph: TagGraph, tag: TagDefinition, *, known: Iterable[str]) -> None:
    """Let a tag hold what is nested in it; `graph` has it already.

    Raises:
        Invalid: a tag that is nested does not exist; one would come back to itself, or be nested
            too deep, also above this one.
    """
    for unknown in sorted(tag.nested - {PUBLIC, *known}):
        raise Invalid(f"There is no tag {unknown}.", field="auto_tags")
    check_nesting(graph.nested, sorted({*graph.nested, tag.name}), field="auto_tags")


def given_by(
    words: Vocabulary, graph: TagGraph, *, before: TagDefinition, after: TagDefinition
) -> Scopes:
    """The scopes that a change of a tag gives to anybody; `graph` has the tag as it is to be.

    A new owner may put it on any resource that they can change, and so gives all that it gives.
    """
    given = NONE.union(
        *(scopes_of(words, grant) for grant in after.grants - before.grants),
        *(graph.comes_to(words, tag) for tag in after.nested - before.nested),
    )
    return given | graph.comes_to(words, after.name) if after.owners - before.owners else given


def refuse_nested_elsewhere(name: str, above: Iterable[str], *, force: bool) -> None:
    """Let a tag be deleted that stands in no other, or where that is insisted on.

    Raises:
        Conflict: with the tags that it is nested in, and how many they are.
    """
    tags = sorted(above)
    if tags and not force:
        raise Conflict(
            f"{name} is nested in {', '.join(tags[:20])}. Say force=true to delete it all the"
            " same; then they give less.",
            conflict=[f"access tag {tag}" for tag in tags[:20]],
            counts={"access tag": len(tags)},
        )
