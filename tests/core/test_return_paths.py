"""Where a browser may go on to when somebody has signed in: to a page of ours, and nowhere else."""

from __future__ import annotations

import pytest

from scopewright.core.return_paths import page_of_ours, way_back, workspace_page


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


@pytest.mark.parametrize("page", ["/workspaces/acme", "/me", "/me/0192?x=1", "/sign-in/again"])
def test_ones_own_pages_may_be_loaded_again_too(page: str) -> None:
    assert page_of_ours(page) == page


@pytest.mark.parametrize(
    "other",
    ["/sign-in", "/sign-out", "//me", "/me/../sign-out ", "/mean", "/sign-in/again?x", "/me/\n"],
)
def test_none_of_these_may_and_nobody_who_signs_in_is_led_there(other: str) -> None:
    assert page_of_ours(other) is None
    assert way_back(other) is None


def test_whoever_has_signed_in_goes_on_in_a_workspace_or_in_another_tab() -> None:
    for one in ("/workspaces/acme", "/sign-in/again"):
        assert way_back(one) == one
    assert way_back("/me") is None
