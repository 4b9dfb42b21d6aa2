from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.alerts import AlertState, Basis, StationState
from domain.basin import Basin
from domain.forecasts import Crossing, ForecastKind
from domain.readings import Flag, LastReading, SeriesKey
from domain.records import (
    AlertRecord,
    IssueStamp,
    ObservedValue,
    RunClock,
    RunMode,
    StationForecast,
    TransitionRecord,
)
from domain.variables import Variable
from tests.unit.api.asgi_client import AsgiClient
from tests.unit.api.conftest import LABEL, NOW
from tests.unit.api.in_memory import MemoryStore

STATION = "VES_CHAUDFONTAINE"
LEVEL = SeriesKey(STATION, Variable.LEVEL)


def test_clock_tells_event_time_in_a_demo(client: AsgiClient) -> None:
    assert client.get("/api/v1/clock").json() == {
        "now": "2021-07-14T15:00:00Z",
        "mode": "demo",
        "label": LABEL,
        "starts_at": "2021-07-09T00:00:00Z",
        "ends_at": "2021-07-19T00:00:00Z",
        "playing": True,
        "speed": 900.0,
    }


def test_clock_can_be_paused_and_keeps_its_speed(client: AsgiClient) -> None:
    answer = client.post("/api/v1/clock", json={"playing": False})
    assert answer.status_code == 200
    assert (answer.json()["playing"], answer.json()["speed"]) == (False, 900.0)
    assert client.post("/api/v1/clock", json={"speed": 60}).json()["speed"] == 60.0


def test_live_clock_follows_the_machine_and_cannot_be_paused(client: AsgiClient, store: MemoryStore) -> None:
    store.clock = RunClock(RunMode.LIVE, "", None, None, NOW, True, 1.0)
    answer = client.post("/api/v1/clock", json={"playing": False})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:hydronum:live-clock"
    shown = datetime.fromisoformat(client.get("/api/v1/clock").json()["now"])
    assert abs(shown - datetime.now(UTC)) < timedelta(seconds=30)


def test_before_the_run_started_there_is_no_state_but_health(client: AsgiClient, store: MemoryStore) -> None:
    store.clock = None
    assert client.get("/api/v1/state").status_code == 503
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert "The run has not started yet." in health.json()["detail"]


def test_basin_names_extent_and_size(client: AsgiClient, wallonia: Basin) -> None:
    answer = client.get("/api/v1/basin").json()
    west, south, east, north = answer["bbox"]
    assert 2 < west < east < 7
    assert 49 < south < north < 51
    assert answer["counts"]["stations"] == len(wallonia.stations)
    assert answer["languages"] == ["fr", "de", "nl", "en"]


def test_stations_carry_both_official_and_suggested_thresholds(client: AsgiClient, wallonia: Basin) -> None:
    stations = {item["station_id"]: item for item in client.get("/api/v1/stations").json()["stations"]}
    assert set(stations) == set(wallonia.stations)
    thresholds = stations[STATION]["thresholds"]
    assert {(item["phase"], item["origin"]) for item in thresholds} == {
        (phase, origin) for phase in ("pre_alert", "alert") for origin in ("official", "suggested")
    }
    assert all(item["unit"] == "m3/s" and item["source"] for item in thresholds)
    assert stations[STATION]["rating"]["h_gauged_max_m"] > 0


def test_state_of_a_station_never_evaluated_is_unknown_not_safe(client: AsgiClient) -> None:
    answer = client.get("/api/v1/state").json()
    states = {item[basis]["state"] for item in answer["stations"] for basis in ("observed", "forecast")}
    assert states == {"no_data"}
    assert {reach["state"] for reach in answer["reaches"]} <= {"no_data", "no_threshold"}
    assert answer["issued_at"] is None
    assert answer["label"] == LABEL


