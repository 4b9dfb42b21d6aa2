"""Word of a commit: sent with the transaction that it is about, heard by whoever listens."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from domain.clock import format_utc, parse_utc
from domain.records import Notice, Topic
from store.connection import Connection

CHANNEL: Final = "hydronum"


def announce(connection: Connection, topic: Topic, reference: int | None, at: datetime) -> None:
    """Tell listeners, when the transaction of ``connection`` commits, that something changed."""
    word = json.dumps({"topic": topic.value, "id": reference, "at": format_utc(at)})
    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, word))


def parse_notice(payload: str) -> Notice:
    """Read what :func:`announce` wrote.

    >>> parse_notice('{"topic": "alerts", "id": 7, "at": "2021-07-14T00:00:00Z"}').reference
    7
    """
    word = json.loads(payload)
    return Notice(Topic(word["topic"]), word["id"], parse_utc(word["at"]))
