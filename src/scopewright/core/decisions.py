"""What somebody may do on a resource, by the access tags that it carries and a workspace keeps.

A question is about a principal and what narrows the credential that it presents elsewhere. Both
only ever narrow: what counts is `requested.within(held)`, by what is held now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from scopewright.core.access_policies import PUBLIC_SCOPES, SEEING, Asker
from scopewright.core.access_tags import ADMINISTERS, AccessTags, own_tag
from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Forbidden
from scopewright.core.identities import user_name
from scopewright.core.model import Principal, PrincipalKind
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes
from scopewright.core.tag_definitions import TagGrant, scopes_of

Tags = frozenset[str]


class SubjectKind(StrEnum):
    """Whom a question may be about. `UNKNOWN` is whoever could not be one of the others."""

    USER = "user"
    SERVICE = "service"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"

    def fits(self, principal: Principal) -> bool:
        """Whether a principal is of this kind; a group is nobody."""
        if self is SubjectKind.USER:
            return principal.kind in (PrincipalKind.MEMBER, PrincipalKind.END_USER)
        return self is SubjectKind.SERVICE and principal.kind is PrincipalKind.CLIENT


@dataclass(frozen=True, slots=True)
class Subject:
    """About whom a question is: a user name or a principal's id, and its credential's limits.

    `only_tags` restricts the credential to resources with one of these tags.
    """

    kind: SubjectKind
    name: str = ""
    requested: Requested = EVERYTHING
    only_tags: Tags | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """May this one do that there? `tags` None: the resource is the workspace, which has none."""

    subject: Subject
    action: str
    tags: Tags | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: yes, where nothing is missing."""

    missing: Scopes = NONE

    @property
    def is_yes(self) -> bool:
        return not self.missing


class Semantic(StrEnum):
    """When several evaluations end (AuthZEN Authorization API 1.0 §7.1.2.1)."""

    ALL = "execute_all"
    FIRST_DENY = "deny_on_first_deny"
    FIRST_PERMIT = "permit_on_first_permit"

    def cut(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        """The decisions up to the one that ends it."""
        for one in decisions:
            yield one
            if self is not Semantic.ALL and one.is_yes is (self is Semantic.FIRST_PERMIT):
                return


@dataclass(frozen=True, slots=True)
class TagsGiving:
    """The tags by which somebody sees resources and has some scopes on them.

    Each of `tags` gives all of these scopes; `all_of` is exact where they come by several tags: a
    resource with a tag out of each set. `everything`: they see all, whatever its tags; then `tags`
    are not all by which they do.
    """

    tags: Tags
    all_of: frozenset[Tags]
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What a decision stands on: who asks, and what the tags in question give them.

    `sees` is the scope without which a resource is not there, where this workspace knows it.
    """

    asker: Asker
    policy: AccessTags
    sees: Scopes

    @property
    def at_large(self) -> Scopes:
        """The scopes of the credential wherever no tags are asked about."""
        is_whole = self.asker.name is not None and self.asker.only_tags is None
        return self.asker.scopes if is_whole else NONE

    def allowed(self, tags: Tags | None) -> Scopes:
        """The scopes on a resource with these tags.

        Of what can have none (None) the credential's own; visitors, and credentials that are
        restricted to tags, see that it is there, and that is all.
        """
        if tags is None:
            return self.at_large | (self.asker.scopes & {SEEING})
        return self.policy.allowed(self.asker, "", tags)

    def decided(self, action: str, tags: Tags | None) -> Decision:
        """Whether an action may be done; on what carries tags, who does it must see it, too."""
        if tags is None:
            return Decision(frozenset({action}) - self.at_large)
        return Decision((self.sees | {action}) - self.allowed(tags))

    def retagged(self, *, before: Tags, after: Tags) -> Tags:
        """The tags that a resource has after these have been changed.

        Raises:
            Invalid, Forbidden: as `AccessTags.retagged`; or nobody knows who changes them.
        """
        if self.asker.name is None:
            raise Forbidden("Somebody unknown changes no tags.")
        return self.policy.retagged(self.asker, before=before, after=after)

    def actions(self, tags: Tags | None) -> Scopes:
        """Every action that `decided` lets be done."""
        allowed = self.at_large if tags is None else self.allowed(tags)
        return frozenset(action for action in allowed if self.decided(action, tags).is_yes)

    def tags_giving(self, scopes: Scopes) -> TagsGiving:
        """The tags by which these scopes are had.

        INVARIANT: a filter by any of `tags`, or by one out of each of `all_of`, shows nothing that
        `allowed` would hide.
        """
        seen = self.policy.visible(self.asker, scopes)
        if seen.is_everything:
            own = own_tag(self.asker)
            return TagsGiving(frozenset({own} if own else ()), frozenset(), everything=True)
        if seen.is_nothing or not seen.tags:
            return TagsGiving(frozenset(), frozenset({frozenset()}))
        return TagsGiving(frozenset.intersection(*seen.tags), seen.tags)


def asker_of(
    subject: Subject, principal: Principal | None, held: Scopes, words: Vocabulary
) -> Asker:
    """Who asks, with what the credential comes to now; whoever is not known has nothing.

    `principal` is whom the subject's name means, None where nobody can present it.
    """
    requested = words.wholes.meant_by(subject.requested)
    if subject.kind is SubjectKind.ANONYMOUS:
        return Asker(scopes=requested.within(PUBLIC_SCOPES), only_tags=subject.only_tags)
    if principal is None or not subject.kind.fits(principal):
        return Asker()
    return Asker(
        name=user_name(principal),
        is_service=subject.kind is SubjectKind.SERVICE,
        scopes=requested.within(held),
        only_tags=subject.only_tags,
    )


def ground(
    asker: Asker,
    words: Vocabulary,
    *,
    known: Iterable[str],
    public: Tags,
    given: Iterable[tuple[str, TagGrant]],
    owned: Tags = frozenset(),
) -> Ground:
    """What a decision stands on, from what was found about the tags that `asker` asks about.

    `given` are the grants to the asker and their groups, each by a tag that gives it, itself or by
    one nested in it.
    """
    name = asker.name or ""
    grants: dict[str, dict[str, Scopes]] = {tag: {name: NONE} for tag in known}
    for tag, grant in given:
        grants[tag][name] |= scopes_of(words, grant)
    policy = AccessTags(
        grants,
        owners={tag: frozenset({name}) for tag in owned},
        public=public,
        administers=ADMINISTERS if ADMINISTERS in words.guarded else "",
    )
    return Ground(asker, policy, frozenset({SEEING}) & words.by_name.keys())


def tags_by_subject(
    evaluations: Iterable[Evaluation],
) -> Mapping[Subject, Tags]:
    """Every tag that is asked about of each subject."""
    found: dict[Subject, Tags] = {}
    for one in evaluations:
        found[one.subject] = found.get(one.subject, frozenset()) | (one.tags or frozenset())
    return found
