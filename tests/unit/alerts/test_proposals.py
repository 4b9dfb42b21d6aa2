from __future__ import annotations

import json
from datetime import timedelta

from alerts.proposals import proposal_rows, propose
from domain.alerts import AlertState, Basis, Transition
from tests.unit.alerts.making import START, basin, station

NONE, WATCH, PRE_ALERT, ALERT = AlertState.NONE, AlertState.WATCH, AlertState.PRE_ALERT, AlertState.ALERT
NO_DATA = AlertState.NO_DATA
REGION = basin([station("V1"), station("V2"), station("O1", river="Ourthe")], [])


def _change(
    hours: float, station_id: str, before: AlertState, after: AlertState, basis: Basis = Basis.OBSERVED
) -> Transition:
    evidence = {"probability": {"pre_alert": 0.8, "alert": 0.6}} if basis is Basis.FORECAST else {}
    return Transition(station_id, basis, START + timedelta(hours=hours), before, after, "", evidence)


def test_many_stations_of_a_river_make_one_proposal_a_state() -> None:
    made = propose(
        [
            _change(0, "V1", NONE, PRE_ALERT),
            _change(1, "V2", WATCH, PRE_ALERT),
            _change(2, "V2", PRE_ALERT, ALERT),
            _change(3, "O1", NONE, ALERT),
        ],
        REGION,
    )
    assert [(item.river, item.state.value, item.station_ids) for item in made] == [
        ("Vesdre", "pre_alert", ("V1", "V2")),
        ("Vesdre", "alert", ("V2",)),
        ("Ourthe", "alert", ("O1",)),
    ]
    assert [item.first_at for item in made] == [START + timedelta(hours=hours) for hours in (0, 2, 3)]


def test_a_river_proposes_again_only_after_it_was_clear() -> None:
    changes = [
        _change(0, "V1", NONE, ALERT),
        _change(1, "V2", NONE, ALERT),
        _change(2, "V1", ALERT, NONE),
        _change(3, "V1", NONE, ALERT),  # V2 is still in alert: nothing new
        _change(4, "V1", ALERT, NONE),
        _change(5, "V2", ALERT, NONE),
        _change(6, "V2", NONE, ALERT),
    ]
    assert [(item.first_at - START).total_seconds() / 3600 for item in propose(changes, REGION)] == [0, 6]


def test_silence_neither_proposes_nor_clears() -> None:
    changes = [
        _change(0, "V1", NONE, ALERT),
        _change(1, "V1", ALERT, NO_DATA),
        _change(2, "V1", NO_DATA, ALERT),
        _change(3, "O1", NONE, NO_DATA),
    ]
    assert len(propose(changes, REGION)) == 1


def test_bases_are_kept_apart_and_a_forecast_says_its_probability() -> None:
    changes = [_change(1, "V1", NONE, ALERT), _change(0, "V1", NONE, ALERT, Basis.FORECAST)]
    forecast, observed = propose(changes, REGION)
    assert (forecast.basis, forecast.probability) == (Basis.FORECAST, 0.6)
    assert (observed.basis, observed.probability) == (Basis.OBSERVED, None)


def test_falling_from_alert_to_pre_alert_proposes_nothing_new() -> None:
    changes = [_change(0, "V1", NONE, ALERT), _change(9, "V1", ALERT, PRE_ALERT), _change(10, "V1", PRE_ALERT, ALERT)]
    assert [(item.state, item.first_at) for item in propose(changes, REGION)] == [
        (ALERT, START),
        (ALERT, START + timedelta(hours=10)),
    ]


def test_rows_can_be_written_as_json() -> None:
    (row,) = proposal_rows(propose([_change(0, "V1", NONE, ALERT, Basis.FORECAST)], REGION), REGION)
    assert json.loads(json.dumps(row))["first_at"] == "2021-07-14T12:00:00Z"
    assert (row["river"], row["state"], row["station_name"], row["probability"]) == ("Vesdre", "alert", "V1", 0.6)
