"""The decision point: who asks, what is asked as JSON, and the answer; the questions stand beside.

Whoever asks shows its own credential, with the scope that opens `decisions:read`. The subject's
never travels: what it comes to is said (`scopes`, `only_tags`) and can only narrow.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from scopewright.access import Access
from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.oauth.asked import Said, table
from scopewright.oauth.authzen import PATHS, AuthzenQuestions, metadata
from scopewright.oauth.pdp import PdpQuestions
from scopewright.services.decisions import Decisions
from scopewright.web.cors import ANY_ORIGIN
from scopewright.web.credentials import presented_of, refused
from scopewright.web.http import CACHED, JSON_TYPE, Answer, Request, json_answer, parse_json

OPERATION = "decisions:read"  # of each of the questions
QUESTIONS = (*PATHS.values(), "pdp/scopes", "pdp/tags", "pdp/allow", "pdp/modify")
LONGEST_REQUEST_ID = 256
_REQUEST_ID = b"x-request-id"

Question = Callable[[Caller, View, Said], Awaitable[Mapping[str, Any]]]
Handler = Callable[[Request, View], Awaitable[Answer]]


class DecisionEndpoints:
    """`POST {issuer}/access/v1/…`, `POST {issuer}/pdp/…`, and the metadata."""

    def __init__(self, decisions: Decisions, access: Access, *, json_depth: int) -> None:
        self._access = access
        self._json_depth = json_depth
        authzen, pdp = AuthzenQuestions(decisions), PdpQuestions(decisions)
        answering = (
            authzen.evaluation, authzen.evaluations, authzen.actions,
            pdp.scopes, pdp.tags, pdp.allow, pdp.modify,
        )  # fmt: skip
        self._questions: Mapping[str, Question] = dict(zip(QUESTIONS, answering, strict=True))

    @property
    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """Every question by its method and path under the issuer."""
        return {
            ("POST", path): partial(self._answered, question)
            for path, question in self._questions.items()
        }

    async def metadata(self, _request: Request, view: View) -> Answer:
        """Where the decision point answers what (AuthZEN §9)."""
        document = metadata(self._access.issuer(view.workspace.id))
        return Answer(200, json.dumps(document).encode(), (JSON_TYPE, CACHED, ANY_ORIGIN))

    async def _answered(self, question: Question, request: Request, view: View) -> Answer:
        """The answer to one question, with the id that the request was given (§10.1.4).

        Raises:
            Unauthenticated: no good credential of this workspace.
            Forbidden: one that may not ask.
            Malformed, Invalid, TooLarge: the question cannot be read.
        """
        authorization = request.header(b"authorization")
        presented = presented_of(authorization, request.scope)
        caller = await self._access.bearer(view, presented) if presented else None
        if caller is None:
            raise refused(authorization, request.scope)
        caller.check(OPERATION)
        said = table(parse_json(await request.body(), depth=self._json_depth), "The body")
        return json_answer(await question(caller, view, said), headers=_same_id(request))


def _same_id(request: Request) -> dict[str, str]:
    given = request.header(_REQUEST_ID)
    if given is None or len(given) > LONGEST_REQUEST_ID or not given.isprintable():
        return {}
    return {_REQUEST_ID.decode(): given} if given.isascii() else {}
