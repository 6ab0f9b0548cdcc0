"""Authenticators that were written for Tiled, taken as they are: by their shape alone.

One takes a name and a password, another the request with which the browser comes back; both answer
somebody with a `user_name` and a `state`, or None, and most of them are coroutines.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from scopewright.core.upstream import Unbelievable, is_subject
from scopewright.providers.ways import Bearer, Header, Proven, Redirect, Surroundings, Unusable

SECONDS = 30  # within which a coroutine is to answer

Authenticate = Callable[..., Any]


def adapted(made: Any, here: Surroundings) -> Any:
    """A provider around an object that has Tiled's interface; anything else as it is."""
    authenticate = getattr(made, "authenticate", None)
    if not callable(authenticate) or isinstance(made, Redirect | Header | Bearer):
        return made
    takes = inspect.signature(authenticate).parameters.values()
    needed = [one for one in takes if one.default is one.empty and one.kind not in _SPREAD]
    return External(made, here) if len(needed) == 1 else Internal(authenticate)


class Internal:
    """Somebody types a name and a password."""

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    def authenticate(self, username: str, password: str) -> Proven | None:
        """Who this is; None for every kind of failure alike."""
        return _answered(lambda: self._authenticate(username, password))


class External:
    """The browser comes back, perhaps from elsewhere, and its request says who it is.

    Where the authenticator has an `authorization_endpoint`, it is sent there with a `client_id`.
    """

    def __init__(self, authenticator: Any, here: Surroundings) -> None:
        self._authenticator, self._here = authenticator, here

    def begin(self, state: str) -> str:
        """Where the browser goes."""
        endpoint = getattr(self._authenticator, "authorization_endpoint", None)
        if endpoint is None:
            return f"{self._here.redirect_uri}?{urlencode({'state': state})}"
        query = {
            "response_type": "code",
            "client_id": str(getattr(self._authenticator, "client_id", "")),
            "redirect_uri": self._here.redirect_uri,
            "scope": "openid",
            "state": state,
        }
        return f"{endpoint}{'&' if '?' in str(endpoint) else '?'}{urlencode(query)}"

    def finish(self, query: Mapping[str, str], state: str) -> Proven:  # noqa: ARG002
        """Nobody: the query is not the request."""
        raise Unbelievable("the request is wanted")

    def finish_by(self, request: Any, state: str) -> Proven:  # noqa: ARG002
        """Who this is, by the request as it came."""
        found = _answered(lambda: self._authenticator.authenticate(request))
        if found is None:
            raise Unbelievable("it knows nobody by this request")
        return found


_SPREAD = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _answered(ask: Callable[[], Any]) -> Proven | None:
    """Who an authenticator says it is; an HTTP error of the 400s is one way to say nobody."""
    try:
        answer = ask()
        if inspect.isawaitable(answer):
            answer = _awaited(answer)
    except Exception as error:
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and 400 <= status < 500:
            return None
        raise
    return _proven(answer)


def _proven(answer: Any) -> Proven | None:
    if answer is None or isinstance(answer, Proven):
        return answer
    name, state = getattr(answer, "user_name", None), getattr(answer, "state", None)
    state = {} if state is None else state
    if not is_subject(name) or not isinstance(state, Mapping):
        raise Unusable("it answers with nobody that can be told")
    return Proven(name, name=name, claims=dict(state), state=dict(state))


# --- coroutines ---------------------------------------------------------------------------------


def _awaited(answer: Any) -> Any:
    """What a coroutine comes to, in one loop for all of them: what it keeps stays good."""

    async def waiting() -> Any:
        return await asyncio.wait_for(answer, SECONDS)

    return asyncio.run_coroutine_threadsafe(waiting(), _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="authenticators", daemon=True).start()
    return loop
