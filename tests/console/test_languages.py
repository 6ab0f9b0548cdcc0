"""The pages in every language: nothing is left in English, and values stay where they belong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from babel.messages.pofile import read_po
from scripts.languages import gathered, refusals, untranslated

from scopewright.console.places import PLACES
from scopewright.languages import CODES, ENGLISH, FOLDER, LONGEST_TOLD, language_of
from tests.console.members import AtWork, text_of
from tests.worlds import World

OTHERS = [code for code in CODES if code != ENGLISH]
PACKAGE = FOLDER.parent
TEMPLATES = sorted(PACKAGE.rglob("*.html"))
MARKS = re.compile(r"%\(\w+\)s|</?\w+")
NO_WORDS = {"Scopewright", "– Scopewright", "2026-01-31T12:00:00Z"}
HTML = re.compile(r"</(h1|p|a|button|html|title|li)>|<!doctype")
# Titles of the menu come from the code, never from people.
OURS = ("place.title", "group", "title")


@pytest.mark.parametrize("code", OTHERS)
def test_everything_that_the_pages_say_is_translated(code: str) -> None:
    assert untranslated(code) == []


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_translated_that_nobody_says(code: str) -> None:
    said = {message.id for message in gathered()}
    with (FOLDER / f"{code}.po").open("rb") as file:
        assert {message.id for message in read_po(file, locale=code)} <= said


@pytest.mark.parametrize("code", OTHERS)
def test_values_and_marks_are_those_of_the_english_words(code: str) -> None:
    with (FOLDER / f"{code}.po").open("rb") as file:
        for message in filter(lambda one: one.id, read_po(file, locale=code)):
            english = (message.id,) if isinstance(message.id, str) else message.id
            forms = message.string if isinstance(message.string, tuple) else (message.string,)
            for said, form in zip((english[0], *[english[-1]] * 2), forms, strict=False):
                assert set(MARKS.findall(form or "")) == set(MARKS.findall(said)), english


class Words(HTMLParser):
    """The words of a template that stand outside of its expressions."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0
        said = re.sub(r"(?s){#.*?#}|{%-?\s*(trans|call)\b.*?end\1\s*-?%}", " ", template)
        said = re.sub(r"{% block (width|back) %}[^{]*{% endblock %}", " ", said)
        self.feed(re.sub(r"(?s){%.*?%}|{{.*?}}", " ", said))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("code", "pre", "style", "script", "kbd")
        told = ("aria-label", "placeholder", "title", "alt")
        self.found += [value for name, value in attrs if name in told and value and value.strip()]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("code", "pre", "style", "script", "kbd")

    def handle_data(self, data: str) -> None:
        is_word = re.search(r"[A-Za-z]{2}", re.sub(r'[\w-]+="[^"]*"', "", data))
        if not self._silent and is_word:
            self.found.append(data.strip())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.stem)
def test_a_template_has_no_words_of_its_own(template: Path) -> None:
    found = set(Words(template.read_text()).found)
    assert found - NO_WORDS == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.stem)
def test_what_may_be_anybodys_is_not_taken_for_markup(template: Path) -> None:
    """`_` trusts what it is given; `|said` is for all that is no literal of the template."""
    given = re.findall(r"\b_\(\s*([^\"'\s][\w.\[\]]*)", template.read_text())
    assert [one for one in given if one not in OURS[:2]] == []


def test_there_are_templates_to_look_at() -> None:
    assert len(TEMPLATES) > 50


def markup_of(module: Path) -> Iterator[str]:
    """The texts of a module that are HTML, without the values in them."""
    nodes = list(ast.walk(ast.parse(module.read_text())))
    joined = [node.values for node in nodes if isinstance(node, ast.JoinedStr)]
    inside = {id(part) for each in joined for part in each}
    whole = (one for one in nodes if isinstance(one, ast.Constant) and id(one) not in inside)
    for parts in (*joined, *([one] for one in whole)):
        text = "".join(str(getattr(part, "value", " ")) for part in parts)
        if HTML.search(text):
            yield re.sub(r"{\w*}", " ", text)


def test_no_page_that_a_module_spells_has_words_of_its_own() -> None:
    found = {
        (module.name, word)
        for module in PACKAGE.rglob("*.py")
        for text in markup_of(module)
        for word in Words(text).found
    }
    assert {one for one in found if one[1] not in NO_WORDS} == set()


