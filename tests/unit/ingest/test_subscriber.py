"""The subscriber without a broker: its address, what its callbacks do, which acknowledgements it drops."""

from __future__ import annotations

from pathlib import Path

import paho.mqtt.client as paho
import pytest

from domain.errors import ConfigurationError
from ingest import mqtt
from ingest.messages import PAYLOAD_LIMIT
from ingest.mqtt import BrokerAddress, Subscriber
from ingest.settings import IngestSettings

URL = "mqtt://ingest:secret@127.0.0.1:1"


@pytest.fixture
def acknowledged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the packet ids whose acknowledgement goes to the network."""
    sent: list[int] = []
    monkeypatch.setattr(paho.Client, "ack", lambda _client, mid, _qos: sent.append(mid))
    return sent


def subscriber(url: str = URL, basin_id: str = "testland", **settings: object) -> Subscriber:
    return Subscriber(url, basin_id, IngestSettings.model_validate(settings))


def arrive(at: Subscriber, mid: int, topic: bytes = b"t", payload: bytes = b"p", qos: int = 1) -> None:
    message = paho.MQTTMessage(mid, topic)
    message.payload, message.qos = payload, qos
    at._on_message(at._client, None, message)


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("mqtt://127.0.0.1:1884", BrokerAddress("127.0.0.1", 1884, None, None, False)),
            ("mqtt://u:p%2Fq@[::1]", BrokerAddress("::1", 1883, "u", "p/q", False)),
            ("mqtts://broker.example", BrokerAddress("broker.example", 8883, None, None, True)),
        ],
    )
    def test_parts(self, url: str, expected: BrokerAddress) -> None:
        assert BrokerAddress.parse(url) == expected

    @pytest.mark.parametrize(
        "url", ["", "127.0.0.1:1883", "http://h", "mqtt://", "mqtt://u:hush@h:port", "tcp://u:hush@h"]
    )
    def test_faults_are_told_without_the_password(self, url: str) -> None:
        with pytest.raises(ConfigurationError) as fault:
            BrokerAddress.parse(url)
        assert "hush" not in str(fault.value)

    def test_certificates_that_are_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="certificates"):
            subscriber("mqtts://broker.example", tls_ca_file=tmp_path / "absent.pem")

    def test_a_basin_that_would_match_other_topics(self) -> None:
        with pytest.raises(ConfigurationError, match="basin"):
            subscriber(basin_id="+")

    @pytest.mark.parametrize(
        ("group", "expected"),
        [("", "hydronum/v1/testland/+/readings"), ("ingest", "$share/ingest/hydronum/v1/testland/+/readings")],
    )
    def test_subscription(self, group: str, expected: str) -> None:
        assert subscriber(share_group=group).subscription == expected


class TestArrival:
    def test_messages_wait_in_order(self) -> None:
        at = subscriber()
        for mid in (1, 2, 3):
            arrive(at, mid, payload=str(mid).encode())
        assert at.depth() == 3
        assert [message.payload for message in at.take(2, 0.0)] == [b"1", b"2"]
        assert [message.payload for message in at.take(2, 0.0)] == [b"3"]

    def test_a_topic_that_is_not_utf8_is_no_exception(self) -> None:
        at = subscriber()
        arrive(at, 1, topic=b"\xff\xfe")
        assert at.take(1, 0.0)[0].topic == "not UTF-8"

    def test_of_a_long_payload_only_the_beginning_is_held(self) -> None:
        at = subscriber()
        arrive(at, 1, payload=b"x" * 10_000_000)
        assert len(at.take(1, 0.0)[0].payload) == PAYLOAD_LIMIT + 1

    def test_a_copy_of_a_held_message_is_left_out_until_it_is_acknowledged(self, acknowledged: list[int]) -> None:
        at = subscriber()
        arrive(at, 7)
        arrive(at, 7)
        (message,) = at.take(5, 0.0)
        arrive(at, 7)
        assert at.depth() == 0
        at.acknowledge(message.delivery)
        arrive(at, 7)
        assert at.depth() == 1
        assert acknowledged == [7]

    def test_messages_without_receipt_are_never_copies(self, acknowledged: list[int]) -> None:
        at = subscriber()
        arrive(at, 0, qos=0)
        arrive(at, 0, qos=0)
        for message in at.take(5, 0.0):
            at.acknowledge(message.delivery)
        assert acknowledged == []

    def test_a_full_queue_raises_nothing_and_forgets_what_it_could_not_hold(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mqtt, "ROOM_WITHIN_S", 0.0)
        at = subscriber(queue_messages=1)
        arrive(at, 1)
        arrive(at, 2)
        assert [message.delivery.mid for message in at.take(5, 0.0)] == [1]
        arrive(at, 2)
        assert [message.delivery.mid for message in at.take(5, 0.0)] == [2]


class TestConnections:
    def test_acknowledgements_of_an_older_connection_are_dropped(self, acknowledged: list[int]) -> None:
        at = subscriber()
        arrive(at, 1)
        (old,) = at.take(5, 0.0)
        at._begin_epoch()
        arrive(at, 1)  # another message under the same packet id, or the copy of the old one
        (new,) = at.take(5, 0.0)
        at.acknowledge(old.delivery)
        assert acknowledged == []
        at.acknowledge(new.delivery)
        assert acknowledged == [1]

    def test_nothing_is_announced_without_a_connection(self) -> None:
        at = subscriber()
        at.announce("D1", "b1", 5)
        assert not at._client.want_write()
