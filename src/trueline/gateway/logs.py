"""Log lines: an event's name and its fields; JSON when nobody watches a terminal.

>>> record = logging.LogRecord("trueline", logging.INFO, "", 0, "policy_reloaded", None, None)
>>> record.source = "policy.yaml"
>>> PlainFormatter().format(record).split(" ", 1)[1]
'INFO policy_reloaded source=policy.yaml'
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

# What every record has; the rest came through `extra`.
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {
    "message", "asctime", "taskName", "color_message",
}  # fmt: skip


def set_up_logs(level: str) -> None:
    """Send log lines to stderr, in words at a terminal and as JSON elsewhere."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter() if sys.stderr.isatty() else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Other libraries speak up when something is wrong; their lines may quote a request.
    for name in ("asyncio", "uvicorn", "uvicorn.error", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)


class PlainFormatter(logging.Formatter):
    """`12:00:01 INFO event field=value`."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return f"{time} {record.levelname} {record.getMessage()}{fields}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {k: v for k, v in vars(record).items() if k not in _STANDARD}
    if record.exc_info and record.exc_info[0]:
        # An exception's words may quote a text; its kind and place do not.
        fields["error"] = record.exc_info[0].__name__
        trace = record.exc_info[2]
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            fields["at"] = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return fields
