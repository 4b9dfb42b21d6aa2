"""Devices that publish, and an ingester that runs in a thread, for the tests of the whole way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client import CollectorRegistry

from domain.clock import EventClock, format_utc
from ingest.mqtt import BrokerAddress
from ingest.ports import ReadingStore
from ingest.role import IngestRole
from ingest.settings import IngestSettings
from store.connection import Database
from store.readings import ReadingRepository

NOON = datetime(2021, 7, 14, 12, tzinfo=UTC)
DEVICE = "VES_VERVIERS"
QUICK = IngestSettings(reconnect_max_s=1)


def wait_for(condition: Callable[[], bool], patience_s: float = 30.0) -> None:
    until = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def field_message(seq: int, values: Sequence[Any] | None = None, device: str = DEVICE) -> bytes:
    observed_at = format_utc(NOON - timedelta(days=1) + timedelta(seconds=seq))
    level = {"station": device, "variable": "level", "unit": "m", "value": 1.0 + seq / 1e4, "observed_at": observed_at}
    whole = {"device": device, "boot": "b1", "seq": seq, "values": [level] if values is None else list(values)}
    return json.dumps(whole).encode()


class Devices:
    """Publishes for any device and reads the high-water marks that come back."""

    def __init__(self, url: str, basin_id: str) -> None:
        self.basin_id = basin_id
        self.marks: dict[str, int] = {}
        address = BrokerAddress.parse(url)
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"field-{basin_id}", clean_session=False, protocol=paho.MQTTv311
        )
        self._client.username_pw_set(address.user, address.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(500)
        self._client.on_message = self._on_mark
        self._client.on_connect = lambda client, *_: client.subscribe(f"hydronum/v1/{basin_id}/+/ack", qos=1)
        self._client.connect(address.host, address.port)
        self._client.loop_start()

    def publish(self, *payloads: bytes, device: str = DEVICE, qos: int = 1) -> None:
        """Publish and wait until the broker has taken everything."""
        wait_for(self._client.is_connected)
        topic = f"hydronum/v1/{self.basin_id}/{device}/readings"
        for sent in [self._client.publish(topic, payload, qos=qos) for payload in payloads]:
            sent.wait_for_publish(60)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_mark(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self.marks[message.topic.split("/")[3]] = json.loads(message.payload)["seq"]


@contextmanager
def devices_at(url: str, basin_id: str) -> Iterator[Devices]:
    devices = Devices(url, basin_id)
    try:
        yield devices
    finally:
        devices.close()


@contextmanager
def running(
    store: ReadingStore,
    broker_url: str,
    basin_id: str,
    settings: IngestSettings = QUICK,
    registry: CollectorRegistry | None = None,
) -> Iterator[IngestRole]:
    """Run an ingester in a thread until the block ends."""
    stop = threading.Event()
    role = IngestRole(store, broker_url, basin_id, EventClock(NOON), registry or CollectorRegistry(), settings)
    thread = threading.Thread(target=role.run, args=(stop,))
    thread.start()
    try:
        yield role
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def repository(database: Database, *devices: str) -> ReadingRepository:
    store = ReadingRepository(database)
    store.register_devices({device: [device] for device in devices or (DEVICE,)})
    return store


def count(database: Database, table: str = "reading") -> int:
    with database.transaction() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def reasons(database: Database) -> list[str]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT reason FROM dead_letter ORDER BY dead_letter_id").fetchall()
    return [reason for (reason,) in rows]
