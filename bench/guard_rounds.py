"""Rounds of a guard over tokens, in this process or as a program of its own.

As a program, ``python guard_rounds.py first|again SECONDS`` reads issuer, audience and tokens as
JSON and prints tokens a second. It needs nothing but the guard, so that any commit's can be asked.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from scopewright.guard import Guard

Pass = Callable[[str, str, Sequence[str], int], float]


def first(issuer: str, audience: str, tokens: Sequence[str], seconds: int) -> float:
    """Tokens a second, each by a guard that has the keys but saw only the first token."""
    verified, spent = 0, 0.0
    while spent < seconds:
        with closing(Guard(issuer=issuer, audience=audience)) as guard:
            guard.verify(tokens[0])
            spent += _pass(guard, tokens[1:])
        verified += len(tokens) - 1
    return verified / spent


def again(issuer: str, audience: str, tokens: Sequence[str], seconds: int) -> float:
    """Tokens a second by one guard that saw them all."""
    verified, spent = 0, 0.0
    with closing(Guard(issuer=issuer, audience=audience)) as guard:
        _pass(guard, tokens)
        while spent < seconds:
            spent += _pass(guard, tokens)
            verified += len(tokens)
    return verified / spent


def _pass(guard: Guard, tokens: Sequence[str]) -> float:
    """Verify each token once; the seconds it took. A refused token raises."""
    verify = guard.verify
    begun = time.perf_counter()
    for token in tokens:
        verify(token)
    return time.perf_counter() - begun


if __name__ == "__main__":
    rounds = {"first": first, "again": again}[sys.argv[1]]
    given = json.load(sys.stdin)
    print(rounds(given["issuer"], given["audience"], given["tokens"], int(sys.argv[2])))
