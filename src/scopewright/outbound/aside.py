"""Threads for what may wait for other servers, so that nothing of our own waits behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

MOST_THREADS = 16
_THREADS = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="outbound")

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


async def aside(call: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs) -> Answer:
    """The call's answer, as `asyncio.to_thread` gives it."""
    context = copy_context()  # the log's request id goes along
    waiting = asyncio.get_running_loop().run_in_executor(
        _THREADS, lambda: context.run(call, *args, **kwargs)
    )
    return await waiting
