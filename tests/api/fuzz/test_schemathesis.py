"""Every operation, fed what fits the OpenAPI document and what does not, by callers of every kind.

Each operation has at least 200 examples. Whoever asks: no 5xx, every answer as the document says,
no stored secret in it, and nothing written where it is a refusal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

import pytest
import requests
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.core.control import SkipTest
from schemathesis.specs.openapi import checks

from scopewright.api.routes import ROUTES, Route
from tests.api.fuzz.judge import wrongs
from tests.api.fuzz.schemas import EASY_GOING, NEGATIVE, POSITIVE, Schemas
from tests.api.fuzz.wire import Wire
from tests.api.fuzz.world import World

# Letters are delivered meanwhile by another thread, which draws their Message-ID.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
MORE = {POSITIVE: (), NEGATIVE: (checks.negative_data_rejection,)}
NAMED_WITHIN = "/applications/{name}/scopes"  # a new name there begins with the application's
EXAMPLES = 208
# How many examples in a round each kind of caller has.
ROUND = {"admin": 5, "editor": 2, "viewer": 2, "end-user": 1, "device": 1, "nobody": 2}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass
class Run:
    """The examples of one operation."""

    route: Route
    world: World
    wire: Wire
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._callers = cycle(name for name, times in ROUND.items() for _ in range(times))
        self._chance = Random(named(self.route))

    def example(self, case: schemathesis.Case, mode: schemathesis.GenerationMode) -> None:
        """One example, by whoever's turn it is."""
        caller, world = next(self._callers), self.world
        self._aim(case, mode)
        credential, before = world.credentials[caller], self.wire.everything()
        try:
            answer = self.wire.send(case, credential)
        except (requests.RequestException, UnicodeError, ValueError):
            return  # no HTTP at all
        self.asked[caller] += 1
        self.answered[caller, answer.status_code] += 1
        wrong = wrongs(case, answer, before, self.wire.everything(), *MORE[mode])
        self.failures += [f"{caller} ({mode.value}): {text}" for text in wrong]
        if self.route.method == "DELETE" and answer.status_code == self.route.status:
            world.forget(self.route.path)

    def _aim(self, case: schemathesis.Case, mode: schemathesis.GenerationMode) -> None:
        """Let most examples name something that exists, or few would come past a 404."""
        chance = self._chance
        known = chance.choice(self.world.values(self.route.path))
        # At most one of them stays as it was made up, so that it alone is what is met with.
        strange = chance.choice(list(known)) if known and chance.random() < 0.3 else None
        for name, value in known.items():
            if name != strange:
                case.path_parameters[name] = value
        if mode is POSITIVE:
            if chance.random() < 0.8:
                case.query.pop("dry_run", None)
            within = known["name"] if self.route.path.endswith(NAMED_WITHIN) else ""
            case.body = self.world.sensible(case.body, chance, within=within)
            for name in self.world.IN_QUERIES & set(case.query):
                if chance.random() < 0.8:
                    case.query[name] = self.world.in_query(name)


def feed(
    run: Run, operation: schemathesis.APIOperation, mode: schemathesis.GenerationMode, number: int
) -> None:
    """This number of examples, or none: nothing that is sent to some operations could be wrong."""

    # The integer keeps Hypothesis going where a document allows few different requests.
    @settings(EASY_GOING, max_examples=number)
    @given(operation.as_strategy(generation_mode=mode), st.integers())
    def ask(case: schemathesis.Case, _number: int) -> None:
        run.example(case, mode)

    try:
        ask()
    except SkipTest:  # Schemathesis can negate nothing of the first
        assert mode is NEGATIVE
        assert not run.asked


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_answer_is_as_the_document_says_and_a_refusal_writes_nothing(
    route: Route, world: World, wire: Wire, schemas: Schemas
) -> None:
    run = Run(route, world, wire)
    for mode, number in ((NEGATIVE, EXAMPLES // 2), (POSITIVE, EXAMPLES)):
        operation = schemas[mode][route.path][route.method]
        feed(run, operation, mode, number - run.asked.total())
    summary = "\n\n".join(dict.fromkeys(run.failures))
    assert not run.failures, f"{len(run.failures)} failures\n{summary[:6000]}"
    assert run.asked.total() >= 200
    assert set(run.asked) == set(ROUND)
    well = [status for (caller, status) in run.answered if caller == "admin" and status < 300]
    assert well, run.answered
