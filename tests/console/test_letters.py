"""Letters are in the language of whoever has them sent: a browser's, or the one a call accepts."""

from __future__ import annotations

import pytest

from tests.console.members import AtWork
from tests.visitors import Mailbox, a_browser, an_address, submit
from tests.worlds import World

SIGNING_IN = {
    "de": ("Ihr Link zum Anmelden", "Beides gilt einmal"),
    "fr": ("Votre lien de connexion", "Les deux servent une seule fois"),
    "it, *": ("Your sign-in link", "Both work once"),
}


def told(mailbox: Mailbox) -> tuple[str, str]:
    """Subject and text of the newest letter, once it is there."""
    mailbox.link()
    letter = mailbox.letters()[-1]
    return letter["Subject"], letter.get_content()


@pytest.mark.parametrize("accepted", SIGNING_IN)
def test_the_letter_that_signs_in_is_in_the_language_of_the_page(
    world: World, accepted: str
) -> None:
    address = an_address()
    world.end_user(address, scopes=["sensor:read"])
    mailbox = world.mailbox(address)
    invited = mailbox.link()
    browser = a_browser(headers={"accept-language": accepted})
    submit(browser, browser.get(f"{world.url}/sign-in"), address=address)
    subject, text = SIGNING_IN[accepted]
    assert mailbox.link(1, subject) != invited
    assert text in mailbox.letters(subject)[0].get_content()


def test_the_language_that_somebody_has_chosen_is_that_of_the_letter_too(world: World) -> None:
    address = an_address()
    world.end_user(address, scopes=["sensor:read"])
    browser = a_browser(headers={"accept-language": "fr"})
    browser.post(f"{world.url}/language", data={"language": "de", "back": "/sign-in"})
    submit(browser, browser.get(f"{world.url}/sign-in"), address=address)
    assert world.mailbox(address).link(1, "Ihr Link zum Anmelden")


@pytest.mark.parametrize(
    ("accepted", "subject", "text"),
    [
        ("de-AT", "Ihr Zugang zu", "Er gilt einmal, 7 Tage lang."),
        ("fr", "Votre accès à", "Il sert une seule fois, pendant 7 jours."),
        ("", "Your access to", "It works once, for 7 days."),
    ],
)
def test_an_invitation_is_in_the_language_that_the_call_accepts(
    world: World, accepted: str, subject: str, text: str
) -> None:
    world.define("sensor:read")
    address = an_address()
    body = {"email": address, "scopes": ["sensor:read"]}
    headers = {"accept-language": accepted} if accepted else {}
    assert world.admin.post("/end-users", json=body, headers=headers).status_code == 201
    said = told(world.mailbox(address))
    assert said[0].startswith(subject)
    assert text in said[1]


def test_who_is_invited_on_a_page_is_written_to_in_the_language_of_the_page(
    admin: AtWork, world: World
) -> None:
    address = an_address()
    page = admin.open("/members")
    token = page.text.partition('name="anti_forgery" value="')[2].partition('"')[0]
    sent = {"anti_forgery": token, "email": address, "role": "viewer"}
    german = {"accept-language": "de"}
    admin.browser.post(admin.address("/members"), data=sent, headers=german)
    subject, text = told(world.mailbox(address))
    assert subject.startswith("Einladung zu")
    assert "Ihre Rolle ist: Betrachter." in text