OUTSIDE = {
    "de": ("Zurück zur Anwendung", "Die client_id ist hier nicht bekannt.", "Hier gibt es nichts"),
    "fr": ("Retour à l’application", "Le client_id n’est pas connu ici.", "Il n’y a rien de ce"),
}


@pytest.mark.parametrize("code", OUTSIDE)
def test_what_a_browser_meets_on_its_way_from_an_application_is_in_its_language(
    world: World, code: str
) -> None:
    back, unknown, missing = OUTSIDE[code]
    person = world.person("nobody@example.com", world.phone_app())
    person.browser.headers["accept-language"] = code
    asked = person.ask("v" * 43, response_mode="form_post", prompt="none")
    page = person.browser.get(urljoin(world.url, asked.headers["location"]))
    assert f'<html lang="{code}">' in page.text
    assert back in text_of(page)
    assert unknown in text_of(person.ask("v" * 43, client_id="nobody"))
    problem = person.browser.get(f"{world.url}/problems/not-found")
    assert f'<html lang="{code}">' in problem.text
    assert missing in text_of(problem)


def test_what_somebody_has_written_of_a_role_is_text_on_every_page(
    admin: AtWork, world: World
) -> None:
    written = {"name": "keeper", "description": "<b>100%</b> of it, %(name)s"}
    assert world.admin.post("/roles", json=written).status_code == 201
    page = admin.open("/end-users/invite")
    assert page.status_code == 200
    assert "&lt;b&gt;100%&lt;/b&gt; of it, %(name)s" in page.text


def test_a_refusal_with_values_is_said_with_them_in_the_readers_words() -> None:
    german = language_of("de")
    assert german.tells("There are 7 keys already: revoke one first.") == (
        "Es gibt schon 7 Schlüssel: Widerrufen Sie zuerst einen."
    )
    assert german.tells("Nobody ever said this.") == "Nobody ever said this."


def test_what_is_longer_than_anything_of_ours_is_said_as_it_is() -> None:
    """Or a stranger could have values looked for in a text of theirs, for minutes."""
    told = f"There are {'7' * LONGEST_TOLD} keys already: revoke one first."
    assert language_of("de").tells(told) == told


def test_every_refusal_of_the_api_that_has_a_value_is_found_again_by_one() -> None:
    french = language_of("fr")
    for refusal in set(refusals()):
        told = re.sub(r"%\(\w+\)s", "«7»", refusal)
        if not refusal.startswith("%(1)s"):
            assert french.tells(told) != told, refusal


def test_the_browser_chooses_unless_the_person_has(admin: AtWork) -> None:
    page = admin.open("/scopes", **{"accept-language": "it, fr;q=0.8, de;q=0.5"})
    assert '<html lang="fr">' in page.text
    assert "Nouvelle portée" in text_of(page)
    chosen = httpx.Client(cookies=admin.browser.cookies, base_url=admin.world.url)
    back = admin.address("/scopes").removeprefix(admin.world.url)
    answer = chosen.post("/language", data={"language": "de", "back": back})
    assert answer.headers["location"] == back
    page = chosen.get(back, headers={"accept-language": "fr"})
    assert '<html lang="de">' in page.text
    assert "Neuer Scope" in text_of(page)


def test_a_fault_beside_its_field_is_in_the_readers_language(admin: AtWork) -> None:
    german = {"accept-language": "de"}
    page = admin.open("/scopes", **german)
    token = re.findall(r'name="anti_forgery" value="([^"]+)"', page.text)[-1]
    sent = {"anti_forgery": token, "name": "two words"}
    refused = admin.browser.post(admin.address("/scopes"), data=sent, headers=german)
    assert refused.status_code == 422
    assert "Ein Name hat 1 bis 128 Buchstaben" in text_of(refused)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("place", PLACES, ids=lambda one: one.path or "/")
def test_every_page_of_the_menu_can_be_read_in_every_language(
    admin: AtWork, world: World, place: object, code: str
) -> None:
    path = getattr(place, "path", "")
    page = admin.open(path, **{"accept-language": code})
    assert page.status_code == 200
    assert f'<html lang="{code}">' in page.text
    titles = re.findall(r"<a href=[^>]*>(?:<svg.*?</svg>)?([^<]+)</a>", page.text)
    assert titles
