"""Why somebody holds a scope or does not, and who does."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from scopewright.commands.spelled import COMMAND
from scopewright.console.desk import Desk, Fault, Form
from scopewright.console.languages import spoken
from scopewright.console.lists import listed
from scopewright.core.errors import ScopewrightError

AT = "/why"
MOST_OFFERED = 5  # roles that would give it


@dataclass(frozen=True, slots=True)
class Remedy:
    """A role that would give the scope, with how many others it brings."""

    role: str
    beside: int


async def ask(desk: Desk) -> Response:
    """The question, and its answer where the address has it."""
    asked = {name: desk.visit.query(name) or "" for name in ("principal", "scope")}
    return await _answer(desk, Form(list(asked.items())), None)


async def ask_of_credential(desk: Desk) -> Response:
    """The same of whoever a token or key is; it comes in a form, so that no address has it."""
    form = desk.form()
    told = await desk.told_of(form.text("credential"))
    if told is None:
        said = spoken().says("No token or key that is good in this workspace now.")
        return await _answer(desk, Form([("scope", form.text("scope"))]), Fault(said, "credential"))
    asked = [("principal", told["principal"]["id"]), ("scope", form.text("scope"))]
    return await _answer(desk, Form(asked), None, told)


async def _answer(desk: Desk, form: Form, fault: Fault | None, told: Any = None) -> Response:
    answer, asked = None, form.sent("principal", "scope")
    is_asked = len(asked) == 2 and fault is None
    if is_asked:
        try:
            answer = await desk.read("/why", **asked)
        except ScopewrightError as error:
            fault = _fault(error)
    words = await desk.read("/vocabulary") if desk.may("scopes:read") else {"catalogues": []}
    return await desk.page(
        "why.html",
        status=422 if fault else 200,
        form=form,
        fault=fault,
        told=told,
        answer=answer,
        remedies=remedies(answer, words) if answer and not answer["held"] else [],
        scopes=[
            s["name"] for c in words["catalogues"] for r in c["resources"] for s in r["scopes"]
        ],
        command=_command(desk, "why", *asked.values()) if is_asked else None,
    )


def _fault(error: ScopewrightError) -> Fault:
    """What is refused stands beside the scope where it says so, else beside the principal."""
    field = str(error.facts.get("field", "")) or "principal"
    return Fault(Fault.of(error).detail, field, error.facts)


def remedies(answer: Mapping[str, Any], words: Mapping[str, Any]) -> list[Remedy]:
    """The roles that would give it, those that bring the least beside first."""
    brings = {r["name"]: len(r["scopes"]) for c in words["catalogues"] for r in c["roles"]}
    giving = [Remedy(name, brings.get(name, 1) - 1) for name in answer["roles_that_give_it"]]
    return sorted(giving, key=lambda one: (one.beside, one.role))[:MOST_OFFERED]


async def who_can(desk: Desk) -> Response:
    """Everybody who holds a scope, and why."""
    scope = desk.visit.query("scope") or ""
    return await desk.page(
        "who_can.html",
        scope=scope,
        holders=await listed(desk, "/who-can", "/who-can", "scope"),
        command=_command(desk, "who-can", scope),
    )


def _command(desk: Desk, verb: str, *words: str) -> str:
    return shlex.join([COMMAND, verb, *words, "--workspace", desk.workspace.slug])
