"""The tags of Tiled's nodes, as its releases before and after 0.2.19 say them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from scopewright.tiled.tagged import in_blob, tags_in, tags_on

A = frozenset({"A"})


@pytest.mark.parametrize("said", [["A"], {"A"}, frozenset("A"), {"tags": ["A"]}])
def test_tags_are_read_in_either_way(said: Any) -> None:
    assert tags_in(said) == A


@pytest.mark.parametrize("said", [None, [], {}, {"tags": []}, {"tags": None}])
def test_no_tags_are_none(said: Any) -> None:
    assert tags_in(said) == frozenset()


@pytest.mark.parametrize("said", ["A", {"tags": "A"}, [1], [["A"]]])
def test_what_is_no_list_of_names_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match="list of names"):
        tags_in(said)


def test_a_node_says_its_tags_or_that_it_can_have_none() -> None:
    assert tags_on(SimpleNamespace(access_tags=A)) == A
    assert tags_on(SimpleNamespace(access_blob={"tags": ["A"]})) == A
    assert tags_on(SimpleNamespace(access_tags=frozenset())) == frozenset()
    assert tags_on(SimpleNamespace()) is None


def test_of_old_a_node_could_be_its_maker_s_own_without_a_tag() -> None:
    assert tags_on(SimpleNamespace(access_blob={"user": "ann"})) == {"user:ann"}
    assert tags_in(in_blob(frozenset("BA"))) == frozenset("AB")
