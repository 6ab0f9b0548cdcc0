"""How letters leave: printed, as files, by SMTP; in the background, one not holding up another."""

from __future__ import annotations

import email.policy
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from aiosmtpd.smtp import AuthResult

from scopewright import mail
from scopewright.core.errors import Invalid
from scopewright.languages import CODES, speak
from scopewright.mail import (
    Letter,
    PostOffice,
    end_user_invitation,
    member_invitation,
    open_mailer,
    sign_in_letter,
)
from tests.inbox import Inbox, mail_server
from tests.tls import HERE, Certificate, CertificateAuthority

LINK = "http://127.0.0.1:8080/sign-in/link?token=swm_1"
SENDER = "Scopewright <scopewright@localhost>"
LETTER = sign_in_letter(to="ann@example.com", link=LINK, code="BCDF2345", minutes=15)
PATIENCE_SECONDS = 10


def soon(found: Callable[[], Any]) -> Any:
    """What is found within a while: letters leave in the background."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return result


def parsed(content: bytes) -> EmailMessage:
    return cast(EmailMessage, BytesParser(policy=email.policy.default).parsebytes(content))


def test_a_letter_becomes_one_file(tmp_path: Path) -> None:
    open_mailer(f"file:{tmp_path}/letters", sender=SENDER).send(LETTER)
    (file,) = soon(lambda: list((tmp_path / "letters").glob("*.eml")))
    message = parsed(file.read_bytes())
    assert message["To"] == "ann@example.com"
    assert message["From"] == SENDER
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert text.index(LINK) == text.index("http")
    assert "BCDF-2345" in text


def test_a_letter_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    printed: list[str] = []
    open_mailer("console:", sender=SENDER).send(LETTER)

    def found() -> bool:
        printed.append(capsys.readouterr().out)
        return LINK in "".join(printed)

    soon(found)


def test_a_letter_is_delivered_by_smtp() -> None:
    with mail_server() as inbox:
        mailer = open_mailer(inbox.url, sender=SENDER)
        mailer.send(
            member_invitation(
                to="bob@example.com", workspace="Bücher", role="editor", link=LINK, days=7
            )
        )
        letter = inbox.letter("bob@example.com")
    assert "Bücher" in letter["Subject"]
    assert LINK in letter.get_content()


def test_one_letter_that_cannot_leave_does_not_hold_up_the_next() -> None:
    taken: list[str] = []

    def deliver(message: EmailMessage) -> None:
        if message["To"] == "bad@example.com":
            raise ValueError("never")
        taken.append(message["To"])

    office = PostOffice(deliver, sender=SENDER)
    office.send(Letter("bad@example.com", "x", "x"))
    office.send(Letter("bob@example.com", "two\nlines", "x"))
    office.send(LETTER)
    assert soon(lambda: taken) == ["ann@example.com"]


def test_a_letter_that_is_refused_for_good_does_not_hold_up_the_next() -> None:
    """Or whoever asks for letters to addresses that are none keeps all others waiting."""
    with mail_server() as inbox:
        inbox.refused["gone@example.com"] = "550 5.1.1 no such mailbox"
        mailer, started = open_mailer(inbox.url, sender=SENDER), time.monotonic()
        for _ in range(5):
            mailer.send(Letter("gone@example.com", "x", "x"))
        mailer.send(LETTER)
        assert LINK in inbox.letter("ann@example.com").get_content()
    assert time.monotonic() - started < 5


def test_a_letter_that_is_refused_for_now_is_tried_again() -> None:
    with mail_server() as inbox:
        inbox.refused["ann@example.com"] = "450 4.2.0 come back later"
        open_mailer(inbox.url, sender=SENDER).send(LETTER)
        time.sleep(0.2)
        del inbox.refused["ann@example.com"]
        assert LINK in inbox.letter("ann@example.com").get_content()


# --- to whom they are handed --------------------------------------------------------------------


class Passwords:
    """Those that a mail server was shown."""

    def __init__(self) -> None:
        self.shown: list[object] = []

    def __call__(self, *said: Any) -> AuthResult:
        self.shown.append(said[-1])
        return AuthResult(success=True)


def shown_by(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.chain, certificate.key)
    return context


def delivered(inbox: Inbox, *, password: bool = False) -> None:
    """Deliver a letter at once. Raises what the mailer would only log."""
    url = inbox.url.replace("//", "//scopewright:secret@") if password else inbox.url
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "ann@example.com"
    mail._deliverer(urlsplit(url))(message)


@pytest.fixture
def trusted(certificate_authority: CertificateAuthority, monkeypatch: Any) -> CertificateAuthority:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_authority.ca_file))
    return certificate_authority


def test_letters_are_handed_to_the_host_that_is_named_and_to_no_other(
    trusted: CertificateAuthority,
) -> None:
    """A letter is a way to sign in: whoever takes it on the way is in."""
    strangers = (
        trusted.issue("mail.example"),
        trusted.self_signed(),
        trusted.issue(*HERE, days=-1),
    )
    for certificate in strangers:
        with mail_server(scheme="smtps", ssl_context=shown_by(certificate)) as inbox:
            with pytest.raises(ssl.SSLCertVerificationError):
                delivered(inbox)
            assert inbox.taken == []
    with mail_server(scheme="smtps", ssl_context=shown_by(trusted.issue(*HERE))) as inbox:
        delivered(inbox)
        assert len(inbox.letters("ann@example.com")) == 1


def test_a_password_is_shown_to_the_host_that_is_named_and_to_no_other(
    trusted: CertificateAuthority,
) -> None:
    passwords = Passwords()
    open_to_all = mail_server(authenticator=passwords, auth_require_tls=False)
    with open_to_all as inbox, pytest.raises(smtplib.SMTPNotSupportedError):
        delivered(inbox, password=True)
    context = shown_by(trusted.self_signed())
    stranger = mail_server(authenticator=passwords, tls_context=context)
    with stranger as inbox, pytest.raises(ssl.SSLCertVerificationError):
        delivered(inbox, password=True)
    assert passwords.shown == []
    context = shown_by(trusted.issue(*HERE))
    with mail_server(authenticator=passwords, tls_context=context) as inbox:
        delivered(inbox, password=True)
    assert len(passwords.shown) == 1


def test_the_letters_say_how_long_their_link_lives() -> None:
    assert "15 minutes" in LETTER.text
    invited = end_user_invitation(to="ann@example.com", workspace="Acme", link=LINK, days=7)
    assert "7 days" in invited.text
    assert "Acme" in invited.subject


@pytest.fixture(params=CODES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each language in turn, spoken."""
    speak(request.param, None)
    yield request.param
    speak(None, None)


