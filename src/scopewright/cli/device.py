"""Signing in where there is no browser: approved on another device (RFC 8628)."""

from __future__ import annotations

from time import sleep
from typing import Any

from scopewright.cli.browser import post
from scopewright.cli.output import Exit, Failure, say
from scopewright.core.builtin_clients import command_line_id
from scopewright.core.oauth import DEVICE_CODE

SLOWER_BY = 5  # seconds (RFC 8628 §3.5)


def sign_in(issuer: str, workspace_id: str) -> dict[str, Any]:
    """`access_token` and `refresh_token` of the member who approves.

    Raises:
        Failure: nobody approved in time, somebody said no, or the server did.
    """
    client_id = command_line_id(workspace_id)
    begun = post(issuer, "device_authorization", {"client_id": client_id})
    _check(begun)
    say(f"Open this address on any device:\n\n{begun['verification_uri']}\n")
    say(f"and type this code there:\n\n{begun['user_code']}\n")
    form = {
        "grant_type": DEVICE_CODE,
        "client_id": client_id,
        "device_code": begun["device_code"],
    }
    pause = begun.get("interval", SLOWER_BY)
    while True:
        sleep(pause)
        answer = post(issuer, "token", form)
        if answer.get("error") == "slow_down":
            pause += SLOWER_BY
        elif answer.get("error") != "authorization_pending":
            _check(answer)
            return answer


def _check(answer: dict[str, Any]) -> None:
    if "error" in answer:
        raise Failure(answer.get("error_description") or answer["error"], Exit.DENIED)
