"""One JSON line for each event, on standard error, carrying the request's id.

Secrets, tokens and links never come here; values are facts such as ids, names and durations.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar

import structlog

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def _with_request_id(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    current = request_id.get()
    if current is not None:
        event["request"] = current
    return event


def configure(level: int = logging.INFO) -> None:
    """Write events from this level on to standard error.

    A traceback is told by its lines alone: the values of variables may be secrets.
    """
    structlog.configure(
        processors=[
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=True,
    )


configure()  # whoever imports this, so that nothing is ever told as structlog tells it by itself


def logger() -> structlog.typing.FilteringBoundLogger:
    """Where events go."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return log
