"""Why somebody holds a scope or does not, and who does."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from scopewright.commands.spelled import COMMAND
from scopewright.console.desk import Desk, Facts, Fault, Form
from scopewright.console.lists import listed
from scopewright.core.errors import ScopewrightError
from scopewright.core.member_roles import SHORT_NAMES
from scopewright.core.model import PrincipalKind
from scopewright.languages import spoken

AT = "/why"
MEMBER, END_USER, CLIENT = (
    one.value for one in (PrincipalKind.MEMBER, PrincipalKind.END_USER, PrincipalKind.CLIENT)
)
MOST_OFFERED = 5  # roles that would give it


@dataclass(frozen=True, slots=True)
class Remedy:
    """A role that would give the scope, with how many others it brings.

    `may_be_given`: the one who looks holds all that it opens here, and the other may have it.
    """

    role: str
    beside: int
    may_be_given: bool = True


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
            answer = await desk.read(AT, **asked)
        except ScopewrightError as error:
            fault = Fault.of(error).beside("principal")
    words = await desk.read("/vocabulary") if desk.may("scopes:read") else {"catalogues": []}
    return await desk.page(
        "why.html",
        form=form,
        fault=fault,
        told=told,
        answer=answer,
        remedies=remedies(desk, answer, words) if answer and not answer["held"] else [],
        whole=await _whole(desk, answer) if answer else None,
        may_grant=await _may_grant(desk, answer, words) if answer else False,
        scopes=[
            s["name"] for c in words["catalogues"] for r in c["resources"] for s in r["scopes"]
        ],
        command=_command(desk, "why", *asked.values()) if is_asked else None,
    )


def remedies(desk: Desk, answer: Facts, words: Facts) -> list[Remedy]:
    """The roles that would give it, those that bring the least beside first."""
    brings = {r["name"]: r["scopes"] for c in words["catalogues"] for r in c["roles"]}
    lacking, is_member = _lacking(desk, words), answer["principal"]["kind"] == MEMBER
    of_members = {desk.opener("workspace:read").partition(":")[0] + f":{n}" for n in SHORT_NAMES}

    def may_be_given(role: str) -> bool:
        return not lacking & set(brings.get(role, ())) and not (is_member and role in of_members)

    giving = [
        Remedy(name, len(brings.get(name, "-")) - 1, may_be_given(name))
        for name in answer["roles_that_give_it"]
    ]
    return sorted(giving, key=lambda one: (one.beside, one.role))[:MOST_OFFERED]


def _lacking(desk: Desk, words: Facts) -> set[str]:
    """What opens something here and the one who looks does not hold: they cannot give it."""
    named = (s for c in words["catalogues"] for r in c["resources"] for s in r["scopes"])
    return {s["name"] for s in named if s["internal"]} - desk.caller.held


async def _may_grant(desk: Desk, answer: Facts, words: Facts) -> bool:
    """Whether the scope can be granted by itself, by the one who looks."""
    who = answer["principal"]
    if not desk.may("grants:create") or answer["scope"] in _lacking(desk, words):
        return False
    if who["kind"] == CLIENT and desk.may("clients:read"):
        client = await desk.read(f"/clients/{who['id']}")
        return bool(client["type"] == "client_credentials")
    return who["kind"] in (END_USER, CLIENT)


async def _whole(desk: Desk, answer: Facts) -> Any:
    """All that is known of whom it is about: what is held counts only while they may act."""
    return await desk.read(f"/principals/{answer['principal']['id']}")


async def who_can(desk: Desk) -> Response:
    """Everybody who holds a scope, and why."""
    scope = desk.visit.query("scope") or ""
    return await desk.page(
        "who_can.html",
        scope=scope,
        holders=await listed(desk, "/who-can", "scope"),
        command=_command(desk, "who-can", scope),
    )


def _command(desk: Desk, verb: str, *words: str) -> str:
    return shlex.join([COMMAND, verb, *words, "--workspace", desk.workspace.slug])
