"""Every act of the pages, done to a workspace, and the command that was shown, to its copy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from string import Template

import httpx
import pytest

from scopewright.console import acts as asking
from scopewright.console.consequences import told_of
from scopewright.console.lists import ROWS
from scopewright.console.routes import OWN_PAGES, RECORD, WORKSPACE, WORKSPACE_PAGES
from scopewright.languages import language_of
from scopewright.store.tallies import GONE
from tests import tallied
from tests.console.acts import ACTS
from tests.console.forms import Typed, form_of, press
from tests.console.members import text_of
from tests.console.pages import FORMS, READ, Read
from tests.console.pair import Pair, pair_of_servers
from tests.console.parts import command_text
from tests.console.pressed import Pressed
from tests.tallied import Seen, difference
from tests.visitors import anti_forgery_token

ENGLISH = language_of("en")
CHANGES_NOTHING = {f"{WORKSPACE}/why"}  # its form takes a token that no address may have
ROUTES = {
    **{
        f"{WORKSPACE}{path}": handler
        for verb, path, handler, _ in WORKSPACE_PAGES
        if verb == "POST"
    },
    **{f"{RECORD}{path}": handler for verb, path, handler in OWN_PAGES if verb == "POST"},
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair_of_servers(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


def route_of(path: str) -> str:
    """The route that a form's address leads to."""
    return first_of(ROUTES, path if path.startswith("/me/") else f"{WORKSPACE}{path}")


def first_of(routes: Iterable[str], path: str) -> str:
    """The route that takes an address."""
    patterns = {route: re.sub(r"{\w+}", "[^/]+", route) for route in routes}
    return next(route for route, pattern in patterns.items() if re.fullmatch(pattern, path))


def is_asked(handler: object) -> bool:
    """Whether a page asks before something is taken away."""
    return handler.__module__ == asking.__name__


def test_every_act_of_the_pages_is_done_here() -> None:
    assert {route_of(act.path) for act in ACTS} == ROUTES.keys() - CHANGES_NOTHING


def test_every_act_that_is_asked_about_has_its_numbers_here() -> None:
    asked = {route for route, handler in ROUTES.items() if is_asked(handler)}
    assert {route_of(act.path) for act in ACTS if act.comes_to is not None} == asked


def test_every_page_is_read_here_or_is_a_form() -> None:
    gets = [(path, handler) for verb, path, handler, _ in WORKSPACE_PAGES if verb == "GET"]
    pages = [path for path, handler in gets if not is_asked(handler)]
    read = {first_of(pages, one.path.partition("?")[0]) for one in READ}
    assert read | FORMS == set(pages)
    assert not read & FORMS


@pytest.mark.parametrize("read", READ, ids=[read.path for read in READ])
def test_the_command_of_a_page_tells_what_the_page_shows(pair: Pair, read: Read) -> None:
    page = pair.browsers["admin"].get(pair.here.url + address(pair, read.path))
    assert page.status_code == 200, page.text
    told = json.loads(pair.run(command_text(page), also=("--json",)))
    rows = told if isinstance(told, list) else [told]
    assert rows
    text = text_of(page)
    for row in rows[:ROWS]:
        assert read.word(row) in text
    if isinstance(told, list) and read.is_counted:
        assert len(rows_of_the_list(page)) == len(rows[:ROWS])


def rows_of_the_list(page: httpx.Response) -> list[str]:
    """The rows of the first list of a page."""
    found = re.search(r'(?s)<table class="list[^>]*>.*?<tbody>(.*?)</tbody>', page.text)
    return re.findall(r"<tr\b", found[1]) if found else []


def filled_in(pair: Pair, text: str) -> str:
    return Template(text).safe_substitute(pair.filled.names)


def typed_in(pair: Pair, act: Pressed) -> dict[str, Typed]:
    return {
        name: filled_in(pair, value)
        if isinstance(value, str)
        else [filled_in(pair, one) for one in value]
        if value
        else None
        for name, value in act.typed.items()
    }


