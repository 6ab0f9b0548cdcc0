"""The guard in this process: tokens of a running Scopewright verified offline."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bench.figures import Contestant, Figure
from bench.guard_rounds import Pass, again, first
from bench.limits import verifications
from bench.ours import Ours
from bench.stage import Stage
from bench.target import answer, token_request

TOKENS = 500


def first_sight(stage: Stage) -> Mapping[str, Contestant]:
    """Every token is new to the guard; beside what OpenSSL could verify."""
    return {**_contestant(stage, first), "openssl": verifications}


def seen_before(stage: Stage) -> Mapping[str, Contestant]:
    """Every token was verified by the guard before."""
    return _contestant(stage, again)


def tokens_of(ours: Ours) -> list[str]:
    """Access tokens, each another."""
    request = token_request(ours.target)
    return [answer(request)["access_token"] for _ in range(TOKENS)]


def _contestant(stage: Stage, rounds: Pass) -> dict[str, Contestant]:
    """The guard of the first Scopewright on the stage; nobody without one."""
    if not stage.ours:
        return {}
    ours = stage.ours[0]
    measure = partial(rounds, ours.target.issuer, ours.workspace_id, tokens_of(ours))
    return {"guard": lambda seconds: Figure(measure(seconds))}
