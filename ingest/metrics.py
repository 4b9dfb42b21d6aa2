"""Figures of ingest for Prometheus, on a registry that is passed in."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.readings import CommitResult, DeadLetter, Flag, Observation

COMMIT_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class IngestMetrics:
    """Counters and gauges of one ingester; wall time appears here and nowhere else in ingest."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._readings = Counter(
            "hydronum_ingest_readings", "Readings committed, copies included", ["flag"], registry=registry
        )
        self._dead_letters = Counter(
            "hydronum_ingest_dead_letters", "Messages or values kept as dead letters", ["reason"], registry=registry
        )
        self._rows = Counter("hydronum_ingest_rows", "What commits did to the store", ["outcome"], registry=registry)
        self._batches = Counter("hydronum_ingest_batches", "Batches committed", registry=registry)
        self._messages = Counter("hydronum_ingest_messages", "Messages committed", registry=registry)
        self._faults = Counter("hydronum_ingest_store_failures", "Commits that the store refused", registry=registry)
        self._commit = Histogram(
            "hydronum_ingest_commit_seconds", "Time of a commit", buckets=COMMIT_BUCKETS_S, registry=registry
        )
        self._depth = Gauge("hydronum_ingest_queue_depth", "Messages waiting in memory", registry=registry)
        self._newest = Gauge(
            "hydronum_ingest_newest_commit_timestamp_seconds", "Wall time of the newest commit", registry=registry
        )
        for flag in Flag:  # a series that starts at nought shows its first increase
            self._readings.labels(flag.value)

    def committed(
        self,
        messages: int,
        observations: Sequence[Observation],
        dead_letters: Sequence[DeadLetter],
        result: CommitResult,
        seconds: float,
    ) -> None:
        """Count one committed batch that took ``seconds`` of wall time."""
        self._batches.inc()
        self._messages.inc(messages)
        self._commit.observe(seconds)
        self._newest.set(time.time())
        for flag, count in Tally(observation.quality.flag for observation in observations).items():
            self._readings.labels(flag.value).inc(count)
        for reason, count in Tally(letter.reason for letter in dead_letters).items():
            self._dead_letters.labels(reason).inc(count)
        self._rows.labels("stored").inc(result.stored)
        self._rows.labels("duplicate").inc(result.duplicates)
        self._rows.labels("conflict").inc(result.conflicts)

    def refused(self) -> None:
        """Count one commit that the store refused."""
        self._faults.inc()

    def waiting(self, messages: int) -> None:
        """Show how many messages wait in memory."""
        self._depth.set(messages)
