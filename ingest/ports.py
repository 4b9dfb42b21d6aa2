"""What ingest needs: of a store, satisfied structurally and joined by service/roles.py; of the field side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

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


class Delivery(NamedTuple):
    """Where a message came from: packet id and count of the connection, without which the id says nothing."""

    mid: int
    epoch: int


class FieldMessage(NamedTuple):
    """A message as received, its payload cut just beyond the longest that is accepted."""

    topic: str
    payload: bytes
    delivery: Delivery


class FieldSide(Protocol):
    """Where messages come from and acknowledgements go to. No method raises or waits for the network."""

    def take(self, limit: int, wait_s: float) -> list[FieldMessage]:
        """Return up to ``limit`` messages; the first waits ``wait_s`` for company. Empty when there is none."""
        ...

    def depth(self) -> int:
        """Return how many messages wait to be taken."""
        ...

    def acknowledge(self, delivery: Delivery) -> None:
        """Tell the broker that a message is safe; nothing happens when its connection is gone."""
        ...

    def announce(self, device_id: str, boot_id: str, seq: int) -> None:
        """Publish a device's high-water mark, retained; nothing happens without a connection."""
        ...
