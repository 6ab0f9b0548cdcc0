"""MQTT's grammar, checked against a plain reading of the standard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Invalid
from scopewright.core.mqtt import check_broker_url, check_topic_filter

LEVELS = st.sampled_from(["", "a", "b c", "é", "+", "#", "a+", "#b", "++", "$SYS"])


def _is_allowed(levels: list[str]) -> bool:
    """MQTT 5 §4.7.1, level by level."""
    if levels == [""]:
        return False
    for at, level in enumerate(levels):
        if level == "#" and at < len(levels) - 1:
            return False
        if len(level) > 1 and ("+" in level or "#" in level):
            return False
    return True


@given(st.lists(LEVELS, min_size=1, max_size=5))
def test_wildcards_stand_alone_and_the_deep_one_last(levels: list[str]) -> None:
    text = "/".join(levels)
    if _is_allowed(levels):
        assert check_topic_filter(text) == text
    else:
        with pytest.raises(Invalid):
            check_topic_filter(text)


@pytest.mark.parametrize("text", ["a\x00", "a" * 65_536, "é" * 32_768])
def test_a_filter_has_at_most_65535_bytes_and_no_nul(text: str) -> None:
    assert check_topic_filter("é" * 32_767)
    with pytest.raises(Invalid):
        check_topic_filter(text)


@pytest.mark.parametrize(
    "url", ["mqtt://h", "mqtts://broker.example:8883", "mqtt://10.0.0.1:65535", "mqtt://[::1]:1"]
)
def test_a_broker_is_a_host_and_perhaps_a_port(url: str) -> None:
    assert check_broker_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["h", "ws://h", "mqtt:h", "mqtt://", "mqtt://:1", "mqtt://h:", "mqtt://h:0", "mqtt://h:65536",
     "mqtt://h:٣", "mqtt://u:p@h", "mqtt://h/", "mqtt://h?a", "mqtt://::1", "mqtt://h\n"],
)  # fmt: skip
def test_nothing_else_is(url: str) -> None:
    with pytest.raises(Invalid):
        check_broker_url(url)
