"""Kill -9 of the ingester, the broker and the database in the middle: nothing lost, nothing doubled."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from ingest.settings import IngestSettings
from service.embedded.broker import EmbeddedBroker
from service.embedded.postgres import EmbeddedPostgres
from store.connection import Database
from store.migrations import migrate
from tests.integration.ingest.ingest_bench import (
    DEVICE,
    QUICK,
    count,
    devices_at,
    field_message,
    repository,
    running,
    wait_for,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def basin_id() -> str:
    """Return a basin of the test's own: the broker outlives the test."""
    return f"faults_{uuid.uuid4().hex[:30]}"


@pytest.fixture
def mortal_broker(server_folder: Path) -> Iterator[EmbeddedBroker]:
    """Return a broker that the test may kill."""
    with EmbeddedBroker(server_folder) as server:
        yield server


@pytest.fixture
def mortal_postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """Return a database server that the test may kill."""
    with EmbeddedPostgres(server_folder) as server:
        yield server


def kill(pid: int | None, number: signal.Signals = signal.SIGKILL) -> None:
    assert pid is not None
    os.kill(pid, number)


def test_ingester_killed_between_commit_and_acknowledgement(
    database: Database, broker: EmbeddedBroker, basin_id: str
) -> None:
    registry = CollectorRegistry()
    store = repository(database)
    script = [sys.executable, "-m", "tests.integration.ingest.dies_after_commit"]
    arguments = [database.url, broker.url("ingest"), basin_id, "1"]
    with devices_at(broker.url("field"), basin_id) as field:
        with running(store, broker.url("ingest"), basin_id) as role:
            wait_for(role.is_connected)  # before the first session nothing is kept for anybody
        for sent in (range(1, 101), range(101, 201)):
            field.publish(*(field_message(seq) for seq in sent))
            ended = subprocess.run([*script, *arguments], cwd=ROOT, check=False, timeout=60)
            assert ended.returncode == -signal.SIGKILL
        assert 0 < count(database) < 200
        with running(store, broker.url("ingest"), basin_id, registry=registry):
            wait_for(lambda: field.marks.get(DEVICE) == 200)
    assert count(database) == 200
    duplicates = registry.get_sample_value("hydronum_ingest_rows_total", {"outcome": "duplicate"})
    assert duplicates is not None
    assert duplicates > 0  # the unacknowledged batches came again


def test_broker_killed_in_the_middle(
    database: Database, mortal_broker: EmbeddedBroker, basin_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "ingest"),
        devices_at(mortal_broker.url("field"), basin_id) as field,
        running(repository(database), mortal_broker.url("ingest"), basin_id) as role,
    ):
        wait_for(role.is_connected)
        field.publish(*(field_message(seq) for seq in range(1, 101)))
        kill(mortal_broker.pid)
        wait_for(lambda: not mortal_broker.is_alive())
        wait_for(lambda: not role.is_connected())
        mortal_broker.start()
        # A broker's receipt is no promise; the sender repeats what lies above the mark, here all.
        field.publish(*(field_message(seq) for seq in range(1, 201)))
        wait_for(lambda: field.marks.get(DEVICE) == 200)
    assert count(database) == 200
    logged = [record.levelname for record in caplog.records if record.name == "ingest.mqtt"]
    assert logged == ["INFO", "WARNING", "INFO"]  # there, away, there again: no line for each attempt


def test_database_killed_in_the_middle(
    mortal_postgres: EmbeddedPostgres,
    broker: EmbeddedBroker,
    basin_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = mortal_postgres.create_database("killed")
    migrate(url, age_policies=False)
    with (
        caplog.at_level(logging.INFO, "ingest"),
        Database(url, wait_s=1.0) as database,
        devices_at(broker.url("field"), basin_id) as field,
        running(repository(database), broker.url("ingest"), basin_id) as role,
    ):
        wait_for(role.is_connected)
        field.publish(*(field_message(seq) for seq in range(1, 51)))
        wait_for(lambda: field.marks.get(DEVICE) == 50)
        kill(mortal_postgres.pid)
        wait_for(lambda: not mortal_postgres.is_alive())
        field.publish(*(field_message(seq) for seq in range(51, 201)))
        wait_for(lambda: "the store is away" in caplog.text)
        time.sleep(0.5)
        assert field.marks[DEVICE] == 50
        assert mortal_postgres.start()
        wait_for(lambda: field.marks.get(DEVICE) == 200)
        assert count(database) == 200
    words = [record.message.split(",")[0] for record in caplog.records if record.name == "ingest.pipeline"]
    assert words == ["the store is away", "the store is back"]


def test_memory_stays_bounded_while_the_database_hangs(
    mortal_postgres: EmbeddedPostgres, broker: EmbeddedBroker, basin_id: str
) -> None:
    url = mortal_postgres.create_database("frozen")
    migrate(url, age_policies=False)
    registry = CollectorRegistry()
    settings = IngestSettings(queue_messages=300, batch_messages=50, reconnect_max_s=1)
    with (
        Database(url) as database,
        devices_at(broker.url("field"), basin_id) as field,
        running(repository(database), broker.url("ingest"), basin_id, settings, registry) as role,
    ):
        wait_for(role.is_connected)
        field.publish(field_message(1))
        wait_for(lambda: field.marks.get(DEVICE) == 1)
        backends = _backends(database)
        for pid in backends:
            kill(pid, signal.SIGSTOP)
        try:
            field.publish(*(field_message(seq) for seq in range(2, 202)))
            time.sleep(6.0)  # longer than the broker's ack_wait: it sends everything once more
            assert field.marks[DEVICE] == 1
        finally:
            for pid in backends:
                kill(pid, signal.SIGCONT)
        wait_for(lambda: field.marks.get(DEVICE) == 201)
        assert count(database) == 201
    duplicates = registry.get_sample_value("hydronum_ingest_rows_total", {"outcome": "duplicate"})
    assert duplicates == 0.0  # copies of messages that are still held never reach the pipeline


def _backends(database: Database) -> list[int]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'hydronum'").fetchall()
    return [pid for (pid,) in rows]


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    database: Database, mortal_broker: EmbeddedBroker, basin_id: str
) -> None:
    url = mortal_broker.url("ingest")
    mortal_broker.stop()
    with running(repository(database), url, basin_id, QUICK) as role:
        time.sleep(0.3)
        assert not role.is_connected()
        mortal_broker.start()
        wait_for(role.is_connected)
        with devices_at(mortal_broker.url("field"), basin_id) as field:
            field.publish(field_message(1))
            wait_for(lambda: field.marks.get(DEVICE) == 1)
    assert count(database) == 1


@pytest.mark.parametrize(
    ("user", "complaint"), [("stranger", "it refuses the connection"), ("field", "it refuses to deliver")]
)
def test_a_broker_that_refuses_says_so_once(
    database: Database,
    broker: EmbeddedBroker,
    basin_id: str,
    caplog: pytest.LogCaptureFixture,
    user: str,
    complaint: str,
) -> None:
    url = broker.url("field") if user == "field" else f"mqtt://stranger:wrong@127.0.0.1:{broker.port}"
    with (
        caplog.at_level(logging.INFO, "ingest.mqtt"),
        running(repository(database), url, basin_id, QUICK) as role,
    ):
        wait_for(lambda: complaint in caplog.text)
        time.sleep(2.5)  # some attempts more
        assert not role.is_connected()
    assert len(caplog.records) == 1
    assert "wrong" not in caplog.text
