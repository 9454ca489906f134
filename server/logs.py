"""Decide what a log line looks like: one JSON object, with no bodies, passwords or tokens in it."""

import logging
import sys
from typing import Any

import msgspec
import structlog


def set_up_logs(level: str) -> None:
    """Lines of this program and of its libraries alike go to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_encode),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Its own words on starting and stopping say nothing that ours do not.
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, root.level))


def _encode(event: Any, default: Any = None, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
