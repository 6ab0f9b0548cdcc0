"""Which context is stamped on a datapoint."""

from __future__ import annotations

import pytest

from scopewright.core.ingest import stamp
from scopewright.core.model import PrincipalKind


@pytest.mark.parametrize("context", [{"tier": "gold"}, [], 0, "", False, None])
def test_an_end_users_context_is_stamped_as_it_is(context: object) -> None:
    assert stamp(PrincipalKind.END_USER, context) == context


@pytest.mark.parametrize("kind", [PrincipalKind.CLIENT, PrincipalKind.MEMBER, None])
def test_nobody_elses_context_is_stamped_even_under_the_reserved_key(
    kind: PrincipalKind | None,
) -> None:
    assert stamp(kind, {"tier": "gold"}) is None
