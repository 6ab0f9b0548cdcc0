"""Tokens for applications as they are kept in memory: boundedly, and never a failure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scopewright.app.issuer import token_engine
from scopewright.app.parts import Parts, make_parts
from scopewright.authority import View
from scopewright.core.errors import InvalidGrant
from scopewright.core.gateway import Gate
from scopewright.core.model import ChangeKind
from scopewright.services.tokens import handed_tokens
from scopewright.services.tokens.gateway_sessions import Browser, GatewaySessions
from scopewright.services.tokens.handed_tokens import HandedTokens
from scopewright.settings import Settings
from scopewright.store import principals
from tests.gateway.viewer import HOST, USER, Viewer, Visitor
from tests.people import Letters

SESSION = "__Host-scopewright_session"


@dataclass
class Hand:
    """Hands out tokens to the application, without a proxy that asks."""

    viewer: Viewer
    parts: Parts
    tokens: HandedTokens
    sessions: GatewaySessions

    def browser(self, visitor: Visitor) -> tuple[View, Gate, Browser]:
        async def found() -> tuple[View, Gate, Browser]:
            view = await self.parts.authority.at(self.viewer.workspace_id)
            assert view is not None
            gate = view.rules.gate("viewer")
            assert gate is not None
            cookie = visitor.cookies[SESSION]
            browser = await self.sessions.browser(view, gate, host=HOST, cookie=cookie)
            assert browser is not None
            return view, gate, browser

        return self.viewer.stage.runner.run(found())

    def out(self, view: View, gate: Gate, browser: Browser) -> str | None:
        return self.viewer.stage.runner.run(self.tokens.token(view, gate, browser))


@pytest.fixture
def hand(viewer: Viewer) -> Iterator[Hand]:
    viewer.route("/**")
    url = viewer.stage.database.url.render_as_string(hide_password=False)
    settings = Settings.model_validate({"database": {"url": url}})
    parts = make_parts(settings, viewer.stage.clock, Letters())
    sessions = GatewaySessions(parts.database, parts.clock, parts.access)
    tokens = HandedTokens(parts.database, sessions, token_engine(parts))
    yield Hand(viewer, parts, tokens, sessions)
    viewer.stage.runner.run(parts.versions.close())
    parts.database.close()


def test_so_many_tokens_are_kept_and_those_asked_for_longest_ago_go(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handed_tokens, "MOST_KEPT", 2)
    browsers = []
    for name in ("ann", "bob", "eve"):
        hand.viewer.person(f"{name}@example.com", USER)
        browsers.append(hand.browser(Visitor.inside(hand.viewer, f"{name}@example.com")))
    ann, bob, eve = (hand.out(*browser) for browser in browsers)
    assert hand.out(*browsers[2]) == eve
    assert hand.out(*browsers[1]) == bob
    assert hand.out(*browsers[0]) != ann


def test_who_has_gone_meanwhile_gets_none_and_nothing_is_kept_of_it(hand: Hand) -> None:
    ann = hand.viewer.person("ann@example.com", USER)
    view, gate, browser = hand.browser(Visitor.inside(hand.viewer, "ann@example.com"))
    hand.viewer.change(ChangeKind.PRINCIPAL, ann.id, lambda tx: principals.remove(tx, ann.id))
    refreshed = hand.parts.authority.at(hand.viewer.workspace_id)  # as another request does
    hand.viewer.stage.runner.run(refreshed)
    for _ in range(2):
        with pytest.raises(InvalidGrant):
            hand.out(view, gate, browser)
