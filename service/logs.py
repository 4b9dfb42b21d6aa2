"""Logging of a role: one JSON object a line on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON: time, level, logger, message and, if there is one, the traceback."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure_logging(level: int = logging.INFO) -> None:
    """Send everything from ``level`` on to standard error as JSON; called once at start of a role."""
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[sink], force=True)
    # Their ticks at INFO are not transitions of ours.
    for noisy in ("apscheduler", "numba", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It logs every attempt to reconnect; who needs the database says once that it is away.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
