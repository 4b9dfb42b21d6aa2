"""From a published message to committed rows, on a real broker and a real database."""

from __future__ import annotations

import logging
import math
import threading
import uuid
from collections.abc import Iterator

import paho.mqtt.client as paho
import pytest
from prometheus_client import CollectorRegistry

from domain.clock import EventClock
from domain.readings import Flag
from domain.variables import Variable
from ingest import mqtt
from ingest.metrics import IngestMetrics
from ingest.mqtt import Subscriber
from ingest.pipeline import Pipeline
from ingest.quality import RULES, Case, Rule
from ingest.settings import IngestSettings
from service.embedded.broker import EmbeddedBroker
from store.connection import Database
from tests.integration.ingest.ingest_bench import (
    DEVICE,
    NOON,
    QUICK,
    Devices,
    count,
    devices_at,
    field_message,
    reasons,
    repository,
    running,
    wait_for,
)


@pytest.fixture
def basin_id() -> str:
    """Return a basin of the test's own: the broker outlives the test."""
    return f"way_{uuid.uuid4().hex}"


@pytest.fixture
def field(broker: EmbeddedBroker, basin_id: str) -> Iterator[Devices]:
    with devices_at(broker.url("field"), basin_id) as devices:
        yield devices


def test_messages_become_rows_and_marks(
    database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str
) -> None:
    store, registry = repository(database), CollectorRegistry()
    with running(store, broker.url("ingest"), basin_id, registry=registry) as role:
        wait_for(role.is_connected)
        field.publish(*(field_message(seq) for seq in range(1, 301)))
        wait_for(lambda: field.marks.get(DEVICE) == 300)
        assert role.newest_commit_at == NOON
    assert count(database) == 300
    last = store.last_readings()
    assert {(series.station_id, series.variable, reading.flag) for series, reading in last.items()} == {
        (DEVICE, Variable.LEVEL, Flag.GOOD)
    }
    assert registry.get_sample_value("hydronum_ingest_rows_total", {"outcome": "stored"}) == 300.0


def test_messages_sent_while_nobody_listened_are_delivered_later(
    database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str
) -> None:
    store = repository(database)
    with running(store, broker.url("ingest"), basin_id) as role:
        wait_for(role.is_connected)
        field.publish(field_message(1))
        wait_for(lambda: field.marks.get(DEVICE) == 1)
    field.publish(*(field_message(seq) for seq in range(2, 51)))
    with running(store, broker.url("ingest"), basin_id):
        wait_for(lambda: field.marks.get(DEVICE) == 50)
    assert count(database) == 50


def test_copies_are_absorbed_and_another_value_is_kept_as_conflict(
    database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str
) -> None:
    other = field_message(2).replace(b"1.0002", b"1.5")
    with running(repository(database), broker.url("ingest"), basin_id) as role:
        wait_for(role.is_connected)
        field.publish(*[field_message(1)] * 5, field_message(2), other, field_message(3))
        wait_for(lambda: field.marks.get(DEVICE) == 3)
    with database.transaction() as connection:
        rows = connection.execute("SELECT revision, value, flag, rule FROM reading ORDER BY observed_at, revision")
        assert rows.fetchall() == [
            (0, 1.0001, "GOOD", "late"),
            (0, 1.0002, "GOOD", "late"),
            (1, 1.5, "SUSPECT", "conflict"),
            (0, 1.0003, "GOOD", "late"),
        ]


def test_poison_does_not_stall(database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str) -> None:
    nan = [{"station": DEVICE, "variable": "level", "value": math.nan, "unit": "m", "observed_at": "2021-07-14T11:00Z"}]
    poison = [b"\x00", b"\xff\xfe", b"[" * 10_000, b"{}", b"", b"x" * 20_000, field_message(1, nan)]
    with running(repository(database), broker.url("ingest"), basin_id) as role:
        wait_for(role.is_connected)
        field.publish(*poison * 10)
        field.publish(field_message(1), device="UNKNOWN")
        field.publish(*(field_message(seq) for seq in range(2, 12)))
        wait_for(lambda: field.marks.get(DEVICE) == 11)
    assert count(database) == 10
    assert set(reasons(database)) == {"malformed", "oversized", "not_a_number", "wrong_topic"}


def test_an_oversized_message_is_kept_in_part(
    database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str
) -> None:
    with running(repository(database), broker.url("ingest"), basin_id) as role:
        wait_for(role.is_connected)
        field.publish(field_message(1) + b" " * 20_000, field_message(2))
        wait_for(lambda: count(database) == 1)
    assert reasons(database) == ["oversized"]
    with database.transaction() as connection:
        (payload,) = connection.execute("SELECT payload FROM dead_letter").fetchone() or (b"",)
    assert payload.startswith(field_message(1))
    assert len(payload) == 16 * 1024


def test_a_rule_that_fails_does_not_stall(
    database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str
) -> None:
    def fails(case: Case) -> bool:
        return 1 / (case.reading.seq - 2) > 2

    rules = (Rule("buggy", Flag.BAD, fails), *RULES)
    subscriber = Subscriber(broker.url("ingest"), basin_id, QUICK)
    metrics = IngestMetrics(CollectorRegistry())
    pipeline = Pipeline(repository(database), subscriber, basin_id, EventClock(NOON), metrics, QUICK, rules)
    stop = threading.Event()
    worker = threading.Thread(target=pipeline.run, args=(stop,))
    subscriber.start()
    worker.start()
    try:
        wait_for(subscriber.is_connected)
        field.publish(*(field_message(seq) for seq in (1, 2, 3)))
        wait_for(lambda: field.marks.get(DEVICE) == 3)
    finally:
        stop.set()
        worker.join()
        subscriber.stop()
    assert count(database) == 2
    assert reasons(database) == ["internal"]


def test_a_full_queue_slows_the_broker_down(
    database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str
) -> None:
    tiny = IngestSettings(queue_messages=5, batch_messages=3, reconnect_max_s=1)
    with running(repository(database), broker.url("ingest"), basin_id, tiny) as role:
        wait_for(role.is_connected)
        field.publish(*(field_message(seq) for seq in range(1, 201)))
        wait_for(lambda: field.marks.get(DEVICE) == 200)
    assert count(database) == 200


def test_what_found_no_room_comes_again_after_a_reconnection(
    database: Database,
    broker: EmbeddedBroker,
    field: Devices,
    basin_id: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(mqtt, "ROOM_WITHIN_S", 0.0)
    small = IngestSettings(queue_messages=40, batch_messages=40, reconnect_max_s=1)
    with (
        caplog.at_level(logging.WARNING, "ingest.mqtt"),
        running(repository(database), broker.url("ingest"), basin_id, small) as role,
    ):
        wait_for(role.is_connected)
        field.publish(*(field_message(seq) for seq in range(1, 101)))
        wait_for(lambda: field.marks.get(DEVICE) == 100)
    assert count(database) == 100
    assert "the queue was full" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the dead thread's socket pair
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # its death is the test
def test_a_dead_network_thread_is_revived(
    database: Database, broker: EmbeddedBroker, field: Devices, basin_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies_once(*_: object) -> None:
        monkeypatch.undo()
        raise RuntimeError("a fault inside the MQTT library")

    with running(repository(database), broker.url("ingest"), basin_id) as role:
        wait_for(role.is_connected)
        monkeypatch.setattr(paho.Client, "_handle_publish", dies_once)
        field.publish(field_message(1))
        wait_for(lambda: field.marks.get(DEVICE) == 1)
    assert count(database) == 1