def test_state_shows_states_latest_values_and_ages_by_the_run_clock(client: AsgiClient, store: MemoryStore) -> None:
    evidence = {"text": "Discharge is high.", "value": 120.0}
    for basis, state in ((Basis.OBSERVED, AlertState.ALERT), (Basis.FORECAST, AlertState.PRE_ALERT)):
        store.states[STATION, basis] = StationState(STATION, basis, state, NOW, NOW, evidence)
    seen = NOW - timedelta(minutes=10)
    store.readings[LEVEL] = LastReading(2.5, seen, Flag.GOOD, seen)
    store.readings[LEVEL._replace(source_id="camera")] = LastReading(9.9, NOW, Flag.GOOD, NOW)
    store.issue = IssueStamp(NOW - timedelta(minutes=15), "other label")
    store.dead_letters = 3
    answer = client.get("/api/v1/state").json()
    station = next(item for item in answer["stations"] if item["station_id"] == STATION)
    assert station["observed"] == {"state": "alert", "since": "2021-07-14T15:00:00Z", "evidence": evidence}
    assert station["latest"] == {
        "level": {"value": 2.5, "unit": "m", "observed_at": "2021-07-14T14:50:00Z", "flag": "GOOD", "age_s": 600.0}
    }
    coloured = {reach["state"] for reach in answer["reaches"] if reach["station_id"] == STATION}
    assert coloured == {"pre_alert"}
    assert (answer["issued_at"], answer["dead_letters"], answer["label"]) == ("2021-07-14T14:45:00Z", 3, LABEL)


def test_observations_default_to_the_last_three_days_with_both_ends(client: AsgiClient, store: MemoryStore) -> None:
    times = [NOW - timedelta(hours=hours) for hours in (73, 72, 1, 0)]
    store.values[LEVEL] = [ObservedValue(at, 1.0, Flag.GOOD, "") for at in times]
    answer = client.get(f"/api/v1/stations/{STATION}/observations", params={"variable": "level"}).json()
    assert (answer["station_id"], answer["variable"], answer["unit"]) == (STATION, "level", "m")
    assert [value["observed_at"] for value in answer["values"]] == [
        at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in times[1:]
    ]


