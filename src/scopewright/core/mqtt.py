"""MQTT's own grammar: which broker addresses and topic filters can be kept."""

from __future__ import annotations

import re

from scopewright.core.errors import Invalid

LONGEST_TOPIC = 65_535  # bytes of UTF-8 (MQTT 5 §1.5.4)
LONGEST_URL = 1000

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})?|\[[0-9A-Fa-f:.]+\]")
_PORT = re.compile(r"[0-9]{1,5}")


def check_topic_filter(text: str) -> str:
    """A topic filter (MQTT 5 §4.7): levels between `/`; `+` is one whole level, `#` the last.

    Raises:
        Invalid: outside the grammar.
    """
    if not text or "\x00" in text or len(text.encode(errors="replace")) > LONGEST_TOPIC:
        raise Invalid("A topic filter has 1 to 65535 bytes, without NUL.", field="topic_filter")
    levels = text.split("/")
    if any("+" in level and level != "+" for level in levels):
        raise Invalid("`+` stands alone on its level.", field="topic_filter")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        raise Invalid("`#` stands alone on the last level.", field="topic_filter")
    return text


def check_broker_url(text: str) -> str:
    """`mqtt://host`, `mqtts://host:port`: an address and nothing else.

    Raises:
        Invalid: another scheme, credentials, a path, or no host.
    """
    scheme, _, rest = text.partition("://")
    if scheme not in ("mqtt", "mqtts") or len(text) > LONGEST_URL:
        raise Invalid("A broker's address begins with mqtt:// or mqtts://.", field="broker_url")
    if "@" in rest:
        raise Invalid("Credentials do not belong into a broker's address.", field="broker_url")
    if not _is_host_and_port(rest):
        raise Invalid("A broker's address is mqtt://host or mqtt://host:port.", field="broker_url")
    return text


def _is_host_and_port(text: str) -> bool:
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host = text
    elif _PORT.fullmatch(port) is None or not 0 < int(port) <= 65_535:
        return False
    return _HOST.fullmatch(host) is not None
