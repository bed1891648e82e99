"""Structured logs on standard error: readable on a terminal, one JSON object a line elsewhere.

Standard output belongs to answers. Values whose name says that they are secret are masked before anything is
written, and so are passwords inside URLs.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import msgspec
import structlog

_SECRET_NAME = re.compile(
    r"(^|_)(password|secret|token|authorization|cookie|dsn|api_?key|key)$", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_KEY_LIKE = re.compile(r"\b(sk|pk|rk|whsec|AIza)[-_A-Za-z0-9]{16,}")
MASK = "********"
_HANDLER = "leadline"


def configure_logging(
    level: str = "info",
    format: Literal["auto", "console", "json"] = "auto",  # noqa: A002 - the setting is called log_format
    stream: TextIO | None = None,
) -> None:
    """Set up logging of the process; call it at the edge. ``stream`` is standard error unless given.

    A program that uses Leadline as a library does not call it, and finds our records in its own ``logging``.
    """
    stream = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and stream.isatty())
    renderer: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if console
        else [structlog.processors.format_exc_info, mask_secrets, structlog.processors.JSONRenderer(_dumps)]
    )
    handler = logging.StreamHandler(stream)
    handler.set_name(_HANDLER)
    handler.setLevel(level.upper())  # some libraries set their own loggers to DEBUG when they are imported
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_ENRICH,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if h.get_name() == _HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpx2", "httpcore", "openai", "anthropic", "asyncio", "mcp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; events are short past-tense phrases, everything else goes into named values."""
    # Configured one by one: structlog's global configuration belongs to the program that imports us.
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *_ENRICH,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return logger


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask values with a secret's name, passwords in URLs, and what looks like an API key."""
    for name, value in event.items():
        if _SECRET_NAME.search(name) and value is not None:
            event[name] = MASK
        else:
            event[name] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _KEY_LIKE.sub(MASK, _URL_PASSWORD.sub(rf"\1:{MASK}@", value))
    if isinstance(value, dict):
        return {
            k: MASK if isinstance(k, str) and _SECRET_NAME.search(k) else _masked(v) for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(v) for v in value]
    return value


def _dumps(value: Any, **_: Any) -> str:
    return msgspec.json.encode(value, enc_hook=repr).decode()


_ENRICH: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    mask_secrets,
]