def test_observations_show_flagged_and_missing_values(client: AsgiClient, store: MemoryStore) -> None:
    store.values[LEVEL] = [
        ObservedValue(NOW - timedelta(minutes=15), 9.0, Flag.SUSPECT, "rate_of_rise"),
        ObservedValue(NOW, None, Flag.MISSING, "no_value"),
    ]
    span = {"variable": "level", "from": "2021-07-14T16:00:00+02:00", "to": "2021-07-14T17:00:00+02:00"}
    values = client.get(f"/api/v1/stations/{STATION}/observations", params=span).json()["values"]
    assert [(value["value"], value["flag"], value["rule"]) for value in values] == [
        (9.0, "SUSPECT", "rate_of_rise"),
        (None, "MISSING", "no_value"),
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/stations/NOWHERE/observations?variable=level", 404),
        (f"/api/v1/stations/{STATION}/observations?variable=rain", 404),
        (f"/api/v1/stations/{STATION}/observations?variable=colour", 422),
        (f"/api/v1/stations/{STATION}/observations", 422),
        (f"/api/v1/stations/{STATION}/observations?variable=level&from=2021-07-14T00:00:00", 422),
        (f"/api/v1/stations/{STATION}/observations?variable=level&from=2021-07-15T00:00:00Z", 422),
        (f"/api/v1/stations/{STATION}/observations?variable=level&from=2021-05-01T00:00:00Z", 422),
        (f"/api/v1/stations/{STATION}/forecast?variable=rain", 404),
        ("/api/v1/alerts?limit=0", 422),
        ("/api/v1/transitions?since=yesterday", 422),
        ("/api/v1/geometry/lakes", 422),
    ],
)
def test_what_cannot_be_read_is_a_problem(client: AsgiClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def _forecast(kind: ForecastKind, basin: Basin) -> StationForecast:
    threshold = next(t for t in basin.thresholds_at[STATION] if t.phase == "alert" and t.origin == "official")
    return StationForecast(
        series=SeriesKey(STATION, Variable.DISCHARGE),
        kind=kind,
        issued_at=NOW,
        scheme="members from the bulletins known then",
        label=LABEL,
        members=50,
        lead_minutes=(15, 30),
        quantile_levels=(0.05, 0.5, 0.95),
        quantiles=np.array([[1.1, 2.2, 3.3], [1.0, 2.0, np.nan]], dtype=np.float32),
        peak_value=np.array([1.1, 2.2, 3.3], dtype=np.float32),
        peak_lead_minutes=np.array([15, 15, 30], dtype=np.float32),
        crossings=(Crossing(threshold, 0.62, (15.0, 30.0, 45.0)), Crossing(threshold, 0.0, None)),
    )


def test_forecast_has_the_agreed_shape(client: AsgiClient, store: MemoryStore, wallonia: Basin) -> None:
    store.forecasts = [_forecast(ForecastKind.ENSEMBLE, wallonia)]
    path = f"/api/v1/stations/{STATION}/forecast"
    answer = client.get(path, params={"variable": "discharge"}).json()
    assert answer["perfect_rain"] is None
    assert (answer["label"], answer["unit"]) == (LABEL, "m3/s")
    ensemble = answer["ensemble"]
    assert ensemble["issued_at"] == "2021-07-14T15:00:00Z"
    assert ensemble["quantiles"] == [[1.1, 2.2, 3.3], [1.0, 2.0, None]]
    assert ensemble["peak"] == {"value": [1.1, 2.2, 3.3], "lead_minutes": [15.0, 15.0, 30.0]}
    assert ensemble["crossings"][0] == {
        "phase": "alert",
        "origin": "official",
        "threshold": 110.0,
        "variable": "discharge",
        "probability": 0.62,
        "lead_minutes": [15.0, 30.0, 45.0],
    }
    assert ensemble["crossings"][1]["lead_minutes"] is None
    earlier = client.get(path, params={"variable": "discharge", "issued_at": "2021-07-14T14:45:00Z"}).json()
    assert earlier["ensemble"] is None


def _alert(alert_id: int, closed_at: datetime | None) -> AlertRecord:
    opened = NOW - timedelta(hours=alert_id)
    return AlertRecord(
        alert_id, STATION, Basis.OBSERVED, AlertState.NO_DATA, AlertState.ALERT, opened, closed_at,
        {"text": "went silent"}, None, None, None,
    )  # fmt: skip


def test_alerts_are_listed_and_acknowledged_once(client: AsgiClient, store: MemoryStore, wallonia: Basin) -> None:
    store.records = {1: _alert(1, None), 2: _alert(2, NOW)}
    listed = client.get("/api/v1/alerts").json()["alerts"]
    assert [alert["alert_id"] for alert in listed] == [1, 2]
    assert (listed[0]["station_name"], listed[0]["river"]) == (wallonia.stations[STATION].name, "Vesdre")
    assert (listed[0]["state"], listed[0]["highest_state"]) == ("no_data", "alert")
    assert [alert["alert_id"] for alert in client.get("/api/v1/alerts?open=true").json()["alerts"]] == [1]
    first = client.post("/api/v1/alerts/1/acknowledge", json={"comment": " seen "}).json()
    assert first["acknowledged_by"] == "local operator"
    assert (first["acknowledged_at"], first["comment"]) == ("2021-07-14T15:00:00Z", "seen")
    assert client.post("/api/v1/alerts/1/acknowledge", json={"comment": "again"}).json()["comment"] == "seen"
    assert client.post("/api/v1/alerts/9/acknowledge", json={}).status_code == 404


def test_transitions_are_listed_newest_first(client: AsgiClient, store: MemoryStore) -> None:
    store.history = [
        TransitionRecord(
            number, STATION, Basis.FORECAST, NOW - timedelta(hours=number), AlertState.NONE, AlertState.WATCH,
            "possible_pre_alert", {"text": "..."},
        )
        for number in (1, 2, 3)
    ]  # fmt: skip
    since = (NOW - timedelta(hours=2)).isoformat()
    listed = client.get("/api/v1/transitions", params={"since": since}).json()["transitions"]
    assert [item["transition_id"] for item in listed] == [1, 2]
    assert listed[0]["reason"] == "possible_pre_alert"
    assert len(client.get("/api/v1/transitions?limit=1").json()["transitions"]) == 1


def test_health_is_ok_only_while_readings_and_forecasts_come(client: AsgiClient, store: MemoryStore) -> None:
    store.committed_at, store.issue = NOW - timedelta(minutes=20), IssueStamp(NOW - timedelta(minutes=30), "")
    assert client.get("/health").json()["status"] == "ok"
    store.issue = IssueStamp(NOW - timedelta(hours=3), "")
    degraded = client.get("/health").json()
    assert degraded["status"] == "degraded"
    assert degraded["detail"] == ["No forecast was issued after 2021-07-14T12:00:00Z."]


def test_metrics_count_requests_by_route_and_states_by_basis(client: AsgiClient, store: MemoryStore) -> None:
    store.states[STATION, Basis.OBSERVED] = StationState(STATION, Basis.OBSERVED, AlertState.ALERT, NOW, NOW, {})
    client.get(f"/api/v1/stations/{STATION}/observations?variable=level")
    client.get("/api/v1/nothing-here")
    text = client.get("/metrics").text
    assert 'hydronum_http_requests_total{method="GET",route="read_observations",status="200"} 1.0' in text
    assert 'hydronum_stations{basis="observed",state="alert"} 1.0' in text
    assert "nothing-here" not in text
    assert "hydronum_database_up 1.0" in text
