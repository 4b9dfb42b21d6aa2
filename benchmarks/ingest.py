"""From MQTT to committed rows on the embedded servers: sustained rate, and delay at real-time load.

``python -m benchmarks.ingest`` prints one line a measure. The peer of the same run is the store alone:
as many messages, decoded and judged beforehand, committed in full batches without a broker.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client import CollectorRegistry

from domain.clock import WallClock
from domain.readings import CommitResult, DeadLetter, LastReading, MessageKey, Observation, SeriesKey
from ingest.messages import decode, readings_topic
from ingest.mqtt import BrokerAddress
from ingest.quality import check
from ingest.role import IngestRole
from service.embedded.broker import EmbeddedBroker
from service.embedded.postgres import EmbeddedPostgres
from store.connection import Database
from store.migrations import migrate
from store.readings import ReadingRepository

BASIN = "bench"
DEVICES = [f"D{number:03d}" for number in range(160)]
BURST = 20_000
BATCH = 500
LIVE_PER_S = 20
LIVE = 400


class TimedStore:
    """The real store, noting when each message was committed and how long after it was observed."""

    def __init__(self, repository: ReadingRepository) -> None:
        self.repository = repository
        self.delays_s: list[float] = []
        self.committed = 0

    def devices(self) -> Mapping[str, frozenset[str]]:
        """Pass on."""
        return self.repository.devices()

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Pass on."""
        return self.repository.last_readings()

    def commit_batch(
        self,
        observations: Sequence[Observation],
        dead_letters: Sequence[DeadLetter],
        messages: Sequence[MessageKey],
        committed_at: datetime,
    ) -> CommitResult:
        """Commit, then note the time."""
        result = self.repository.commit_batch(observations, dead_letters, messages, committed_at)
        now = datetime.now(UTC)
        self.delays_s += [(now - observation.reading.observed_at).total_seconds() for observation in observations]
        self.committed += len(messages)
        return result


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as server,
        EmbeddedBroker(Path(folder) / "broker") as broker,
    ):
        url = server.create_database("bench")
        migrate(url, age_policies=False)
        with Database(url) as database:
            repository = ReadingRepository(database)
            repository.register_devices({device: [device] for device in DEVICES})
            _measure_way(repository, broker)
            _measure_store(repository)


def _measure_way(repository: ReadingRepository, broker: EmbeddedBroker) -> None:
    store, stop = TimedStore(repository), threading.Event()
    role = IngestRole(store, broker.url("ingest"), BASIN, WallClock(), CollectorRegistry())
    thread = threading.Thread(target=role.run, args=(stop,))
    thread.start()
    try:
        _wait(role.is_connected)
        _send(broker.url("field"), "b1", BURST, per_s=None)
        started = time.perf_counter()
        _wait(lambda: store.committed >= BURST)
        rate = BURST / (time.perf_counter() - started)
        print(f"MQTT to committed rows, burst of {BURST}, {len(DEVICES)} devices: {rate:,.0f} messages/s")
        store.delays_s.clear()
        _send(broker.url("field"), "b2", LIVE, LIVE_PER_S)
        _wait(lambda: store.committed >= BURST + LIVE)
        median, high = np.quantile(store.delays_s, [0.5, 0.95]) * 1000
        print(f"published to committed at {LIVE_PER_S} messages/s: median {median:.1f} ms, 95 % {high:.1f} ms")
    finally:
        stop.set()
        thread.join()


def _measure_store(repository: ReadingRepository) -> None:
    now = datetime.now(UTC)
    devices = repository.devices()
    judged = []
    for number in range(BURST):
        topic, payload = _message("b3", number, now - timedelta(milliseconds=BURST - number))
        decoded = decode(topic, payload, now, basin_id=BASIN, devices=devices)
        judged.append((Observation(decoded.readings[0], check(decoded.readings[0])), decoded.key))
    started = time.perf_counter()
    for first in range(0, BURST, BATCH):
        batch = judged[first : first + BATCH]
        repository.commit_batch([one for one, _ in batch], [], [key for _, key in batch if key], now)
    print(f"peer, the store alone in batches of {BATCH}: {BURST / (time.perf_counter() - started):,.0f} messages/s")


def _message(boot: str, number: int, observed_at: datetime) -> tuple[str, bytes]:
    device = DEVICES[number % len(DEVICES)]
    at = observed_at.isoformat()
    value = {"station": device, "variable": "level", "value": 1 + number % 97 / 1e3, "unit": "m", "observed_at": at}
    whole = {"device": device, "boot": boot, "seq": number // len(DEVICES) + 1, "sent_at": at, "values": [value]}
    return readings_topic(BASIN, device), json.dumps(whole).encode()


def _publish(url: str, boot: str, messages: int, per_s: float | None, begins: Any) -> None:
    address = BrokerAddress.parse(url)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"bench-{boot}", protocol=paho.MQTTv311)
    client.username_pw_set(address.user, address.password)
    client.max_inflight_messages_set(1000)
    client.connect(address.host, address.port)
    client.loop_start()
    begins.set()
    began = time.monotonic()
    receipts = []
    for number in range(messages):
        if per_s is not None:
            time.sleep(max(0.0, began + number / per_s - time.monotonic()))
        receipts.append(client.publish(*_message(boot, number, datetime.now(UTC)), qos=1))
    for receipt in receipts:
        receipt.wait_for_publish(120)
    client.disconnect()
    client.loop_stop()


def _send(url: str, boot: str, messages: int, per_s: float | None) -> None:
    """Let another process publish; return when it begins."""
    spawn = multiprocessing.get_context("spawn")
    begins = spawn.Event()
    spawn.Process(target=_publish, args=(url, boot, messages, per_s, begins), daemon=True).start()
    begins.wait(60)


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("the servers do not get on with it")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
