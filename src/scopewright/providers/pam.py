"""The machine's own users, by PAM, through the C library that every Linux has."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_void_p
from ctypes.util import find_library
from typing import Any

from scopewright.core.attempts import is_name, is_password
from scopewright.core.errors import Invalid
from scopewright.providers.ways import Proven, Unusable

MOST_AT_ONCE = 4  # a failure may take seconds, for that is how PAM slows guessing
_SUCCESS, _CONVERSATION_FAILED, _USER = 0, 19, 2
_PROMPT_ECHO_OFF, _ERROR, _INFORMATION = 1, 3, 4
# What says no: no right, a wrong password, unknown, too often, a password or an account that has
# expired, a question that was not answered; and 4, as a program of `pam_exec` says it. Anything
# else is PAM's own trouble.
_REFUSED = frozenset({4, 6, 7, 10, 11, 12, 13, 19, 27})
_SERVICE = re.compile(r"[A-Za-z0-9_.-]+")


class _Message(Structure):
    _fields_ = (("style", c_int), ("text", c_char_p))


class _Response(Structure):
    _fields_ = (("text", c_void_p), ("code", c_int))


_Converse = CFUNCTYPE(c_int, c_int, POINTER(POINTER(_Message)), POINTER(c_void_p), c_void_p)


class _Conversation(Structure):
    _fields_ = (("converse", _Converse), ("data", c_void_p))


class Pam:
    """Asks the `service` of that name, described in `/etc/pam.d` or in a `folder` of one's own."""

    def __init__(self, service: str = "login", folder: str = "") -> None:
        """Raises Invalid where there is no PAM, or no name of a service."""
        if not isinstance(service, str) or _SERVICE.fullmatch(service) is None:
            raise Invalid("service is to be the name of a file in /etc/pam.d")
        self._pam, self._c = _library("pam"), _library("c")
        if folder and not hasattr(self._pam, "pam_start_confdir"):
            raise Invalid("this PAM is too old for a folder of one's own")
        self._service, self._folder = service.encode(), folder.encode()
        self._c.calloc.restype, self._c.calloc.argtypes = c_void_p, (c_size_t, c_size_t)
        self._c.strdup.restype, self._c.strdup.argtypes = c_void_p, (c_char_p,)
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def authenticate(self, username: str, password: str) -> Proven | None:
        """Whoever PAM says it is, if they may come in now."""
        if not (is_name(username) and is_password(password)):
            return None
        with self._places:
            return self._asked(username.encode(), password.encode())

    def _asked(self, username: bytes, password: bytes) -> Proven | None:
        handle = c_void_p()
        converse = _Converse(self._answering(password))  # lives as long as PAM may call it
        conversation = _Conversation(converse, None)
        code = self._begin(username, conversation, handle)
        if code != _SUCCESS:
            raise Unusable(f"PAM does not begin: {code}")
        try:
            for step in (self._pam.pam_authenticate, self._pam.pam_acct_mgmt):
                code = step(handle, 0)
                if code in _REFUSED:
                    return None
                if code != _SUCCESS:
                    raise Unusable(f"PAM answers {code}")
            return self._named(handle)
        finally:
            self._pam.pam_end(handle, code)

    def _begin(self, username: bytes, conversation: _Conversation, handle: c_void_p) -> int:
        said = (self._service, username, byref(conversation))
        if self._folder:
            return int(self._pam.pam_start_confdir(*said, self._folder, byref(handle)))
        return int(self._pam.pam_start(*said, byref(handle)))

    def _named(self, handle: c_void_p) -> Proven:
        """By the name that modules have settled on, which may be another than what was typed."""
        name = c_char_p()
        if self._pam.pam_get_item(handle, _USER, byref(name)) != _SUCCESS or not name.value:
            raise Unusable("PAM does not say who it is")
        subject = name.value.decode(errors="replace")
        return Proven(subject, subject)

    def _answering(self, password: bytes) -> Callable[..., int]:
        """Answers the one question for a password, and hears what else is said; PAM frees it."""
        asked = [0]

        def answer(count: int, messages: Any, responses: Any, _data: Any) -> int:
            array = self._c.calloc(count, ctypes.sizeof(_Response))
            if not array:
                return _CONVERSATION_FAILED
            replies = ctypes.cast(array, POINTER(_Response))
            responses[0] = array
            for place in range(count):
                style = messages[place].contents.style
                if style == _PROMPT_ECHO_OFF and not asked[0]:
                    asked[0] += 1
                    replies[place].text = self._c.strdup(password)
                elif style not in (_ERROR, _INFORMATION):
                    return _CONVERSATION_FAILED
            return _SUCCESS

        return answer


def _library(name: str) -> Any:
    path = find_library(name)
    if path is None:
        raise Invalid(f"this machine has no lib{name}")
    return ctypes.CDLL(path)
