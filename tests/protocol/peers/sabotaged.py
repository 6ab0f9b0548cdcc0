"""`scopewright` with one check switched off: `python sabotaged.py CHECK serve …`.

A foreign client that is content with such a server would prove nothing about the real one.
"""

from __future__ import annotations

import hmac
import sys
from typing import Any
from unittest.mock import patch

from scopewright.authority import View
from scopewright.cli import main
from scopewright.core import authorization, tokens
from scopewright.core.model import Session
from scopewright.guard.jwk import Key


def _passes(*_: object, **__: object) -> bool:
    return True


async def _is_open(*_: object) -> bool:
    return True


def _goes_on(session: Session, **_: object) -> Session:
    return session


CHECKS: dict[str, Any] = {
    "code verifier": patch.object(authorization, "check_code_verifier", _passes),
    "signature": patch.object(Key, "check", _passes),
    "client secret": patch.object(hmac, "compare_digest", _passes),
    "end of a session": patch.object(tokens, "check_session", _goes_on),
    "liveness": patch.object(View, "is_session_open", _is_open),
}

if __name__ == "__main__":
    CHECKS[sys.argv.pop(1)].start()
    main.run()
