"""The log: one record a line on stderr, as JSON for machines or as text for people."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]


def configure(form: Format, level: Level, stream: TextIO | None = None) -> None:
    """Sends what this process logs, the web server's own messages included, to stderr. For the command line only."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("alembic", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))


def announce(message: str, **fields: object) -> None:
    """What is said at every level, such as the address to go to."""
    record = logging.makeLogRecord(
        {"name": "broker", "levelno": logging.INFO, "levelname": "INFO", "msg": message, "fields": fields}
    )
    for handler in logging.getLogger().handlers:
        handler.handle(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode("utf-8")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items() if value is not None)
        # A line break in a message would look like a record of its own.
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        line = f"{_instant(record)} {record.levelname} {record.name}: {message}"
        line = f"{line} {fields}" if fields else line
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a caller passed as `extra={"fields": {...}}`."""
    found: dict[str, Any] = getattr(record, "fields", {})
    return found
