"""An ingester that kills itself after its n-th commit, before anything of it is acknowledged.

Usage: python -m tests.integration.ingest.dies_after_commit DATABASE_URL BROKER_URL BASIN_ID N
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry

from domain.clock import EventClock
from domain.readings import CommitResult, DeadLetter, LastReading, MessageKey, Observation, SeriesKey
from ingest.role import IngestRole
from ingest.settings import IngestSettings
from store.connection import Database
from store.readings import ReadingRepository
from tests.integration.ingest.ingest_bench import NOON


class DeadlyStore:
    def __init__(self, repository: ReadingRepository, commits: int) -> None:
        self._repository = repository
        self._left = commits

    def devices(self) -> Mapping[str, frozenset[str]]:
        return self._repository.devices()

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        return self._repository.last_readings()

    def commit_batch(
        self,
        observations: Sequence[Observation],
        dead_letters: Sequence[DeadLetter],
        messages: Sequence[MessageKey],
        committed_at: datetime,
    ) -> CommitResult:
        result = self._repository.commit_batch(observations, dead_letters, messages, committed_at)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def main() -> None:
    database_url, broker_url, basin_id, commits = sys.argv[1:]
    with Database(database_url) as database:
        store = DeadlyStore(ReadingRepository(database), int(commits))
        settings = IngestSettings(batch_messages=50)
        IngestRole(store, broker_url, basin_id, EventClock(NOON), CollectorRegistry(), settings).run(threading.Event())


if __name__ == "__main__":
    main()