def test_every_letter_is_whole_in_every_language(language: str) -> None:
    named = {"to": "ann@example.com", "workspace": "Acme", "link": LINK}
    letters = [
        sign_in_letter(to="ann@example.com", link=LINK, code="BCDF2345", minutes=15),
        end_user_invitation(**named, days=1),
        member_invitation(**named, role="editor", days=7),
    ]
    for letter, number in zip(letters, ("15", "1", "7"), strict=True):
        assert letter.text.index(LINK) == letter.text.index("http"), language
        assert f" {number} " in letter.text
        assert "%(" not in letter.text + letter.subject
    assert "BCDF-2345" in letters[0].text
    assert all("Acme" in letter.subject for letter in letters[1:])
    assert ("Hello" in letters[0].text) is (language == "en")


def test_a_link_that_lives_for_one_day_is_told_of_in_the_singular() -> None:
    invited = end_user_invitation(to="ann@example.com", workspace="Acme", link=LINK, days=1)
    assert "for 1 day." in invited.text


@pytest.mark.parametrize("url", ["", "file:", "smtp:", "smtp://", "http://x", "carrier pigeon"])
def test_no_other_way_of_delivery_is_known(url: str) -> None:
    with pytest.raises(Invalid):
        open_mailer(url, sender=SENDER)
