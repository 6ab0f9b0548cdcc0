"""Nobody's guarded scopes grow by what the giver did not hold, on the real services over HTTP.

Each row of the delegation table that this release has is also sabotaged: with the check of its one
service taken out, hypothesis must find an escalation. The same on a model: `tests/core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from scopewright.core import delegation
from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes
from scopewright.store import holdings
from scopewright.store.database import Transaction
from tests.core.delegation_table import Gift
from tests.inprocess import Running, running
from tests.services.delegation_over_http import (
    GIVING,
    PEOPLE,
    ROWS,
    TAKING,
    TREASURES,
    Credential,
    Row,
    World,
    lacking,
)

REQUESTED = st.one_of(
    st.just(EVERYTHING),
    st.builds(Requested, st.frozensets(st.sampled_from((*GIVING, *TREASURES)), min_size=1)),
)


class Escalated(AssertionError):
    """Somebody reaches a scope that the actor did not hold."""


class Delegation(RuleBasedStateMachine):
    """Callers give, take, sign in and get narrower tokens. The services are on trial."""

    inside: ClassVar[Running]
    rows: ClassVar[tuple[Row, ...]] = ROWS
    exact: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.inside)

    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows))
        by = data.draw(st.sampled_from(self.world.credentials))
        to, what = data.draw(st.sampled_from(row.targets)), data.draw(st.sampled_from(row.what))
        missing = self._missing(row, by, Gift(by.principal, to, what)) if self.exact else None
        before, holding = self.world.reach(), self.world.may_give(by)
        answer = row.ask(self.world, by, to, what)
        if missing is not None:
            problem = answer.json() if answer.is_error else {}
            refused = frozenset(problem.get("missing", ()))
            assert refused == missing, (row.name, by.name, to, what, answer.text)
            assert (answer.status_code == 403) is bool(missing)
        self._nobody_gained_beyond(holding, before)

    @rule(path=st.sampled_from(TAKING))
    def take(self, path: str) -> None:
        before = self.world.reach()
        self.world.tenant.call("DELETE", path.format(**self.world.ids))
        self._nobody_gained_beyond(NONE, before)

    @rule(requested=REQUESTED)
    def get_a_token(self, requested: Requested) -> None:
        self.world.mint(requested)

    @rule(person=st.sampled_from(("admin", *PEOPLE)), requested=REQUESTED, lasting=st.booleans())
    def sign_in(self, person: str, requested: Requested, *, lasting: bool) -> None:
        """Somebody signs in at the portal: given by themselves, out of what they hold."""
        before = self.world.reach()
        self.world.sign_in(person, requested, lasting=lasting)
        self._nobody_gained_beyond(self.world.of_principal(person), before)

    def _missing(self, row: Row, by: Credential, gift: Gift) -> Scopes:
        """What the answer should name: the operation's scope, or what the table says."""
        if row.opener not in self.world.may_use(by):
            return frozenset({row.opener})
        return lacking(self.world, row, by, gift)

    def _nobody_gained_beyond(self, holding: Scopes, before: dict[str, Scopes]) -> None:
        guarded = self.world.words.guarded
        for who, reached in self.world.reach().items():
            gained = (reached - before.get(who, NONE)) & guarded
            if gained - holding:
                raise Escalated(f"{who} now reaches {sorted(gained - holding)}")


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("no-escalation")
    with running(f"sqlite:///{folder / 'scopewright.db'}", folder) as started:
        yield started


def run(inside: Running, *, rows: tuple[Row, ...], examples: int, seeking: bool) -> None:
    """Run the machine; `seeking` an escalation it needs no exactness and no shrinking."""
    members = {"inside": inside, "rows": rows, "exact": not seeking}
    run_state_machine_as_test(
        type("Delegation", (Delegation,), members),
        settings=settings(
            max_examples=examples,
            stateful_step_count=10,
            derandomize=True,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def escalates(inside: Running, *, rows: tuple[Row, ...]) -> bool:
    """Whether an escalation is found by giving in these ways."""
    try:
        run(inside, rows=rows, examples=300, seeking=True)
    except Escalated:
        return True
    return False


def test_no_sequence_of_calls_gives_a_guarded_scope_that_the_giver_did_not_hold(
    inside: Running,
) -> None:
    run(inside, rows=ROWS, examples=30, seeking=False)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_without_the_check_of_one_row_an_escalation_is_found(
    inside: Running, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = SimpleNamespace(
        refuse_giving=lambda _caller, _words, **_facts: None,
        refuse_escalation=lambda **_facts: None,
        escalation=delegation.escalation,
    )
    monkeypatch.setattr(row.service, "delegation", blind)
    checked = tuple(other for other in ROWS if other.service is not row.service)
    assert escalates(inside, rows=checked + (row,) * len(checked))


def test_if_a_narrow_credential_could_give_all_its_principal_holds_an_escalation_is_found(
    inside: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lenient(tx: Transaction, caller: Caller, words: Vocabulary) -> Scopes:
        return holdings.of(tx, caller.principal.id, words)

    monkeypatch.setattr(holdings, "of_giver", lenient)
    assert escalates(inside, rows=ROWS)


def test_if_an_old_token_could_give_what_its_principal_lost_an_escalation_is_found(
    inside: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lenient(_tx: Transaction, caller: Caller, _words: Vocabulary) -> Scopes:
        return caller.held

    monkeypatch.setattr(holdings, "of_giver", lenient)
    assert escalates(inside, rows=ROWS[:1])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_giver_who_holds_everything_is_never_refused(inside: Running, row: Row) -> None:
    world = World(inside)
    [admin] = [credential for credential in world.credentials if credential.name == "admin"]
    for to in row.targets:
        for what in row.what:
            assert row.ask(world, admin, to, what).is_success
