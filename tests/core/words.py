"""Words of a workspace for the tests of changing them: a catalogue, and own words in any state."""

from __future__ import annotations

from hypothesis import strategies as st

from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.proposals import Proposal

CORE = Catalogue(
    "core",
    "Core",
    prefix="core:",
    scopes=(ScopeDefinition("core:read", owner="core", opens=frozenset({"read"})),),
    roles=(
        RoleDefinition("core:reader", owner="core", scopes=frozenset({"core:read"})),
        RoleDefinition("core:full", owner="core", includes=frozenset({"core:gone"})),
    ),
    aliases={"core:read-er": "core:reader"},
)
OWN_ROLES, OWN_SCOPES = tuple("ABC"), tuple("xyz")
CATALOGUE_ROLES = ("core:full", "core:reader")
SOME_SCOPES = st.frozensets(st.sampled_from((*OWN_SCOPES, "core:read")), max_size=3)
SOME_ROLES = st.frozensets(st.sampled_from((*OWN_ROLES, *CATALOGUE_ROLES)), max_size=3)
INCLUDE = "core:gone"


def roles_of(name: str) -> st.SearchStrategy[RoleDefinition]:
    return st.builds(RoleDefinition, st.just(name), scopes=SOME_SCOPES, includes=SOME_ROLES)


def scopes_of(name: str) -> st.SearchStrategy[ScopeDefinition]:
    return st.builds(ScopeDefinition, st.just(name), implies=SOME_SCOPES)


def _most_of(names: tuple[str, ...]) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from(names), min_size=2)


@st.composite
def vocabularies(draw: st.DrawFn) -> Vocabulary:
    """Own words in any state, with circles and with holes."""
    roles = [draw(roles_of(name)) for name in sorted(draw(_most_of(OWN_ROLES)))]
    scopes = [draw(scopes_of(name)) for name in sorted(draw(_most_of(OWN_SCOPES)))]
    mapped = draw(st.none() | st.sampled_from(OWN_ROLES))
    mappings = {} if mapped is None else {INCLUDE: mapped}
    return Vocabulary((CORE,), tuple(scopes), tuple(roles), mappings=mappings)


@st.composite
def proposals(draw: st.DrawFn) -> Proposal:
    """A change of up to all own words."""
    roles = {
        name: draw(st.none() | roles_of(name))
        for name in sorted(draw(st.sets(st.sampled_from(OWN_ROLES), min_size=1, max_size=2)))
    }
    scopes = {
        name: draw(st.none() | scopes_of(name))
        for name in sorted(draw(st.sets(st.sampled_from(OWN_SCOPES), max_size=2)))
    }
    mapped = draw(st.sets(st.just(INCLUDE)))
    mappings = {name: draw(st.none() | st.sampled_from(OWN_ROLES)) for name in mapped}
    return draw(
        st.sampled_from(
            (
                Proposal(roles, scopes, mappings),
                Proposal(roles=roles),
                Proposal(scopes=scopes),
                Proposal(mappings=mappings),
            )
        )
    )


WORDS = Vocabulary(
    (CORE,),
    scopes=(
        ScopeDefinition("one"),
        ScopeDefinition("two", implies=frozenset({"one"})),
        ScopeDefinition("odd", implies=frozenset({"gone"})),
    ),
    roles=(
        RoleDefinition("inner"),
        RoleDefinition("middle", includes=frozenset({"inner"})),
        RoleDefinition("outer", includes=frozenset({"middle"})),
        RoleDefinition("old", scopes=frozenset({"gone"}), includes=frozenset({"gone"})),
    ),
)
