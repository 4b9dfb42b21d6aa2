"""The role ``ingest`` of a process: subscriber and pipeline joined."""

from __future__ import annotations

import threading
from datetime import datetime

from prometheus_client import CollectorRegistry

from domain.clock import Clock
from ingest.metrics import IngestMetrics
from ingest.mqtt import Subscriber
from ingest.pipeline import Pipeline
from ingest.ports import ReadingStore
from ingest.settings import IngestSettings


class IngestRole:
    """Everything that one ingester is; made by the composition root.

    Parameters
    ----------
    store
        Where readings are committed; used by the thread that calls :meth:`run` alone.
    broker_url
        ``mqtt://user:password@host:port``, or ``mqtts`` for TLS.
    clock
        Time of the run. It must not lag more than ``settings.ahead`` behind the observed times that
        arrive, or they are refused as lying in the future.
    registry
        Takes the metrics.

    Raises
    ------
    ConfigurationError
        If the broker's URL, the basin's id or the certificates cannot be used.
    """

    def __init__(
        self,
        store: ReadingStore,
        broker_url: str,
        basin_id: str,
        clock: Clock,
        registry: CollectorRegistry,
        settings: IngestSettings | None = None,
    ) -> None:
        settings = settings or IngestSettings()
        self._subscriber = Subscriber(broker_url, basin_id, settings)
        self._pipeline = Pipeline(store, self._subscriber, basin_id, clock, IngestMetrics(registry), settings)

    @property
    def newest_commit_at(self) -> datetime | None:
        """Run time of the newest commit: the figure for a watchdog, for a connection may be up and idle."""
        return self._pipeline.newest_commit_at

    def is_connected(self) -> bool:
        """Tell whether the subscription at the broker stands."""
        return self._subscriber.is_connected()

    def run(self, stop: threading.Event) -> None:
        """Ingest until ``stop`` is set. An unreachable broker or store is waited for, not raised."""
        self._subscriber.start()
        try:
            self._pipeline.run(stop)
        finally:
            self._subscriber.stop()
