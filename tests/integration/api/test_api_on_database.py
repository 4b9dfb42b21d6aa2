from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import psycopg
import pytest

from alerts.engine import AlertEngine
from domain.basin import Basin
from domain.basin_files import read_basin
from domain.forecasts import QUANTILE_LEVELS, Crossing, ForecastIssue, ForecastKind, PeakForecast, SeriesForecast
from domain.readings import GOOD, DeadLetter, MessageKey, Observation, Reading, SeriesKey
from domain.records import RunClock, RunMode
from domain.variables import Variable
from store.alerts import AlertRepository
from store.clock import ClockRepository
from store.connection import Database
from store.forecasts import ForecastRepository
from store.readings import ReadingRepository
from tests.integration.api.serving import Page, Served, serving

START = datetime(2021, 7, 14, 12, tzinfo=UTC)
STATION = "VES_CHAUDFONTAINE"
SERIES = SeriesKey(STATION, Variable.DISCHARGE)
LABEL = "Reconstruction of July 2021"
STEP = timedelta(minutes=15)


@pytest.fixture(scope="module")
def wallonia() -> Basin:
    return read_basin(Path(__file__).parents[3] / "basins" / "wallonia")


@pytest.fixture
def clock(database: Database) -> ClockRepository:
    repository = ClockRepository(database)
    repository.start_clock(RunClock(RunMode.DEMO, LABEL, START, START + timedelta(days=5), START, True, 900.0))
    return repository


@pytest.fixture
def served(wallonia: Basin, database: Database, clock: ClockRepository) -> Iterator[Served]:
    with serving(wallonia, database) as running:
        yield running


def _commit(database: Database, values: list[float], first_at: datetime, seq: int = 1) -> datetime:
    """Store discharge readings every 15 minutes from ``first_at`` on and return the time of the last."""
    readings = [
        Reading(SERIES, value, at, at, STATION, "b1", seq + step)
        for step, value in enumerate(values)
        for at in [first_at + step * STEP]
    ]
    observations = [Observation(reading, GOOD) for reading in readings]
    keys = [MessageKey(STATION, "b1", reading.seq) for reading in readings]
    last_at = readings[-1].observed_at
    result = ReadingRepository(database).commit_batch(observations, [], keys, last_at)
    assert result.stored == len(values)
    return last_at


def _issue(wallonia: Basin, issued_at: datetime, probability: float) -> ForecastIssue:
    quantiles = np.tile(np.linspace(10, 70, len(QUANTILE_LEVELS), dtype=np.float32), (2, 1))
    return ForecastIssue(
        issued_at=issued_at, kind=ForecastKind.ENSEMBLE, scheme="test members", label=LABEL, members=50, seed=1,
        code_version="test", configuration_hash="test", lead_minutes=(15, 30), quantile_levels=QUANTILE_LEVELS,
        series=[SeriesForecast(SERIES, quantiles)],
        peaks=[PeakForecast(SERIES, quantiles[0], np.full(len(QUANTILE_LEVELS), 30, dtype=np.float32))],
        crossings=[Crossing(t, probability, (15.0, 20.0, 30.0)) for t in wallonia.thresholds_at[STATION]],
        water_balance_error=0.0,
    )  # fmt: skip


def _station(served: Served) -> dict[str, dict[str, object]]:
    answer = served.client.get("/api/v1/state").json()
    found: dict[str, dict[str, object]] = next(s for s in answer["stations"] if s["station_id"] == STATION)
    return found


def test_a_commit_is_heard_by_an_open_page_within_a_second(served: Served, database: Database) -> None:
    page = Page(served.url)
    begin = time.monotonic()
    _commit(database, [42.0], START)
    assert page.next("readings", 1)["at"] == "2021-07-14T12:00:00Z"
    assert time.monotonic() - begin < 1
    latest = _station(served)["latest"]
    assert latest == {
        "discharge": {
            "value": 42.0, "unit": "m3/s", "observed_at": "2021-07-14T12:00:00Z", "flag": "GOOD", "age_s": 0.0,
        }
    }  # fmt: skip


def test_a_quiet_stream_is_kept_alive(served: Served) -> None:
    page = Page(served.url)
    time.sleep(0.7)
    assert page.keep_alives >= 2


def test_the_server_stops_although_pages_listen(wallonia: Basin, database: Database, clock: ClockRepository) -> None:
    begin = time.monotonic()
    with serving(wallonia, database) as running:
        pages = [Page(running.url) for _ in range(3)]
        begin = time.monotonic()
    assert time.monotonic() - begin < 4
    assert all(page.ended.wait(2) for page in pages)


def test_a_lost_listener_comes_back_and_asks_to_read_again(served: Served, database: Database) -> None:
    page = Page(served.url)
    with psycopg.connect(database.url, autocommit=True) as other:
        ended = other.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            " AND datname = current_database()"
        ).fetchone()
    assert ended == (1,)
    page.next("resync", 5)
    _commit(database, [42.0], START)
    page.next("readings", 1)


