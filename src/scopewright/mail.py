"""Letters: what they say, and how they leave.

`console:` prints them, `file:DIR` writes one `.eml` a letter, `smtp://` and `smtps://` deliver.
A letter is in the language of the request for which it is made (`languages.spoken`). Delivery
happens in the background, after the commit, so that an answer takes as long for an unknown address
as for a known one. Links and codes never come into the log.
"""

from __future__ import annotations

import smtplib
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from queue import Queue
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from scopewright import ids, log
from scopewright.core.errors import Invalid
from scopewright.languages import spoken

TRIES = 5
SMTP_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one address; the first URL in the text is the link."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Takes letters for delivery."""

    def send(self, letter: Letter) -> None:
        """Take a letter; returns at once, and raises nothing about its delivery."""


def sign_in_letter(*, to: str, link: str, code: str, minutes: int) -> Letter:
    """The letter that somebody asked for at the sign-in page."""
    says, counts = spoken().says, spoken().counts
    text = _told(
        says("Hello,"),
        says("open this link to sign in:"),
        link,
        says("Or type this code where you asked for the letter: %(code)s")
        % {"code": f"{code[:4]}-{code[4:]}"},
        counts(
            "Both work once, for %(num)s minute. If you did not ask for this, do nothing.",
            "Both work once, for %(num)s minutes. If you did not ask for this, do nothing.",
            minutes,
        ),
    )
    return Letter(to, says("Your sign-in link"), text)


def end_user_invitation(*, to: str, workspace: str, link: str, days: int) -> Letter:
    """The letter to an end-user who was given access."""
    says, counts = spoken().says, spoken().counts
    named = {"workspace": workspace}
    text = _told(
        says("Hello,"),
        says("you have been given access to %(workspace)s. Open this link to sign in:") % named,
        link,
        counts(
            "It works once, for %(num)s day. Later you can ask for a new one whenever you sign in.",
            "It works once, for %(num)s days. Later you can ask for a new one whenever you"
            " sign in.",
            days,
        ),
    )
    return Letter(to, says("Your access to %(workspace)s") % named, text)


def member_invitation(*, to: str, workspace: str, role: str, link: str, days: int) -> Letter:
    """The letter to somebody who shall manage a workspace."""
    says, counts = spoken().says, spoken().counts
    named = {"workspace": workspace, "role": says(role.capitalize())}
    text = _told(
        says("Hello,"),
        says("you are invited to manage %(workspace)s. Your role is: %(role)s.") % named,
        says("Open this link to accept:"),
        link,
        counts(
            "It works once, for %(num)s day. If you did not expect this, do nothing.",
            "It works once, for %(num)s days. If you did not expect this, do nothing.",
            days,
        ),
    )
    return Letter(to, says("Invitation to %(workspace)s") % named, text)


def _told(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"


def open_mailer(url: str, *, sender: str) -> Mailer:
    """The mailer that a URL names.

    Raises:
        Invalid: no such way of delivery.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "console":
            return PostOffice(_print, sender=sender)
        case "file" if parts.path:
            return PostOffice(_writer(Path(unquote(parts.path))), sender=sender)
        case "smtp" | "smtps" if parts.hostname:
            return PostOffice(_deliverer(parts), sender=sender)
    raise Invalid(
        "mail.url: write console:, file:DIR, smtp://host:port or smtps://host:port.",
        field="mail.url",
    )


class PostOffice:
    """Delivers letters one after the other in a thread of its own, and tries again for a while."""

    def __init__(self, deliver: Callable[[EmailMessage], None], *, sender: str) -> None:
        self._deliver = deliver
        self._sender = sender
        self._letters: Queue[Letter] = Queue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def send(self, letter: Letter) -> None:
        self._letters.put(letter)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mail", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            letter = self._letters.get()
            try:
                self._deliver_patiently(_message(letter, self._sender))
            except Exception as error:  # one letter that cannot leave must not hold up the others
                log.logger().error("mail not sendable", why=type(error).__name__)

    def _deliver_patiently(self, message: EmailMessage) -> None:
        for attempt in range(TRIES):
            try:
                self._deliver(message)
                return
            except (OSError, smtplib.SMTPException) as error:
                if _is_final(error):
                    log.logger().error("mail refused", why=type(error).__name__)
                    return
                log.logger().warning(
                    "mail not delivered", attempt=attempt + 1, why=type(error).__name__
                )
                time.sleep(2**attempt)
        log.logger().error("mail given up", tries=TRIES)


def _is_final(error: Exception) -> bool:
    """Whether to try again is in vain (RFC 5321 §4.2.1), and would only hold up the next letter."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain="scopewright.invalid")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5
    message.set_content(letter.text, cte="8bit")
    return message


def _print(message: EmailMessage) -> None:
    body = message.get_content()
    sys.stdout.write(f"\n--- letter to {message['To']}: {message['Subject']} ---\n{body}---\n")
    sys.stdout.flush()


def _writer(folder: Path) -> Callable[[EmailMessage], None]:
    folder.mkdir(parents=True, exist_ok=True)

    def write(message: EmailMessage) -> None:
        name = ids.new_id("letter")
        unfinished = folder / f".{name}"
        unfinished.write_bytes(message.as_bytes())
        unfinished.rename(folder / f"{name}.eml")

    return write


def _deliverer(parts: SplitResult) -> Callable[[EmailMessage], None]:
    """Delivers to the host of a URL.

    The certificate of `smtps:` is checked, and wherever a password is sent. Without one `smtp:` is
    encrypted where the server offers it, whoever that is (RFC 7435): it is for a trusted network.
    """

    def deliver(message: EmailMessage) -> None:
        with _connect(parts) as server:
            if parts.username is not None:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)

    return deliver


def _connect(parts: SplitResult) -> smtplib.SMTP:
    host, checked = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=SMTP_TIMEOUT_SECONDS, context=checked
        )
    server = smtplib.SMTP(host, parts.port or 25, timeout=SMTP_TIMEOUT_SECONDS)
    server.ehlo()
    if parts.username is not None:
        server.starttls(context=checked)
    elif server.has_extn("starttls"):
        server.starttls()
    return server
