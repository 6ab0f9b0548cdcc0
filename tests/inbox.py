"""A mail server of this machine: it takes letters by SMTP and keeps them."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_port

PATIENCE_SECONDS = 10
LINK = re.compile(r"https?://\S+")


class Inbox:
    """The letters that came, each with those whom it went to; `refused` says what to whom."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        self.refused: dict[str, str] = {}
        self.url = ""

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        refusal = self.refused.get(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def letters(self, address: str) -> list[EmailMessage]:
        """Those to somebody, in the order in which they came."""
        contents = [content for people, content in self.taken if people == [address]]
        return [email.message_from_bytes(one, policy=email.policy.default) for one in contents]

    def letter(self, address: str, number: int = 1) -> EmailMessage:
        """The letter with this number to somebody; it may still be on its way."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found := self.letters(address)) < number:
            assert time.monotonic() < deadline, f"{len(found)} letters to {address}, not {number}"
            time.sleep(0.01)
        return found[number - 1]

    def link(self, address: str, number: int = 1) -> str:
        """The link of that letter."""
        found = LINK.search(self.letter(address, number).get_content())
        assert found is not None
        return found.group()


@contextmanager
def mail_server(*, scheme: str = "smtp", **settings: Any) -> Iterator[Inbox]:
    """A server at `inbox.url` for as long as the block runs; `settings` are those of aiosmtpd."""
    inbox, port = Inbox(), free_port()
    inbox.url = f"{scheme}://127.0.0.1:{port}"
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **settings)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()
