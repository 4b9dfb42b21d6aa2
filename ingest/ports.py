"""What ingest needs of a store. The store satisfies it structurally; service/wiring.py joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.readings import CommitResult, DeadLetter, LastReading, MessageKey, Observation, SeriesKey


class ReadingStore(Protocol):
    """Durable home of readings and dead letters."""

    def devices(self) -> Mapping[str, frozenset[str]]:
        """Return the stations that each registered device may report, by device id."""
        ...

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Return the newest reading of every series, by observed time."""
        ...

    def commit_batch(
        self,
        observations: Sequence[Observation],
        dead_letters: Sequence[DeadLetter],
        messages: Sequence[MessageKey],
        committed_at: datetime,
    ) -> CommitResult:
        """Write readings, dead letters and message keys in one transaction.

        Idempotent: repeating a batch stores nothing new. A known key with another value is stored as a
        further revision flagged SUSPECT with rule ``conflict``; the first stays current.

        Raises
        ------
        StoreUnavailable
            When nothing was committed; the caller must not acknowledge.
        """
        ...
