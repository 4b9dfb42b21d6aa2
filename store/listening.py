"""One connection that listens for word of commits, for as long as it takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Final

import psycopg

from domain.records import Notice, Topic
from store.notices import CHANNEL, parse_notice

log = logging.getLogger(__name__)

WAIT_S: Final = 0.5
RETRY_S: Final = 1.0


class NoticeListener:
    """Word of commits from one LISTEN connection; satisfies ``api.ports.NoticeSource``."""

    def __init__(self, url: str) -> None:
        self._url = url

    def notices(self, stopped: threading.Event) -> Iterator[Notice]:
        """Yield notices until ``stopped`` is set (seen within a second).

        Reconnects by itself for as long as it takes and yields a ``Topic.RESYNC`` notice after every
        connection, because notices may have been missed before it.
        """
        lost = False
        while not stopped.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    if lost:
                        log.info("listening to the database again")
                    lost = False
                    yield Notice(Topic.RESYNC, None, None)
                    while not stopped.is_set():
                        for notification in connection.notifies(timeout=WAIT_S):
                            yield parse_notice(notification.payload)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if not lost:
                    log.warning("the database cannot be listened to: %s", str(error).strip())
                lost = True
                stopped.wait(RETRY_S)
