"""The guard in this process: tokens of a running Scopewright verified offline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial

from bench.figures import Contestant, Figure
from bench.limits import verifications
from bench.ours import Ours
from bench.stage import Stage
from bench.target import answer, token_request
from scopewright.guard import Guard

TOKENS = 500

Measure = Callable[[Callable[[], Guard], Sequence[str], int], Figure]


def first_sight(stage: Stage) -> Mapping[str, Contestant]:
    """Every token is new to the guard; beside what OpenSSL could verify."""
    return {**_contestant(stage, _verify_new), "openssl": verifications}


def seen_before(stage: Stage) -> Mapping[str, Contestant]:
    """Every token was verified by the guard before."""
    return _contestant(stage, _verify_again)


def _contestant(stage: Stage, measure: Measure) -> dict[str, Contestant]:
    """The guard of the first Scopewright on the stage; nobody without one."""
    if not stage.ours:
        return {}
    ours = stage.ours[0]
    request = token_request(ours.target)
    tokens = [answer(request)["access_token"] for _ in range(TOKENS)]
    return {"guard": partial(measure, partial(_guard, ours), tokens)}


def _guard(ours: Ours) -> Guard:
    return Guard(issuer=ours.target.issuer, audience=ours.workspace_id)


def _verify_new(new_guard: Callable[[], Guard], tokens: Sequence[str], seconds: int) -> Figure:
    """Passes over all tokens, each by a guard that has the keys but saw only the first token."""
    verified, spent = 0, 0.0
    while spent < seconds:
        with closing(new_guard()) as guard:
            guard.verify(tokens[0])
            spent += _pass(guard, tokens[1:])
        verified += len(tokens) - 1
    return Figure(verified / spent)


def _verify_again(new_guard: Callable[[], Guard], tokens: Sequence[str], seconds: int) -> Figure:
    """Passes over all tokens by one guard that saw them all."""
    verified, spent = 0, 0.0
    with closing(new_guard()) as guard:
        _pass(guard, tokens)
        while spent < seconds:
            spent += _pass(guard, tokens)
            verified += len(tokens)
    return Figure(verified / spent)


def _pass(guard: Guard, tokens: Sequence[str]) -> float:
    """Verify each token once; the seconds it took. A refused token raises."""
    verify = guard.verify
    begun = time.perf_counter()
    for token in tokens:
        verify(token)
    return time.perf_counter() - begun
