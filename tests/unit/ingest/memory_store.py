"""A store in memory that keeps the promises of ingest.ports.ReadingStore, for tests without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.errors import StoreUnavailable
from domain.readings import (
    CommitResult,
    DeadLetter,
    Flag,
    LastReading,
    MessageKey,
    Observation,
    Quality,
    SeriesKey,
)
from tests.unit.ingest.field_messages import DEVICES


class Stored(NamedTuple):
    value: float | None
    quality: Quality


class MemoryStore:
    """``away`` makes it unavailable; ``indigestible`` names values on which it fails like a bug would."""

    def __init__(self, devices: Mapping[str, frozenset[str]] = DEVICES) -> None:
        self.registered = dict(devices)
        self.revisions: dict[tuple[SeriesKey, datetime], list[Stored]] = {}
        self.dead_letters: list[DeadLetter] = []
        self.messages: set[MessageKey] = set()
        self.commits = 0
        self.newest_commit_at: datetime | None = None
        self.away = False
        self.indigestible: set[float] = set()

    def devices(self) -> Mapping[str, frozenset[str]]:
        self._must_be_there()
        return dict(self.registered)

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        self._must_be_there()
        newest: dict[SeriesKey, LastReading] = {}
        for series, observed_at in sorted(self.revisions, key=lambda key: key[1]):
            first = self.revisions[series, observed_at][0]
            newest[series] = LastReading(first.value, observed_at, first.quality.flag, observed_at)
        return newest

    def commit_batch(
        self,
        observations: Sequence[Observation],
        dead_letters: Sequence[DeadLetter],
        messages: Sequence[MessageKey],
        committed_at: datetime,
    ) -> CommitResult:
        self._must_be_there()
        if any(observation.reading.value in self.indigestible for observation in observations):
            raise ValueError("cannot digest this")
        self.commits += 1
        self.newest_commit_at = committed_at
        outcomes = [self._store(observation) for observation in observations]
        kept = {(letter.received_at, letter.topic, letter.payload): letter for letter in self.dead_letters}
        fresh = {(letter.received_at, letter.topic, letter.payload): letter for letter in dead_letters}
        fresh = {key: letter for key, letter in fresh.items() if key not in kept}
        self.dead_letters += fresh.values()
        self.messages |= set(messages)
        return CommitResult(
            stored=outcomes.count("stored"),
            duplicates=outcomes.count("duplicate"),
            conflicts=outcomes.count("conflict"),
            dead_lettered=len(fresh),
            high_water={(key.device_id, key.boot_id): self._high_water(key) for key in messages},
        )

    def current(self) -> dict[tuple[SeriesKey, datetime], float | None]:
        return {key: revisions[0].value for key, revisions in self.revisions.items()}

    def quality(self, series: SeriesKey, observed_at: datetime) -> Quality:
        return self.revisions[series, observed_at][0].quality

    def _store(self, observation: Observation) -> str:
        reading, quality = observation
        revisions = self.revisions.setdefault((reading.series, reading.observed_at), [])
        if any(known.value == reading.value for known in revisions):
            return "duplicate"
        if revisions:
            revisions.append(Stored(reading.value, Quality(Flag.SUSPECT, "conflict")))
            return "conflict"
        revisions.append(Stored(reading.value, quality))
        return "stored"

    def _high_water(self, key: MessageKey) -> int:
        seq = 0
        while key._replace(seq=seq + 1) in self.messages:
            seq += 1
        return seq

    def _must_be_there(self) -> None:
        if self.away:
            raise StoreUnavailable("switched off by the test")
