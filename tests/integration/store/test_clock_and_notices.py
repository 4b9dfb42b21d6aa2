"""The clock of the run, and word of commits to whoever listens."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from domain.alerts import AlertState, Basis, Transition
from domain.errors import StoreUnavailable
from domain.records import Notice, RunClock, RunMode, Topic
from store.alerts import AlertRepository
from store.clock import ClockRepository
from store.connection import Database
from store.forecasts import ForecastRepository
from store.listening import NoticeListener
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import at, issue, message, observed

CLOCK = RunClock(RunMode.DEMO, "reconstruction", at(0), at(600), at(0), playing=True, speed=60.0)
RESYNC = Notice(Topic.RESYNC, None, None)


@contextmanager
def listening(url: str) -> Iterator[queue.Queue[Notice]]:
    heard: queue.Queue[Notice] = queue.Queue()
    stopped = threading.Event()

    def listen() -> None:
        for notice in NoticeListener(url).notices(stopped):
            heard.put(notice)

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        assert heard.get(timeout=10) == RESYNC
        yield heard
    finally:
        stopped.set()
        listener.join(2)
        assert not listener.is_alive()


def test_no_clock_before_the_first_run(any_database: Database) -> None:
    assert Queries(any_database).run_clock() is None
    with pytest.raises(StoreUnavailable, match="no run has written its clock"):
        Queries(any_database).request_clock(playing=False, speed=None)


def test_operator_steers_while_the_run_advances(any_database: Database) -> None:
    clock = ClockRepository(any_database)
    clock.start_clock(CLOCK)
    assert clock.run_clock() == CLOCK
    paused = Queries(any_database).request_clock(playing=False, speed=None)
    assert paused == replace(CLOCK, playing=False)
    assert clock.request_clock(playing=None, speed=900.0) == replace(paused, speed=900.0)
    assert clock.advance_clock(at(15)) == replace(paused, speed=900.0, at=at(15))


def test_event_time_never_goes_back(any_database: Database) -> None:
    clock = ClockRepository(any_database)
    clock.start_clock(replace(CLOCK, at=at(30)))
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance_clock(at(15))
    assert clock.advance_clock(at(30)).at == at(30)
    with pytest.raises(ValueError, match="speed must be positive"):
        clock.request_clock(playing=None, speed=0.0)


def test_every_commit_is_announced_with_its_event_time(database: Database, database_url: str) -> None:
    with listening(database_url) as heard:
        ReadingRepository(database).commit_batch([observed(0, 1.0)], [], [message(1)], at(1))
        run = ForecastRepository(database).save_forecast(issue(["A"], minutes=15))
        change = Transition("A", Basis.FORECAST, at(15), AlertState.NONE, AlertState.ALERT, "crossed", {})
        AlertRepository(database).save_states([], [change])
        ClockRepository(database).start_clock(CLOCK)
        Queries(database).acknowledge(1, "operator", "seen", at(20))
        assert [heard.get(timeout=10) for _ in range(5)] == [
            Notice(Topic.READINGS, None, at(1)),
            Notice(Topic.FORECAST, run, at(15)),
            Notice(Topic.ALERTS, 1, at(15)),
            Notice(Topic.CLOCK, None, at(0)),
            Notice(Topic.ALERTS, 1, at(20)),
        ]


def test_what_changed_nothing_is_not_announced(database: Database, database_url: str) -> None:
    repository = ReadingRepository(database)
    repository.commit_batch([observed(0, 1.0)], [], [message(1)], at(1))
    with listening(database_url) as heard:
        repository.commit_batch([observed(0, 1.0)], [], [message(1)], at(2))
        repository.commit_batch([observed(15, 1.0)], [], [message(2)], at(16))
        assert heard.get(timeout=10) == Notice(Topic.READINGS, None, at(16))


def test_listener_says_so_when_it_may_have_missed_something(database: Database, database_url: str) -> None:
    with listening(database_url) as heard:
        with psycopg.connect(database_url, autocommit=True) as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query = 'LISTEN hydronum' AND datname = current_database()"
            )
        assert heard.get(timeout=10) == RESYNC
        ClockRepository(database).start_clock(CLOCK)
        assert heard.get(timeout=10) == Notice(Topic.CLOCK, None, at(0))
