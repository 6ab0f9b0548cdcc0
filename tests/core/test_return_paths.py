"""Where a browser may go on to when somebody has signed in: to a page of ours, and nowhere else."""

from __future__ import annotations

import pytest

from scopewright.core.return_paths import workspace_page


@pytest.mark.parametrize(
    "page", ["/workspaces/acme", "/workspaces/acme/end-users?q=ann%40x&sort=-email"]
)
def test_a_page_of_a_workspace_is_gone_on_to(page: str) -> None:
    assert workspace_page(page) == page


@pytest.mark.parametrize(
    "other",
    [
        "", "/", "/workspaces", "/workspaces/", "//evil.example/workspaces/a", "/me",
        "https://evil.example/workspaces/a", "/workspaces/a\\..\\b", "/workspaces/a\n",
        "/workspaces/ä",
        "/\\evil.example/workspaces/a", "/workspaces/" + "a" * 1001, "javascript:alert(1)",
    ],
)  # fmt: skip
def test_nothing_else_is(other: str) -> None:
    assert workspace_page(other) is None
