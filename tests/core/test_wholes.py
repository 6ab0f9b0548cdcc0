"""Scopes that are made of others: one closure, whichever name was given, asked for or stored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.groups import Membership
from scopewright.core.holdings import Given
from scopewright.core.model import Assignment, Grant
from scopewright.core.roles import Bundle, RoleGraph
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes
from scopewright.core.tokens import decide
from scopewright.core.why import Ledger
from tests.core.nouns import NOW

NAMES = tuple("abcdef")
SOME = st.frozensets(st.sampled_from(NAMES))
PARTS = st.frozensets(st.sampled_from((*NAMES, "unknown")), max_size=3)
ROLES, PEOPLE, GROUP = ("P", "Q"), ("ann", "bob"), "crew"
SOME_ROLES = st.frozensets(st.sampled_from(ROLES), max_size=2)


@st.composite
def vocabularies(draw: st.DrawFn) -> Vocabulary:
    """Scopes made of others and implying others, with circles and with holes."""
    made_of = {name: draw(PARTS) for name in NAMES}
    own = {name: frozenset({f"open:{name}"}) for name in NAMES if not made_of[name]}
    graph = RoleGraph({name: Bundle(own.get(name, NONE), made_of[name]) for name in NAMES})
    scopes = tuple(
        ScopeDefinition(
            name,
            made_of=made_of[name],
            implies=NONE if made_of[name] else draw(PARTS),
            opens=graph.expand([name]).scopes,
        )
        for name in NAMES
    )
    roles = tuple(RoleDefinition(r, scopes=draw(SOME), includes=draw(SOME_ROLES)) for r in ROLES)
    return Vocabulary((Catalogue("x", "X", scopes=scopes, roles=roles),))


def gifts() -> st.SearchStrategy[Given]:
    everybody = (*PEOPLE, GROUP)

    @st.composite
    def given_to(draw: st.DrawFn) -> Given:
        in_group = [
            Membership(GROUP, p, "admin", NOW) for p in draw(st.sets(st.sampled_from(PEOPLE)))
        ]
        return Given(
            in_group,
            {id: [Grant(id, s, "admin", NOW) for s in sorted(draw(SOME))] for id in everybody},
            {id: [Assignment(id, r, "admin", NOW) for r in draw(SOME_ROLES)] for id in everybody},
        )

    return given_to()


# --- what is held -------------------------------------------------------------------------------


@given(vocabularies(), SOME)
def test_who_holds_the_whole_holds_its_parts_and_who_holds_all_parts_holds_the_whole(
    words: Vocabulary, some: Scopes
) -> None:
    held = words.close(some)
    for name, scope in words.by_name.items():
        if scope.made_of:
            assert (name in held) is (scope.made_of <= held) or "unknown" in scope.made_of
        if name in held:
            assert scope.made_of & words.by_name.keys() <= held


@given(vocabularies(), SOME, SOME)
def test_it_is_still_a_closure(words: Vocabulary, some: Scopes, more: Scopes) -> None:
    held = words.close(some)
    assert some <= held <= words.by_name.keys()
    assert words.close(held) == held
    assert held <= words.close(some | more)


@given(vocabularies(), SOME)
def test_a_whole_that_its_parts_make_up_opens_nothing_that_they_do_not(
    words: Vocabulary, some: Scopes
) -> None:
    """So collecting parts one by one is no way to an operation that nobody gave."""
    by_parts = {
        operation
        for name in words.close(some)
        if not words.by_name[name].made_of
        for operation in words.by_name[name].opens
    }
    assert words.operations(words.close(some)) == by_parts


@given(vocabularies())
def test_the_roles_with_a_scope_are_those_that_come_to_it(words: Vocabulary) -> None:
    for scope in words.by_name:
        assert words.roles_with(scope) == {r for r in ROLES if scope in words.scopes_of([r])}


# --- what is asked for --------------------------------------------------------------------------


@given(vocabularies(), SOME)
def test_a_request_means_every_spelling_of_what_it_names(words: Vocabulary, named: Scopes) -> None:
    meant = words.wholes.meant_by(Requested(named, frozenset({"openid"})))
    assert meant.names is not None
    assert named <= meant.names
    assert words.wholes.meant_by(meant) == meant
    for name in meant.names & words.by_name.keys():
        assert words.by_name[name].made_of <= meant.names
    assert words.wholes.meant_by(EVERYTHING) == EVERYTHING


@given(vocabularies(), SOME, SOME)
def test_a_request_for_a_scope_that_is_held_gets_all_its_names_and_nothing_beside(
    words: Vocabulary, held: Scopes, named: Scopes
) -> None:
    held = words.close(held)
    given_to = decide("authorization_code", words.wholes.meant_by(Requested(named)), held)
    assert named & held <= given_to <= held & words.wholes.completed(named)


TILED = Vocabulary(
    (
        Catalogue(
            "t",
            "T",
            scopes=(
                ScopeDefinition("create", made_of=frozenset({"create:node"})),
                ScopeDefinition("create:node"),
                ScopeDefinition("keys", made_of=frozenset({"make:keys", "end:keys"})),
                ScopeDefinition("make:keys"),
                ScopeDefinition("end:keys"),
            ),
        ),
    )
)


def test_two_names_for_one_thing_are_held_and_asked_for_together() -> None:
    both = frozenset({"create", "create:node"})
    for name in both:
        assert TILED.close(frozenset({name})) == both
        assert TILED.wholes.completed(frozenset({name})) == both


def test_one_part_alone_is_not_the_whole_and_asking_for_the_whole_gives_the_part_that_is_held() -> (
    None
):
    half = frozenset({"make:keys"})
    assert TILED.close(half) == half
    meant = TILED.wholes.meant_by(Requested(frozenset({"keys"})))
    assert meant.within(half) == half
    assert meant.beyond(half) == {"keys", "end:keys"}


# --- why it is held -----------------------------------------------------------------------------


@given(vocabularies(), gifts())
def test_there_is_a_reason_exactly_for_what_is_held(words: Vocabulary, given_to: Given) -> None:
    told = Ledger(words, given_to, {GROUP: "The crew"})
    for principal in PEOPLE:
        assert told.reasons(principal).keys() == given_to.held(words, principal)
        for scope in words.by_name:
            is_held = scope in given_to.held(words, principal)
            assert (principal in told.reasons_for(scope)) is is_held
