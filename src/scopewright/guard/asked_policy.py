"""An access policy that asks the issuer's decision point, by the access tags that it keeps.

    policy = AskedPolicy(issuer, credential=os.environ["SCOPEWRIGHT_GUARD_KEY"])
    check_access(policy, asker_of(claims), "A", "read:data", tags=frozenset({"beamline"}))

An answer is believed for a few seconds. Where there is none, nobody may do anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from scopewright.clock import Clock, system_clock
from scopewright.core import visibility
from scopewright.core.access_policies import SEEING, Asker
from scopewright.core.errors import Forbidden, Invalid
from scopewright.core.scopes import NONE, Scopes
from scopewright.core.visibility import Filter
from scopewright.guard.access_settings import refuse_unknown
from scopewright.guard.fetch import Fetcher, checked_issuer
from scopewright.guard.memory import Memory, fingerprint
from scopewright.guard.refusals import LOG, Unavailable

KEPT = timedelta(seconds=5)
COOL_DOWN = timedelta(seconds=1)  # before one is asked again who did not answer
REMEMBERED = 10_000
Tags = frozenset[str]
Answer = Mapping[str, Any]
_NO_ANSWER: Answer = {}


class AskedPolicy:
    """One for each issuer; make it once and share it among threads.

    `credential` is an API key or access token that may ask (`decisions:read`). `kept` is for how
    long an answer is believed. `timeout` is in seconds; `http` is a client of your own, which you
    close yourself.
    """

    def __init__(
        self,
        issuer: str,
        *,
        credential: str,
        kept: timedelta = KEPT,
        timeout: float = 5.0,
        http: httpx.Client | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._url, self._kept, self._clock = f"{checked_issuer(issuer)}/pdp", kept, clock
        self._http, self._closes = http or httpx.Client(), http is None
        self._fetcher = Fetcher(self._http, within=timeout)
        self._headers = {
            "Authorization": f"Bearer {credential}",
            "Content-Type": "application/json",
        }
        self._answers: Memory[tuple[datetime, Answer]] = Memory(REMEMBERED)

    def allowed(self, asker: Asker, _name: str, tags: Tags = frozenset()) -> Scopes:
        """The scopes of somebody on a resource with these tags, whatever its name."""
        answer = self._ask("scopes", asker, tags=sorted(tags))
        return _names(answer.get("result")) & asker.scopes

    def visible(self, asker: Asker, scopes: Scopes) -> Filter:
        """The resources that somebody sees and has all of these scopes on."""
        if not scopes | {SEEING} <= asker.scopes:
            return visibility.NOTHING
        answer = self._ask("tags", asker, needed=sorted(scopes))
        if answer.get("everything") is True and asker.only_tags is None:
            return visibility.EVERYTHING
        sets = answer.get("all_of")
        if not isinstance(sets, list) or not sets:  # no set of tags at all would be every resource
            return visibility.NOTHING
        return visibility.any_of_tags(*map(_names, sets))

    def tags_of_new(self, asker: Asker, wanted: Tags = frozenset()) -> Tags:
        """The tags of a resource that somebody makes; their own where they want none.

        Raises:
            Forbidden: they may not, or it cannot be told now.
        """
        return _granted(self._ask("allow", asker, tags=sorted(wanted)))

    def retagged(self, asker: Asker, *, before: Tags | None, after: Tags) -> Tags:
        """The tags that a resource has from now on; `before` is None for a new one.

        Raises:
            Forbidden: they may not, or it cannot be told now.
        """
        if before is None:
            return self.tags_of_new(asker, after)
        return _granted(self._ask("modify", asker, tags=sorted(after), before=sorted(before)))

    def close(self) -> None:
        """Closes the connections."""
        if self._closes:
            self._http.close()

    def _ask(self, question: str, asker: Asker, **more: Any) -> Answer:
        """The answer, remembered or fresh; an empty one where there is none."""
        body = json.dumps({"input": {**_told(asker), **more}}, sort_keys=True)
        now, key = self._clock(), fingerprint(f"{question} {body}")
        until, answer = self._answers.get(key) or (now, _NO_ANSWER)
        if now < until:
            return answer
        try:
            url = f"{self._url}/{question}"
            answer = self._fetcher.post(url, content=body, headers=self._headers).document
            until = now + self._kept
        except Unavailable as error:
            LOG.warning("nobody may do anything: %s", error.cause)
            answer, until = _NO_ANSWER, now + min(COOL_DOWN, self._kept)
        self._answers.keep(key, (until, answer))
        return answer


def asked_policy(said: Mapping[str, Any]) -> AskedPolicy:
    """The policy that a configuration describes: `issuer`, `credential`, `kept` and `timeout`.

    Both last ones are in seconds.

    Raises:
        Invalid: something is of a wrong type, missing, or not known; the detail names the place.
    """
    refuse_unknown(said, ("issuer", "credential", "kept", "timeout"), "args")
    for name in ("issuer", "credential"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise Invalid(f"args.{name} is to be a text.", field=f"args.{name}")
    for name in ("kept", "timeout"):
        number = said.get(name, 5)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 60:
            raise Invalid(f"args.{name} is from 0 to 60 seconds.", field=f"args.{name}")
    try:
        return AskedPolicy(
            said["issuer"],
            credential=said["credential"],
            kept=timedelta(seconds=said.get("kept", 5)),
            timeout=said.get("timeout", 5.0),
        )
    except ValueError as error:
        raise Invalid(f"args.issuer: {error}.", field="args.issuer") from None


def _told(asker: Asker) -> dict[str, Any]:
    """Who asks; a visitor is nobody."""
    subject = None
    if asker.name is not None:
        kind = "service" if asker.is_service else "user"
        subject = {"type": kind, "id": asker.id or asker.name}
    only_tags = None if asker.only_tags is None else sorted(asker.only_tags)
    return {"subject": subject, "scopes": sorted(asker.scopes), "only_tags": only_tags}


def _names(value: object) -> frozenset[str]:
    """A list of names; nothing where it is anything else."""
    named = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return frozenset(value) if named and isinstance(value, list) else NONE


def _granted(answer: Answer) -> Tags:
    if answer.get("result") is not True:
        reason = answer.get("reason")
        raise Forbidden(reason if isinstance(reason, str) else "This cannot be decided now.")
    return _names(answer.get("tags"))
