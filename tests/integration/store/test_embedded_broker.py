"""The supervisor of the broker: killed, doubled, and who may say what to whom."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from domain.errors import ServerError
from service.embedded.broker import MAX_PAYLOAD_BYTES, EmbeddedBroker
from service.embedded.folder import wait_until

READINGS = "hydronum/v1/wallonia/D1/readings"
ACK = "hydronum/v1/wallonia/D1/ack"


@pytest.fixture
def server(server_folder: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(server_folder) as running:
        yield running


class Client:
    """A client with a persistent session that notes what it receives."""

    def __init__(self, url: str, client_id: str) -> None:
        parts = urlsplit(url)
        self.received: list[tuple[str, bytes, bool]] = []
        self.connected = threading.Event()
        self.refused = threading.Event()
        self.subscribed: list[bool] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=False, reconnect_on_failure=False
        )
        self._client.username_pw_set(parts.username, unquote(parts.password or ""))
        self._client.on_connect = lambda _client, _userdata, _flags, reason, _properties: (
            self.refused if reason.is_failure else self.connected
        ).set()
        self._client.on_message = lambda _client, _userdata, got: self.received.append(
            (got.topic, bytes(got.payload), bool(got.retain))
        )
        self._client.on_subscribe = lambda _client, _userdata, _mid, reasons, _properties: self.subscribed.append(
            not reasons[0].is_failure
        )
        self._client.connect(parts.hostname or "", parts.port or 0)
        self._client.loop_start()

    def subscribe(self, topic: str) -> bool:
        """Return whether the broker granted the subscription."""
        count = len(self.subscribed)
        self._client.subscribe(topic, qos=1)
        assert wait_until(lambda: len(self.subscribed) > count, 10)
        return self.subscribed[-1]

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> mqtt.MQTTMessageInfo:
        return self._client.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def client(url: str, client_id: str) -> Iterator[Client]:
    connected = Client(url, client_id)
    try:
        assert wait_until(connected.connected.is_set, 10)
        yield connected
    finally:
        connected.close()


def kill(server: EmbeddedBroker) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_alive(), 10)


def test_killed_broker_keeps_what_it_acknowledged_for_an_absent_subscriber(server: EmbeddedBroker) -> None:
    with client(server.url("ingest"), "ingest") as ingest:
        assert ingest.subscribe("hydronum/v1/+/+/readings")
    port = server.port
    with client(server.url("field"), "D1") as field:
        sent = [field.publish(READINGS, str(number).encode()) for number in range(500)]
        assert wait_until(lambda: all(info.is_published() for info in sent), 30)
        kill(server)
    server.start()
    assert server.port == port
    with client(server.url("ingest"), "ingest") as ingest:
        assert wait_until(lambda: len({payload for _, payload, _ in ingest.received}) == 500, 30)


def test_retained_mark_outlives_a_killed_broker(server: EmbeddedBroker) -> None:
    with client(server.url("ingest"), "ingest") as ingest:
        info = ingest.publish(ACK, b'{"boot":"b1","seq":17}', retain=True)
        assert wait_until(info.is_published, 10)
        kill(server)
    server.start()
    with client(server.url("field"), "D1") as field:
        assert field.subscribe(ACK)
        assert wait_until(lambda: field.received == [(ACK, b'{"boot":"b1","seq":17}', True)], 10)


def test_field_reads_acks_and_writes_readings_and_nothing_else(broker: EmbeddedBroker) -> None:
    with client(broker.url("ingest"), "acl-ingest") as ingest, client(broker.url("field"), "acl-field") as field:
        assert ingest.subscribe("hydronum/v1/#")
        assert field.subscribe("hydronum/v1/+/+/ack")
        assert not field.subscribe("hydronum/v1/+/+/readings")
        assert not field.subscribe("#")
        field.publish("hydronum/v1/wallonia/D2/ack", b"forged mark")
        field.publish("elsewhere", b"anything")
        field.publish("hydronum/v1/wallonia/D2/readings", b"true")
        assert wait_until(lambda: ("hydronum/v1/wallonia/D2/readings", b"true", False) in ingest.received, 10)
        # Other tests leave retained marks of their own devices on this broker.
        ours = [item for item in ingest.received if "/D2/" in item[0] or item[0] == "elsewhere"]
        assert {payload for _, payload, _ in ours} == {b"true"}
        assert not [item for item in field.received if "/D2/" in item[0]]


@pytest.mark.parametrize("user", ["field:wrong", "nobody:x", ""])
def test_stranger_is_refused(broker: EmbeddedBroker, user: str) -> None:
    stranger = Client(f"mqtt://{user}@127.0.0.1:{broker.port}", "stranger")
    try:
        assert wait_until(stranger.refused.is_set, 10)
        assert not stranger.connected.is_set()
    finally:
        stranger.close()


def test_oversized_message_ends_its_sender_alone(broker: EmbeddedBroker) -> None:
    with client(broker.url("ingest"), "size-ingest") as ingest, client(broker.url("field"), "size-field") as field:
        assert ingest.subscribe("hydronum/v1/+/D3/readings")
        field.publish("hydronum/v1/wallonia/D3/readings", b"x" * (2 * MAX_PAYLOAD_BYTES))
        with client(broker.url("field"), "size-other") as other:
            other.publish("hydronum/v1/wallonia/D3/readings", b"small")
            assert wait_until(lambda: [got[1] for got in ingest.received] == [b"small"], 10)


def test_second_start_on_the_same_folder_is_refused_in_words(server: EmbeddedBroker, server_folder: Path) -> None:
    with pytest.raises(ServerError, match="in use by another running HydroNum"):
        EmbeddedBroker(server_folder).start()
    assert server.is_alive()


def test_restart_keeps_port_and_passwords(server: EmbeddedBroker, server_folder: Path) -> None:
    before = server.url("field")
    server.stop()
    server.start()
    assert server.url("field") == before
    assert (server_folder / "broker.conf").stat().st_mode & 0o077 == 0


def test_unknown_user_has_no_url(broker: EmbeddedBroker) -> None:
    with pytest.raises(KeyError):
        broker.url("somebody")
