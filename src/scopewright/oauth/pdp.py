"""The four questions of Tiled's external policies, in the style of the Open Policy Agent.

    POST {issuer}/pdp/scopes   {"input": {"subject": …, "tags": ["a"]}}   {"result": ["read:data"]}
    POST {issuer}/pdp/tags     {"input": {"subject": …}}                  {"result": ["a", "b"]}
    POST {issuer}/pdp/allow    {"input": {"subject": …, "tags": ["a"]}}   {"result": true}
    POST {issuer}/pdp/modify   {"input": {…, "tags": [], "before": []}}   {"result": false, …}

No content type is asked for: such policies send none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.core.decisions import Subject, SubjectKind, Tags
from scopewright.core.errors import Forbidden, Invalid
from scopewright.oauth.asked import (
    Said,
    names,
    only_tags,
    refuse_unknown,
    requested,
    table,
    text,
)
from scopewright.services.decisions import Decisions

COMMON = ("subject", "scopes", "only_tags")
Told = Mapping[str, Any]


class PdpQuestions:
    """Answers each of the four; `said` is the whole body."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def scopes(self, caller: Caller, view: View, said: Said) -> Told:
        """What the subject may do on a node with these tags; `tags` null: on one without any."""
        asked = _input(said, "tags")
        if "tags" not in asked:
            raise Invalid("tags are missing; null for what can have none.", field="tags")
        tags = None if asked["tags"] is None else names(asked["tags"], "tags")
        found = await self._decisions.scopes(caller, view, _subject(asked), tags)
        return {"result": sorted(found)}

    async def tags(self, caller: Caller, view: View, said: Said) -> Told:
        """All tags by which the subject sees nodes, and has what is `needed` on them."""
        asked = _input(said, "needed")
        needed = names(asked.get("needed", []), "needed")
        giving = await self._decisions.tags_giving(caller, view, _subject(asked), needed)
        return {
            "result": sorted(giving.tags),
            "all_of": sorted(map(sorted, giving.all_of)),
            "everything": giving.everything,
        }

    async def allow(self, caller: Caller, view: View, said: Said) -> Told:
        """Whether the subject may make a node with these tags, and which it has then."""
        asked = _input(said, "tags")
        subject, wanted = _subject(asked), names(asked.get("tags"), "tags")
        return await _told(self._decisions.tags_of_new(caller, view, subject, wanted))

    async def modify(self, caller: Caller, view: View, said: Said) -> Told:
        """Whether the subject may change the tags of a node from those before."""
        asked = _input(said, "tags", "before")
        subject, before = _subject(asked), names(asked.get("before"), "before")
        after = names(asked.get("tags"), "tags")
        return await _told(
            self._decisions.retagged(caller, view, subject, before=before, after=after)
        )


async def _told(deciding: Awaitable[Tags]) -> Told:
    """The tags that something has then, or why it may not."""
    try:
        return {"result": True, "tags": sorted(await deciding)}
    except (Forbidden, Invalid) as error:
        return {"result": False, "reason": error.detail}


def _input(said: Said, *more: str) -> Said:
    refuse_unknown(said, ("input",))
    asked = table(said.get("input"), "input")
    refuse_unknown(asked, (*COMMON, *more))
    return asked


def _subject(asked: Said) -> Subject:
    """Whom a question is about; null is nobody in particular."""
    if "subject" not in asked:
        raise Invalid("The subject is missing; null for a visitor.", field="subject")
    limits = requested(asked, ""), only_tags(asked, "")
    if asked["subject"] is None:
        return Subject(SubjectKind.ANONYMOUS, "", *limits)
    said = table(asked["subject"], "subject")
    refuse_unknown(said, ("type", "id"))
    if said.get("type") not in ("user", "service"):
        raise Invalid("subject.type is user or service.", field="subject.type")
    return Subject(SubjectKind(said["type"]), text(said.get("id"), "subject.id"), *limits)
