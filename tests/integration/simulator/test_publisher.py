"""The publisher against a real broker: all arrives in order, a killed broker loses nothing, refusals are said."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from domain.errors import ServerError
from service.embedded.broker import EmbeddedBroker
from simulator.messages import FieldMessage
from simulator.publisher import Publisher


def numbered(device_id: str, count: int) -> list[FieldMessage]:
    topic = f"hydronum/v1/tiny/{device_id}/readings"
    return [FieldMessage(topic, f'{{"seq":{k}}}'.encode(), device_id, "b1", k) for k in range(1, count + 1)]


class Listener:
    """A subscriber that keeps what arrives."""

    def __init__(self, broker: EmbeddedBroker, device_id: str) -> None:
        self.arrived: queue.Queue[bytes] = queue.Queue()
        self._ready = threading.Event()
        user, password = broker.url("ingest").removeprefix("mqtt://").split("@")[0].split(":")
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{device_id}", clean_session=False)
        self._client.username_pw_set(user, password)
        self._client.on_message = lambda _client, _userdata, message: self.arrived.put(message.payload)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(f"hydronum/v1/tiny/{device_id}/readings", qos=1)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def take(self, count: int, timeout_s: float = 30.0) -> list[bytes]:
        """Return payloads until ``count`` different ones have arrived."""
        found: list[bytes] = []
        deadline = time.monotonic() + timeout_s
        while len(set(found)) < count and time.monotonic() < deadline:
            try:
                found.append(self.arrived.get(timeout=0.2))
            except queue.Empty:
                continue
        return found

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_every_message_arrives_once_and_in_order(broker: EmbeddedBroker) -> None:
    sent = numbered("PUB_ORDER", 1500)
    listener = Listener(broker, "PUB_ORDER")
    with Publisher(broker.url("field"), "tiny", client_id="publisher-order") as publisher:
        publisher.publish(sent[:700])
        publisher.publish(sent[700:])
        publisher.publish([])
    assert listener.take(1500) == [message.payload for message in sent]
    listener.close()


def test_a_killed_broker_loses_nothing(tmp_path: Path) -> None:
    sent = numbered("PUB_KILL", 6000)
    with EmbeddedBroker(tmp_path) as broker:
        listener = Listener(broker, "PUB_KILL")
        with Publisher(broker.url("field"), "tiny", client_id="publisher-kill") as publisher:
            done = threading.Thread(target=publisher.publish, args=(sent,))
            done.start()
            arrived = set(listener.take(200))
            assert broker.pid is not None
            os.kill(broker.pid, signal.SIGKILL)
            while broker.is_alive():
                time.sleep(0.02)
            assert done.is_alive()
            broker.start()
            done.join(60)
            assert not done.is_alive()
        missing = {message.payload for message in sent} - arrived
        missing -= set(listener.take(len(missing)))
        # Redelivered copies of what had arrived count among those taken, so ask again while any come.
        while missing and (more := listener.take(1, timeout_s=5)):
            missing -= set(more)
        listener.close()
        assert not missing


def test_a_refusal_is_said_at_once(broker: EmbeddedBroker) -> None:
    wrong = broker.url("field").replace("field:", "field:wrong")
    with pytest.raises(ServerError, match="refuses the publisher"):
        Publisher(wrong, "tiny", timeout_s=30)


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        url = broker.url("field")
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:.* does not answer"):
        Publisher(url, "tiny", timeout_s=1.0)
