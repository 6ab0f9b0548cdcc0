"""Decisions: nothing but what is held, what the credential carries and what the tags give."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.access_policies import PUBLIC_SCOPES, SEEING, Asker
from scopewright.core.access_tags import PUBLIC
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.decisions import (
    Decision,
    Ground,
    Semantic,
    Subject,
    SubjectKind,
    asker_of,
    ground,
)
from scopewright.core.errors import Forbidden, Invalid
from scopewright.core.model import Identity, Principal, PrincipalKind
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes
from scopewright.core.tag_definitions import (
    TagDefinition,
    TagGrant,
    TagGraph,
    check_nested,
    given_by,
)
from scopewright.core.tag_nesting import DEEPEST, check_nesting, with_nested
from tests.core.nouns import NOW

SCOPES = (SEEING, "read:data", "write:metadata", "write:data")
WORDS = Vocabulary(
    scopes=(
        *(ScopeDefinition(name) for name in SCOPES),
        ScopeDefinition("admin:apikeys", opens=frozenset({"api-keys:read"})),
    ),
    roles=(
        RoleDefinition("reader", scopes=PUBLIC_SCOPES),
        RoleDefinition("editor", scopes=frozenset(SCOPES)),
    ),
)
SOME = st.frozensets(st.sampled_from((*SCOPES, "admin:apikeys")))
TAGS = ("physics", "secret", "open")
SOME_TAGS = st.frozensets(st.sampled_from((*TAGS, PUBLIC, "user:ann", "user:bob", "nowhere")))
SUBJECTS = st.builds(
    Subject,
    st.sampled_from((SubjectKind.USER, SubjectKind.USER, SubjectKind.ANONYMOUS)),
    st.just("ann"),
    st.builds(Requested, st.none() | SOME),
    st.none() | SOME_TAGS,
)
GIVEN = st.lists(
    st.tuples(
        st.sampled_from(TAGS),
        st.one_of(
            st.builds(TagGrant, st.just("ann"), st.sampled_from(SCOPES)),
            st.builds(TagGrant, st.just("ann"), st.sampled_from(("reader", "gone")), st.just(True)),
        ),
    )
)


def person(kind: PrincipalKind = PrincipalKind.END_USER) -> Principal:
    identity = None if kind is PrincipalKind.CLIENT else Identity("lab", "ann")
    return Principal("id-of-ann", "workspace", kind, "Ann", identity, NOW)


def standing(
    asker: Asker, given: Iterable[tuple[str, TagGrant]] = (), *, owned: Iterable[str] = ()
) -> Ground:
    public, own = frozenset({"open"}), frozenset(owned)
    return ground(asker, WORDS, known=TAGS, public=public, given=given, owned=own)


# --- what counts --------------------------------------------------------------------------------


@given(SUBJECTS, SOME, GIVEN, st.none() | SOME_TAGS)
def test_nobody_may_more_than_is_held_and_the_credential_carries(
    subject: Subject, held: Scopes, given: list[tuple[str, TagGrant]], tags: frozenset[str] | None
) -> None:
    asker = asker_of(subject, person(), held, WORDS)
    allowed = standing(asker, given).allowed(tags)
    if subject.kind is SubjectKind.ANONYMOUS:
        held = PUBLIC_SCOPES
    assert allowed <= held
    assert not subject.requested.beyond(held) & allowed
    assert allowed <= subject.requested.within(held)


@given(SUBJECTS, SOME, GIVEN, SOME_TAGS, SOME_TAGS, SOME)
def test_what_narrows_a_credential_never_widens_an_answer(
    subject: Subject,
    held: Scopes,
    given: list[tuple[str, TagGrant]],
    tags: frozenset[str],
    only: frozenset[str],
    scopes: Scopes,
) -> None:
    narrowed = Subject(
        subject.kind,
        subject.name,
        subject.requested.narrowed_to(Requested(scopes)),
        only if subject.only_tags is None else only & subject.only_tags,
    )
    less, more = (
        standing(asker_of(one, person(), held, WORDS), given) for one in (narrowed, subject)
    )
    assert less.allowed(tags) <= more.allowed(tags)
    assert less.allowed(None) <= more.allowed(None)
    assert less.at_large <= more.at_large
    assert less.actions(tags) <= more.actions(tags)


@given(SUBJECTS, SOME, GIVEN, SOME_TAGS, SOME)
def test_the_tags_that_are_told_show_what_is_allowed_node_by_node(
    subject: Subject,
    held: Scopes,
    given: list[tuple[str, TagGrant]],
    tags: frozenset[str],
    needed: Scopes,
) -> None:
    made = standing(asker_of(subject, person(), held, WORDS), given)
    giving = made.tags_giving(needed)
    allowed = needed | {SEEING} <= made.allowed(tags)
    exactly = giving.everything or all(tags & one for one in giving.all_of)
    assert exactly is allowed
    if tags & giving.tags and not giving.everything:
        assert allowed, "each of the tags gives all that is needed"


def test_scopes_and_tags_of_a_credential_bound_what_its_holder_has_by_tags_and_at_large() -> None:
    def made(requested: Requested = EVERYTHING, only: frozenset[str] | None = None) -> Ground:
        subject = Subject(SubjectKind.USER, "ann", requested, only)
        asker = asker_of(subject, person(), frozenset(SCOPES) - {"write:data"}, WORDS)
        return standing(asker, [("physics", TagGrant("ann", "editor", True))])

    physics, reading = frozenset({"physics"}), Requested(frozenset({"read:data", "write:data"}))
    assert made().allowed(physics) == made().at_large == frozenset(SCOPES) - {"write:data"}
    assert made(reading).allowed(physics) == made(reading).at_large == {"read:data"}
    for only in (frozenset({"secret"}), frozenset[str]()):
        assert made(only=only).allowed(physics) == made(only=only).at_large == NONE
    restricted = made(only=physics)
    assert restricted.allowed(physics | {"open"}) == made().allowed(physics)
    assert restricted.allowed(frozenset({"open"})) == restricted.at_large == NONE
    assert restricted.allowed(None) == {SEEING}
    assert restricted.tags_giving(NONE).tags == physics


@pytest.mark.parametrize("kind", [SubjectKind.UNKNOWN, SubjectKind.SERVICE, SubjectKind.USER])
def test_who_is_not_known_or_of_another_kind_has_nothing_not_even_what_is_public(
    kind: SubjectKind,
) -> None:
    for principal in (
        None,
        person() if kind is not SubjectKind.USER else person(PrincipalKind.CLIENT),
    ):
        asker = asker_of(Subject(kind, "ann"), principal, frozenset(SCOPES), WORDS)
        made = standing(asker, [("physics", TagGrant("ann", "read:data"))])
        for tags in (frozenset({PUBLIC}), frozenset({"physics"}), frozenset({"user:ann"}), None):
            assert made.allowed(tags) == NONE
            assert not made.decided(SEEING, tags).is_yes
        assert made.tags_giving(NONE).tags == frozenset()
        with pytest.raises(Forbidden):
            made.retagged(before=frozenset({PUBLIC}), after=frozenset({PUBLIC}))


def test_a_group_is_nobody() -> None:
    for kind in SubjectKind:
        assert not kind.fits(person(PrincipalKind.GROUP))


def test_a_visitor_reads_what_is_public_and_holds_nothing_at_large() -> None:
    made = standing(asker_of(Subject(SubjectKind.ANONYMOUS), None, NONE, WORDS))
    assert made.allowed(frozenset({"open"})) == PUBLIC_SCOPES
    assert made.allowed(None) == {SEEING}
    assert made.at_large == NONE
    assert not made.decided(SEEING, None).is_yes
    bounded = Subject(SubjectKind.ANONYMOUS, requested=Requested(frozenset({"write:data"})))
    assert standing(asker_of(bounded, None, NONE, WORDS)).allowed(frozenset({"open"})) == NONE


def test_what_cannot_be_seen_is_done_nothing_with_and_both_are_named() -> None:
    asker = asker_of(Subject(SubjectKind.USER, "ann"), person(), frozenset(SCOPES), WORDS)
    made = standing(asker, [("secret", TagGrant("ann", "write:data"))])
    blind = made.decided("write:data", frozenset({"secret"}))
    assert (blind.is_yes, blind.missing) == (False, {SEEING})
    assert made.decided("read:data", frozenset({"secret"})).missing == {SEEING, "read:data"}
    assert made.actions(frozenset({"secret"})) == NONE
    assert made.decided("write:data", None).is_yes


def test_where_no_scope_lets_anything_be_seen_none_is_asked_for() -> None:
    words = Vocabulary(scopes=(ScopeDefinition("valve:open"),))
    asker = asker_of(Subject(SubjectKind.USER, "ann"), person(), frozenset({"valve:open"}), words)
    made = ground(
        asker, words, known=["pumps"], public=frozenset(),
        given=[("pumps", TagGrant("ann", "valve:open"))],
    )  # fmt: skip
    assert made.decided("valve:open", frozenset({"pumps"})).is_yes
    assert not made.decided("valve:open", frozenset()).is_yes


def test_a_scope_administers_only_where_it_opens_something_here() -> None:
    own = Vocabulary(
        scopes=(*(ScopeDefinition(one) for one in SCOPES), ScopeDefinition("admin:apikeys"))
    )
    held = frozenset((*SCOPES, "admin:apikeys"))
    for words, is_administrator in ((WORDS, True), (own, False)):
        asker = asker_of(Subject(SubjectKind.USER, "ann"), person(), held, words)
        made = ground(asker, words, known=TAGS, public=frozenset(), given=())
        assert (made.allowed(frozenset({"secret"})) == held) is is_administrator
        assert made.tags_giving(NONE).everything is is_administrator


def test_several_decisions_end_where_they_are_told_to() -> None:
    yes, no = Decision(), Decision(frozenset({"read:data"}))
    asked = [yes, no, yes]
    assert list(Semantic.ALL.cut(asked)) == asked
    assert list(Semantic.FIRST_DENY.cut(asked)) == [yes, no]
    assert list(Semantic.FIRST_PERMIT.cut(asked)) == [yes]
    assert list(Semantic.FIRST_PERMIT.cut([no, no])) == [no, no]


def test_new_tags_and_changed_ones_are_decided_by_the_policy() -> None:
    asker = asker_of(Subject(SubjectKind.USER, "ann"), person(), frozenset(SCOPES), WORDS)
    editor = [
        ("physics", TagGrant("ann", "editor", True)),
        ("secret", TagGrant("ann", "reader", True)),
    ]
    made = standing(asker, editor, owned=["physics", "secret"])
    physics, both = frozenset({"physics"}), frozenset({"physics", "secret"})
    assert made.policy.tags_of_new(asker, physics) == physics
    assert made.retagged(before=physics, after=both) == both
    with pytest.raises(Forbidden, match="lose write:metadata"):
        made.retagged(before=both, after=frozenset({"secret"}))
    with pytest.raises(Invalid, match="There is no tag nowhere"):
        made.retagged(before=physics, after=physics | {"nowhere"})


# --- what a definition gives --------------------------------------------------------------------


def test_a_change_gives_what_it_adds_nested_tags_all_they_come_to_and_owners_the_whole() -> None:
    inner = TagDefinition("inner", grants=frozenset({TagGrant("bob", "write:data")}))
    before = TagDefinition("t", grants=frozenset({TagGrant("ann", "reader", True)}))
    graph = TagGraph({"inner": inner.grants}, {})

    def gives(**said: frozenset[str]) -> Scopes:
        after = TagDefinition("t", grants=before.grants, **said)  # type: ignore[arg-type]
        return given_by(WORDS, graph.with_tag(after), before=before, after=after)

    assert gives() == NONE
    assert gives(nested=frozenset({"inner"})) == {"write:data"}
    assert gives(nested=frozenset({PUBLIC})) == NONE
    assert gives(owners=frozenset({"eve"})) == PUBLIC_SCOPES
    both = gives(owners=frozenset({"eve"}), nested=frozenset({"inner"}))
    assert both == PUBLIC_SCOPES | {"write:data"}


def test_nesting_is_checked_above_a_tag_too() -> None:
    chain = {f"t{n}": frozenset({f"t{n - 1}"}) for n in range(1, DEEPEST + 1)}
    check_nesting(chain, chain, field="tags")
    tag = TagDefinition("t0", nested=frozenset({"below"}))
    graph = TagGraph({}, chain).with_tag(tag)
    with pytest.raises(Invalid, match="nested deeper than 5"):
        check_nested(graph, tag, known=["below"])


@given(
    st.dictionaries(
        st.sampled_from("abcdefg"), st.frozensets(st.sampled_from("abcdefg"), max_size=3)
    )
)
def test_nesting_is_let_pass_exactly_when_no_way_is_too_long(
    nested: dict[str, frozenset[str]],
) -> None:
    def longest(path: str) -> int:
        if len(path) - 1 > DEEPEST:
            return len(path) - 1
        return max((longest(path + one) for one in nested.get(path[-1], ())), default=len(path) - 1)

    fits = all(longest(tag) <= DEEPEST for tag in nested)  # a circle is a way without an end
    if fits:
        check_nesting(nested, nested, field="tags")
    else:
        with pytest.raises(Invalid):
            check_nesting(nested, nested, field="tags")
    for tag in nested:
        reached = with_nested(nested, tag)
        assert tag in reached
        assert all(nested.get(one, frozenset()) <= reached for one in reached)
