"""What a workspace may say about its clients."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.errors import Invalid
from scopewright.core.model import WorkspacePolicy
from scopewright.core.policy import check_policy

KNOWN = frozenset({"a"})


def test_what_a_workspace_begins_with_is_as_it_may_be() -> None:
    assert check_policy(WorkspacePolicy(), known=frozenset()) == WorkspacePolicy()


@pytest.mark.parametrize("profile", ["default", "fapi2"])
@pytest.mark.parametrize("registration", ["closed", "token", "open"])
def test_every_word_is_taken(profile: str, registration: str) -> None:
    policy = WorkspacePolicy(profile, registration, True, {"urn:a": ["a"]})
    assert check_policy(policy, known=KNOWN) is policy


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"security_profile": "fapi1"}, "security_profile"),
        ({"client_registration": "Open"}, "client_registration"),
        ({"resources": {"a": []}}, "resources"),
        ({"resources": {"urn:a": ["b"]}}, "resources"),
    ],
)
def test_what_is_refused_is_named(said: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_policy(WorkspacePolicy(**said), known=KNOWN)
    assert refusal.value.facts["field"] == field
