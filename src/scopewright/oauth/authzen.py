"""Decisions by OpenID's AuthZEN Authorization API 1.0: evaluation, evaluations, search for actions.

An action is a scope. A resource says which access tags it carries in `properties.tags`; one of the
type `workspace`, by the workspace's id, asks about scopes alone. What narrows the subject's
credential, `scopes` and `only_tags`, stands in its properties, in the context, or in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.core.decisions import Decision, Evaluation, Semantic, Subject, SubjectKind, Tags
from scopewright.core.errors import Invalid
from scopewright.oauth.asked import (
    MOST_NAMES,
    Said,
    names,
    only_tags,
    requested,
    table,
    text,
)
from scopewright.services.decisions import Decisions

MOST_EVALUATIONS = 500
PATHS = {
    "access_evaluation_endpoint": "access/v1/evaluation",
    "access_evaluations_endpoint": "access/v1/evaluations",
    "search_action_endpoint": "access/v1/search/action",
}
_DEFAULTS = ("subject", "action", "resource", "context")
Told = Mapping[str, Any]


class AuthzenQuestions:
    """Answers each of the three; `said` is the whole body. What is not known in it is ignored."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def evaluation(self, caller: Caller, view: View, said: Said) -> Told:
        """One decision (§6)."""
        asked = [_evaluation(said, view)]
        (decided,) = await self._decisions.evaluate(caller, view, asked, Semantic.ALL)
        return _told(decided)

    async def evaluations(self, caller: Caller, view: View, said: Said) -> Told:
        """Several decisions, in order (§7); one where several are not asked for."""
        several = said.get("evaluations", [])
        if not isinstance(several, list) or len(several) > MOST_EVALUATIONS:
            detail = f"evaluations are a list of at most {MOST_EVALUATIONS}."
            raise Invalid(detail, field="evaluations")
        if not several:
            return await self.evaluation(caller, view, said)
        defaults = {name: said[name] for name in _DEFAULTS if name in said}
        asked = [
            _evaluation({**defaults, **table(one, f"evaluations.{number}")}, view)
            for number, one in enumerate(several)
        ]
        _check_bounds(asked)
        decided = await self._decisions.evaluate(caller, view, asked, _semantic(said))
        return {"evaluations": [_told(one) for one in decided]}

    async def actions(self, caller: Caller, view: View, said: Said) -> Told:
        """All that a subject may do with a resource (§8.6), on one page."""
        subject = _subject(said)
        found = await self._decisions.actions(caller, view, subject, _tags(said, view))
        return {"results": [{"name": scope} for scope in sorted(found)]}


def metadata(issuer: str) -> Mapping[str, str]:
    """What this decision point can do, and where (§9.1)."""
    endpoints = {name: f"{issuer}/{path}" for name, path in PATHS.items()}
    return {"policy_decision_point": issuer, **endpoints}


def _told(decided: Decision) -> Told:
    if decided.is_yes:
        return {"decision": True}
    return {"decision": False, "context": {"missing": sorted(decided.missing)}}


def _evaluation(said: Said, view: View) -> Evaluation:
    action = text(table(said.get("action"), "action").get("name"), "action.name")
    return Evaluation(_subject(said), action, _tags(said, view))


def _subject(said: Said) -> Subject:
    """Whom it is about. Whoever is of a kind that is not known here is nobody who is."""
    subject = table(said.get("subject"), "subject")
    kind, name = (text(subject.get(one), f"subject.{one}") for one in ("type", "id"))
    own = table(subject.get("properties", {}), "subject.properties")
    context = table(said.get("context", {}), "context")
    limits = requested(own, "subject.properties.").narrowed_to(requested(context, "context."))
    tags = _narrower(only_tags(own, "subject.properties."), only_tags(context, "context."))
    known = kind if kind in [*SubjectKind] else SubjectKind.UNKNOWN
    return Subject(SubjectKind(known), name, limits, tags)


def _narrower(one: Tags | None, other: Tags | None) -> Tags | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _tags(said: Said, view: View) -> Tags | None:
    """The tags of the resource; None for the workspace, which can have none."""
    resource = table(said.get("resource"), "resource")
    kind, id = (text(resource.get(one), f"resource.{one}") for one in ("type", "id"))
    if kind == "workspace" and id in (view.workspace.id, view.workspace.slug):
        return None
    properties = table(resource.get("properties", {}), "resource.properties")
    return names(properties.get("tags", []), "resource.properties.tags")


def _semantic(said: Said) -> Semantic:
    options = table(said.get("options", {}), "options")
    chosen = options.get("evaluations_semantic", Semantic.ALL)
    if chosen not in [*Semantic]:
        raise Invalid(
            f"options.evaluations_semantic is one of {', '.join(Semantic)}.",
            field="options.evaluations_semantic",
        )
    return Semantic(chosen)


def _check_bounds(asked: list[Evaluation]) -> None:
    """As many tags as one question may have, of all together."""
    tags = frozenset().union(*(one.tags or () for one in asked))
    if len(tags) > MOST_NAMES:
        raise Invalid(
            f"All evaluations together name at most {MOST_NAMES} tags.", field="evaluations"
        )
