"""What an API key carries now: never more than any key by which it was made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.key_chain import carried, inherits
from scopewright.core.model import ApiKey, KeyPolicy
from scopewright.core.scopes import EVERYTHING, Requested, Scopes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SCOPES = st.frozensets(st.sampled_from("abcd"))
KEYS = st.builds(
    ApiKey,
    id=st.just("key"),
    principal_id=st.just("ada"),
    workspace_id=st.just("here"),
    secret_hash=st.just("hash"),
    requested=st.just(EVERYTHING) | SCOPES.map(Requested),
    note=st.just(""),
    created_by=st.just("ada"),
    created_at=st.just(NOW),
    expires_at=st.sampled_from((None, None, NOW + SECOND, NOW)),
    revoked_at=st.sampled_from((None, None, None, NOW - SECOND)),
    tags=st.frozensets(st.sampled_from("xyz")).map(lambda tags: tuple(sorted(tags))),
)
CHAINS = st.lists(KEYS, min_size=1, max_size=4)
POLICIES = st.builds(KeyPolicy, scopes=st.none() | SCOPES.map(lambda s: tuple(sorted(s))))
ANYTHING = KeyPolicy()


@given(chain=CHAINS, held=SCOPES, policy=POLICIES)
def test_a_key_carries_what_every_key_of_its_chain_allows(
    chain: list[ApiKey], held: Scopes, policy: KeyPolicy
) -> None:
    gives = carried(chain, held=held, policy=policy, now=NOW)
    assert (gives is not None) == all(key.is_live(NOW) for key in chain)
    if gives is None:
        return
    limits = [key.requested.names for key in chain if key.requested.names is not None]
    if policy.scopes is not None:
        limits.append(frozenset(policy.scopes))
    assert gives.scopes == held.intersection(*limits)
    tags = [set(key.tags) for key in chain if key.tags]
    assert gives.tags == (set.intersection(*tags) if tags else None)


@given(chain=CHAINS, parent=KEYS, held=SCOPES, policy=POLICIES)
def test_a_child_is_never_more_than_its_parent(
    chain: list[ApiKey], parent: ApiKey, held: Scopes, policy: KeyPolicy
) -> None:
    above = carried([parent], held=held, policy=policy, now=NOW)
    child = carried([*chain, parent], held=held, policy=policy, now=NOW)
    if child is None:
        return
    assert above is not None
    assert child.scopes <= above.scopes
    assert above.tags is None or (child.tags is not None and child.tags <= above.tags)


@given(chain=CHAINS, held=SCOPES, policy=POLICIES)
def test_a_key_that_inherits_carries_all_that_is_held(
    chain: list[ApiKey], held: Scopes, policy: KeyPolicy
) -> None:
    if inherits(chain, policy=policy):
        live = [replace(key, expires_at=None, revoked_at=None) for key in chain]
        gives = carried(live, held=held, policy=policy, now=NOW)
        assert gives is not None
        assert (gives.scopes, gives.tags) == (held, None)


def test_two_restrictions_with_nothing_in_common_leave_nothing_rather_than_everything() -> None:
    key = ApiKey("key", "ada", "here", "hash", EVERYTHING, "", "ada", NOW)
    chain = [replace(key, tags=("x",)), replace(key, tags=("y",))]
    gives = carried(chain, held=frozenset("a"), policy=ANYTHING, now=NOW)
    assert gives is not None
    assert gives.tags == frozenset()