def address(pair: Pair, path: str) -> str:
    told = filled_in(pair, path)
    return told if told.startswith("/me/") else f"{pair.base}{told}"


def consequences(page: httpx.Response) -> list[str] | None:
    """What a page says that an act comes to; None where it says nothing of the kind."""
    if 'class="consequences"' not in page.text:
        return None
    lines = re.search(r'(?s)<ul class="consequences">(.*?)</ul>', page.text)
    return [unescape(one) for one in re.findall("<li>(.*?)</li>", lines[1])] if lines else []


def told(comes_to: Mapping[str, int]) -> list[str]:
    """What a page is to say of so many."""
    changes = {noun: {GONE.get(noun, "removed"): number} for noun, number in comes_to.items()}
    return told_of(changes, ENGLISH)


def seen(pair: Pair) -> Seen:
    """What there is in the workspace whose pages are used."""
    tenant = pair.filled.tenant
    return tallied.seen(pair.here.database, tenant.id, now=tenant.running.clock())


# One for each route: none of these is a different form.
FORGED = list({route_of(act.path): act for act in reversed(ACTS)}.values())


@pytest.fixture(scope="module")
def tokens(pair: Pair) -> Mapping[str, str]:
    """The anti-forgery token of each browser."""
    page = pair.here.url + address(pair, "/scopes")
    return {who: anti_forgery_token(each.get(page)) for who, each in pair.browsers.items()}


@pytest.mark.parametrize("act", FORGED, ids=[act.path for act in FORGED])
def test_the_same_sent_by_another_site_does_nothing(
    pair: Pair, tokens: Mapping[str, str], act: Pressed
) -> None:
    """Whose browser sends it has signed in lately, as for all that follows here."""
    browser, url = pair.browsers[act.who], pair.here.url + address(pair, act.path)
    typed = {name: value for name, value in typed_in(pair, act).items() if value is not None}
    evil = {"origin": "https://evil.example"}
    forgeries = [
        browser.post(url, data={**typed, "anti_forgery": "0" * 64}),
        browser.post(url, data={**typed, "anti_forgery": tokens[act.who]}, headers=evil),
    ]
    # What an act before makes is not there yet.
    assert {forged.status_code for forged in forgeries} in ({403}, {404})


def test_nothing_has_changed_by_what_other_sites_have_sent(pair: Pair) -> None:
    assert pair.here.changed() == {}


@pytest.mark.parametrize("act", ACTS, ids=[act.name for act in ACTS])
def test_a_command_does_to_a_copy_what_the_page_did_and_its_numbers_are_what_happens(
    pair: Pair, act: Pressed
) -> None:
    browser, path, typed = pair.browsers[act.who], address(pair, act.path), typed_in(pair, act)
    there = seen(pair)
    page = browser.get(pair.here.url + (address(pair, act.at) if act.at else path))
    assert page.status_code == 200, page.text
    form, asked = form_of(page, path, typed), ""
    if act.is_forced:
        page = press(browser, page, form, typed)
        assert page.status_code == 409, page.text
        form = form_of(page, path, {"force": "yes"})
    assert form.is_dangerous == (act.comes_to is not None)
    if act.comes_to is not None:
        asked = command_text(page)
        assert consequences(page) == told(act.comes_to)
    done = press(browser, page, form, typed)
    assert done.status_code == 200, done.text
    pair.run(shown(done, asked), who=act.who)
    if act.comes_to is not None:
        gone = {noun: {GONE.get(noun, "removed"): n} for noun, n in act.comes_to.items()}
        assert difference(there, seen(pair)) == gone
    here, copy = pair.here.changed(), pair.there.changed()
    assert here == copy
    assert here


def shown(done: httpx.Response, asked: str) -> str:
    """The command of the note; where there is none, the one of the page that asked."""
    if '<div class="note done"' not in done.text:
        return asked
    command = command_text(done)
    assert asked in ("", command)
    return command
