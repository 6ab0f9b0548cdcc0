"""The path of a request, as a proxy and the application behind it must both read it; and patterns.

What two of them could read differently is refused, not repaired: a rule that is decided on one
reading protects nothing if the application acts on the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import unquote_to_bytes

from scopewright.core.errors import Invalid, Malformed

Path = tuple[str, ...]  # decoded segments: `/` is ("",), `/a/` is ("a", ""), `/a/b` is ("a", "b")

LONGEST_PATTERN = 1000
ANYTHING = "{}"  # in a pattern: one segment, whatever it is
_ORIGIN_FORM = re.compile(r"/[\x21\x22\x24-\x7e]*")  # RFC 9112 §3.2.1, without `#`
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# `;` begins parameters for some servers, and some take `\` for a slash.
_DISPUTED = re.compile(r"[\x00-\x1f\x7f/\\;]")
_DOTS = (".", "..")
_UNWRITTEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff%;\\?#*{}]")


def read_path(target: str) -> Path:
    """The path of a request target; its query is left to the application.

    Raises:
        Malformed: it is not in origin form, or could be read in more than one way.
    """
    if _ORIGIN_FORM.fullmatch(target) is None:
        raise Malformed("The address is not a path of this host.")
    *leading, last = target.partition("?")[0].split("/")[1:]
    if "" in leading:
        raise Malformed("The path has an empty segment.")
    return tuple(_decoded(segment) for segment in (*leading, last))


def _decoded(segment: str) -> str:
    if _BROKEN_ESCAPE.search(segment):
        raise Malformed("The path has a percent sign that escapes nothing.")
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The path is not UTF-8.") from None
    if text in _DOTS or _DISPUTED.search(text):
        raise Malformed("The path has a segment that not every program reads alike.")
    if _ESCAPE.search(text):
        raise Malformed("The path is encoded twice.")
    return text


class Reach(IntEnum):
    """How far a pattern goes; the nearer one is the more specific."""

    ITSELF = 0
    LEVEL = 1
    BELOW = 2


_REACHES = {"*": Reach.LEVEL, "**": Reach.BELOW}


@dataclass(frozen=True, slots=True)
class PathPattern:
    """Which paths are meant. A segment None is any one; `reach` says what follows them."""

    segments: tuple[str | None, ...]
    reach: Reach

    def matches(self, path: Path) -> bool:
        """Whether this path is meant.

        `/a/*` is one segment below `/a`, an empty one too; `/a/**` is `/a` and all below it.
        """
        beyond = len(path) - len(self.segments)
        if self.reach is Reach.BELOW:
            fits = beyond >= 0
        else:
            fits = beyond == (1 if self.reach is Reach.LEVEL else 0)
        return fits and all(
            found == wanted or (wanted is None and found != "")
            for wanted, found in zip(self.segments, path, strict=False)
        )

    @property
    def precedence(self) -> tuple[int, int, tuple[bool, ...]]:
        """Sorts the more specific of two patterns first, where a path matches both.

        Exact, then `/*`, then `/**`; then the longer one; then the one that says a segment sooner.
        """
        said = tuple(segment is None for segment in self.segments)
        return (self.reach, -len(self.segments), said)


def read_pattern(text: str) -> PathPattern:
    """A pattern as it is written: `/a/b`, `/a/{}/b`, `/a/*`, `/a/**`.

    Raises:
        Invalid: something that no path could match, or that reads like another notation.
    """
    if not text.startswith("/") or len(text) > LONGEST_PATTERN:
        raise Invalid(
            f"A path begins with / and has at most {LONGEST_PATTERN} characters.", field="path"
        )
    *leading, last = text[1:].split("/")
    segments = [_written(part) for part in leading]
    if last in _REACHES:
        return PathPattern(tuple(segments), _REACHES[last])
    segments.append("" if last == "" else _written(last))
    return PathPattern(tuple(segments), Reach.ITSELF)


def _written(part: str) -> str | None:
    if part == ANYTHING:
        return None
    if not part or part in _DOTS or _UNWRITTEN.search(part):
        raise Invalid(
            "A path is written decoded, without empty or dot segments and without any of"
            " % ; \\ ? # * { }. A whole segment may be {}, and the last one * or **.",
            field="path",
        )
    return part
