"""Nobody's guarded scopes grow by what the giver did not hold: in any order of any operations.

The table of the ways of giving is `delegation_table`; each of its rows is also sabotaged, and
hypothesis must find out.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes
from tests.core import delegation_table as table
from tests.core.delegation_table import WAYS_OF_GIVING, Gift, Kind, WayOfGiving
from tests.core.delegation_world import (
    CLIENTS,
    GUARDED,
    OWN,
    POOLS,
    PRINCIPALS,
    Credential,
    World,
    populated,
)

GUARDED_SCOPES = frozenset(GUARDED)
KEY_SCOPES = st.one_of(
    st.just(EVERYTHING), st.builds(Requested, st.frozensets(st.sampled_from(GUARDED + OWN)))
)
Check = Callable[[WayOfGiving, World, Credential, Gift], Scopes]


class Escalated(AssertionError):
    """Somebody reaches a scope that the actor did not hold."""


def checked(way: WayOfGiving, world: World, credential: Credential, gift: Gift) -> Scopes:
    holding = world.credential_holds(credential)
    return way.lacking(world, gift, held=holding, guarded=world.vocabulary.guarded)


class Delegation(RuleBasedStateMachine):
    """Principals give, take, sign in and narrow their credentials. `check` is what is on trial."""

    check: Check = staticmethod(checked)
    ways: tuple[WayOfGiving, ...] = WAYS_OF_GIVING

    def __init__(self) -> None:
        super().__init__()
        self.world = populated()

    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        way = data.draw(st.sampled_from(self.ways))
        credential = data.draw(st.sampled_from(self.world.credentials))
        gift = self._gift(data, way, credential.principal)
        if self.check(way, self.world, credential, gift):
            return
        holding = self.world.credential_holds(credential)
        before = self.world.reach()
        self.world.give(way, gift, credential)
        self._nobody_gained_beyond(holding, before)

    @rule(principal=st.sampled_from(PRINCIPALS), requested=KEY_SCOPES)
    def get_a_token(self, principal: str, requested: Requested) -> None:
        bearing = requested.within(self.world.of_principal(principal))
        self.world.credentials.append(Credential(principal, minted_with=bearing))

    @rule(
        person=st.sampled_from(PRINCIPALS),
        client=st.sampled_from(CLIENTS),
        requested=KEY_SCOPES,
        lasting=st.booleans(),
    )
    def sign_in(self, person: str, client: str, requested: Requested, *, lasting: bool) -> None:
        """Somebody signs in at a client: given by themselves, out of what they hold."""
        before = self.world.reach()
        kept = self.world.consents if lasting else self.world.sessions
        kept.add((person, client, requested))
        self._nobody_gained_beyond(self.world.of_principal(person), before)

    @precondition(lambda self: any(self.world.takeable()))
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        relation, pair = data.draw(st.sampled_from(list(self.world.takeable())))
        before = self.world.reach()
        relation.discard(pair)
        self._nobody_gained_beyond(NONE, before)

    @rule(principal=st.sampled_from(PRINCIPALS))
    def disable(self, principal: str) -> None:
        before = self.world.reach()
        self.world.disable(principal)
        self._nobody_gained_beyond(NONE, before)

    @precondition(lambda self: self.world.roles)
    @rule(data=st.data())
    def delete_a_role(self, data: st.DataObject) -> None:
        before = self.world.reach()
        self.world.forget_role(data.draw(st.sampled_from(sorted(self.world.roles))))
        self._nobody_gained_beyond(NONE, before)

    @precondition(lambda self: self.world.invitations)
    @rule(data=st.data())
    def accept_an_invitation(self, data: st.DataObject) -> None:
        invitation = data.draw(st.sampled_from(sorted(self.world.invitations)))
        before = self.world.reach()
        self.world.invitations.discard(invitation)
        self.world.assignments.add(invitation)
        self._nobody_gained_beyond(NONE, before)

    def _gift(self, data: st.DataObject, way: WayOfGiving, giver: str) -> Gift:
        to = giver if way.to is Kind.GIVER else data.draw(st.sampled_from(POOLS[way.to]))
        if way.what is Kind.REQUESTED:
            return Gift(giver, to, requested=data.draw(KEY_SCOPES))
        return Gift(giver, to, data.draw(st.sampled_from(POOLS[way.what])))

    def _nobody_gained_beyond(self, holding: Scopes, before: dict[str, Scopes]) -> None:
        for who, reached in self.world.reach().items():
            # A new credential may not even bear plain scopes beyond its maker's.
            gained = (reached - before[who]) & GUARDED_SCOPES if who in before else reached
            if gained - holding:
                raise Escalated(f"{who} now reaches {sorted(gained - holding)}")


def run(check: Check, *, ways: tuple[WayOfGiving, ...], examples: int, seeking: bool) -> None:
    """Run the machine with this check; `seeking` a counterexample needs no shrinking."""
    machine = type("Delegation", (Delegation,), {"check": staticmethod(check), "ways": ways})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            derandomize=True,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=False,
            phases=[Phase.generate] if seeking else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def escalates(check: Check, *, often: WayOfGiving) -> bool:
    """Whether hypothesis finds an escalation; `often` is tried as often as all else together."""
    ways = WAYS_OF_GIVING + (often,) * len(WAYS_OF_GIVING)
    try:
        run(check, ways=ways, examples=1000, seeking=True)
    except Escalated:
        return True
    return False


def test_no_sequence_of_steps_gives_a_guarded_scope_that_the_giver_did_not_hold() -> None:
    run(checked, ways=WAYS_OF_GIVING, examples=120, seeking=False)


@pytest.mark.parametrize("row", WAYS_OF_GIVING, ids=lambda row: row.name)
def test_without_the_check_of_one_row_an_escalation_is_found(row: WayOfGiving) -> None:
    def unchecked(way: WayOfGiving, world: World, credential: Credential, gift: Gift) -> Scopes:
        return NONE if way is row else checked(way, world, credential, gift)

    assert escalates(unchecked, often=row)


def test_if_a_narrow_credential_could_give_all_its_principal_holds_an_escalation_is_found() -> None:
    def lenient(way: WayOfGiving, world: World, credential: Credential, gift: Gift) -> Scopes:
        holding = world.of_principal(credential.principal)
        return way.lacking(world, gift, held=holding, guarded=world.vocabulary.guarded)

    assert escalates(lenient, often=table.GRANT)


def test_if_an_old_token_could_give_what_its_principal_lost_an_escalation_is_found() -> None:
    def lenient(way: WayOfGiving, world: World, credential: Credential, gift: Gift) -> Scopes:
        holding = world.credential_holds(credential) | (credential.minted_with or NONE)
        return way.lacking(world, gift, held=holding, guarded=world.vocabulary.guarded)

    assert escalates(lenient, often=table.GRANT)


def test_if_a_key_were_checked_for_guarded_scopes_only_its_growth_is_found() -> None:
    def lenient(way: WayOfGiving, world: World, credential: Credential, gift: Gift) -> Scopes:
        lacking = checked(way, world, credential, gift)
        return lacking & GUARDED_SCOPES if way is table.API_KEY else lacking

    assert escalates(lenient, often=table.API_KEY)


@pytest.mark.parametrize("row", WAYS_OF_GIVING, ids=lambda row: row.name)
def test_a_giver_who_holds_everything_lacks_nothing(row: WayOfGiving) -> None:
    world = populated()
    everything = frozenset(world.scopes)
    gift = Gift("admin", to="admin", what=POOLS.get(row.what, ("",))[0], requested=EVERYTHING)
    assert row.lacking(world, gift, held=everything, guarded=GUARDED_SCOPES) == NONE