def test_an_alert_opens_is_acknowledged_survives_silence_and_ends(
    served: Served, database: Database, wallonia: Basin, clock: ClockRepository
) -> None:
    engine = AlertEngine(wallonia, AlertRepository(database))
    page = Page(served.url)
    now = _commit(database, [50.0, 90.0, 130.0], START)
    clock.advance_clock(now)
    raised = engine.evaluate_observed(now)
    assert [(item.station_id, item.after.value) for item in raised] == [(STATION, "alert")]
    assert page.next("alerts", 1)["at"] == "2021-07-14T12:30:00Z"
    before = AlertRepository(database).station_states()
    assert engine.evaluate_observed(now + timedelta(minutes=1)) == []
    assert AlertRepository(database).station_states() == before, "states were written again although nothing was new"

    (alert,) = served.client.get("/api/v1/alerts?open=true").json()["alerts"]
    assert (alert["station_id"], alert["state"], alert["basis"]) == (STATION, "alert", "observed")
    path = f"/api/v1/alerts/{alert['alert_id']}/acknowledge"
    assert served.client.post(path, json={"comment": "seen"}).json()["acknowledged_by"] == "local operator"
    page.next("alerts", 1)

    silent_at = now + timedelta(hours=1)
    clock.advance_clock(silent_at)
    assert [item.after.value for item in engine.evaluate_observed(silent_at)] == ["no_data"]
    (alert,) = served.client.get("/api/v1/alerts?open=true").json()["alerts"]
    assert (alert["state"], alert["highest_state"], alert["comment"]) == ("no_data", "alert", "seen")
    assert "silent" in alert["evidence"]["text"]

    now = _commit(database, [20.0] * 10, silent_at + STEP, seq=10)
    clock.advance_clock(now)
    assert [item.after.value for item in engine.evaluate_observed(now)] == ["none"]
    assert served.client.get("/api/v1/alerts?open=true").json()["alerts"] == []
    history = served.client.get("/api/v1/transitions").json()["transitions"]
    assert [item["after"] for item in history if item["station_id"] == STATION] == ["none", "no_data", "alert"]


def test_a_forecast_colours_its_reach_and_is_drawn(
    served: Served, database: Database, wallonia: Basin, clock: ClockRepository
) -> None:
    engine = AlertEngine(wallonia, AlertRepository(database))
    ForecastRepository(database).save_forecast(_issue(wallonia, START, 0.7))
    raised = engine.evaluate_forecast(START)
    assert [(item.station_id, item.after.value, item.reason) for item in raised] == [
        (STATION, "alert", "probable_alert")
    ]
    state = served.client.get("/api/v1/state").json()
    assert (state["issued_at"], state["label"]) == ("2021-07-14T12:00:00Z", LABEL)
    assert {reach["state"] for reach in state["reaches"] if reach["station_id"] == STATION} == {"alert"}
    answer = served.client.get(f"/api/v1/stations/{STATION}/forecast?variable=discharge").json()
    assert answer["ensemble"]["quantiles"][0] == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]
    assert {item["probability"] for item in answer["ensemble"]["crossings"]} == {0.7}
    assert answer["perfect_rain"] is None
    before = AlertRepository(database).station_states()
    assert engine.evaluate_forecast(START + timedelta(minutes=1)) == []
    assert AlertRepository(database).station_states() == before, "states were written again although nothing was new"


def test_a_forecast_state_falls_only_after_three_lower_issues(
    served: Served, database: Database, wallonia: Basin
) -> None:
    engine = AlertEngine(wallonia, AlertRepository(database))
    states = []
    for number, probability in enumerate([0.7, 0.0, 0.0, 0.0]):
        issued_at = START + number * STEP
        ForecastRepository(database).save_forecast(_issue(wallonia, issued_at, probability))
        engine.evaluate_forecast(issued_at)
        engine.evaluate_forecast(issued_at + timedelta(minutes=1))
        states.append(_station(served)["forecast"]["state"])  # type: ignore[index]
    assert states == ["alert", "alert", "alert", "none"]


def test_the_operator_steers_the_clock(served: Served, clock: ClockRepository) -> None:
    page = Page(served.url)
    answer = served.client.post("/api/v1/clock", json={"playing": False, "speed": 60.0})
    assert (answer.json()["playing"], answer.json()["speed"]) == (False, 60.0)
    page.next("clock", 1)
    asked = clock.run_clock()
    assert asked is not None
    assert (asked.playing, asked.speed) == (False, 60.0)


def test_observations_and_dead_letters_are_read_back(served: Served, database: Database) -> None:
    last = _commit(database, [1.0, 2.0, 3.0], START - timedelta(hours=1))
    letter = DeadLetter("hydronum/v1/x", b"{", "malformed", "no JSON", STATION, last)
    ReadingRepository(database).commit_batch([], [letter], [], last)
    values = served.client.get(f"/api/v1/stations/{STATION}/observations?variable=discharge").json()["values"]
    assert [value["value"] for value in values] == [1.0, 2.0, 3.0]
    assert values[0]["observed_at"] == "2021-07-14T11:00:00Z"
    assert served.client.get("/api/v1/state").json()["dead_letters"] == 1


def test_a_database_that_is_gone_is_said(wallonia: Basin, database_url: str, clock: ClockRepository) -> None:
    with Database(database_url, wait_s=1.0) as own, serving(wallonia, own) as running:
        assert running.client.get("/api/v1/state").status_code == 200
        name = database_url.rsplit("/", 1)[1].partition("?")[0]
        with psycopg.connect(database_url.replace(f"/{name}", "/postgres"), autocommit=True) as other:
            other.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        answer = running.client.get("/api/v1/state")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:hydronum:store-unavailable")
        assert running.client.get("/health").json()["database"] == "unavailable"
        assert running.client.get("/api/v1/basin").status_code == 200


def test_a_page_that_leaves_is_forgotten(served: Served) -> None:
    def streams() -> str:
        lines = served.client.get("/metrics").text.splitlines()
        return next(line for line in lines if line.startswith("hydronum_event_streams "))

    with httpx.stream("GET", f"{served.url}/api/v1/events") as stream:
        lines = stream.iter_lines()  # kept: once forgotten it would close the stream
        next(lines)
        assert streams() == "hydronum_event_streams 1.0"
    deadline = time.monotonic() + 5
    while streams() != "hydronum_event_streams 0.0":
        assert time.monotonic() < deadline
        time.sleep(0.05)
