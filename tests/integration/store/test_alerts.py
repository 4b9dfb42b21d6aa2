"""States, transitions and alerts, on both kinds of database."""

from __future__ import annotations

from domain.alerts import AlertState, Basis, StationState, Transition
from domain.variables import Variable
from store.alerts import AlertRepository
from store.connection import Database
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at, observed

STATION = LEVEL.station_id
NONE, WATCH, PRE_ALERT, ALERT = AlertState.NONE, AlertState.WATCH, AlertState.PRE_ALERT, AlertState.ALERT


def change(minutes: float, before: AlertState, after: AlertState, value: float = 1.0) -> Transition:
    return Transition(STATION, Basis.OBSERVED, at(minutes), before, after, "crossed", {"value": value})


def follow(database: Database, *states: AlertState) -> None:
    """Let the station pass through these states, an hour apart, beginning at none."""
    repository = AlertRepository(database)
    before = NONE
    for hour, after in enumerate(states, start=1):
        repository.save_states([], [change(60 * hour, before, after, value=hour)])
        before = after


def test_state_comes_back_and_an_older_evaluation_does_not_replace_it(any_database: Database) -> None:
    repository = AlertRepository(any_database)
    new = StationState(STATION, Basis.FORECAST, ALERT, at(15), at(30), {"probability": 0.8, "at": at(30)})
    repository.save_states([new], [])
    repository.save_states([StationState(STATION, Basis.FORECAST, NONE, at(0), at(15), {})], [])
    stored = repository.station_states()[STATION, Basis.FORECAST]
    assert (stored.state, stored.since, stored.evaluated_at) == (ALERT, at(15), at(30))
    assert stored.evidence == {"probability": 0.8, "at": "2021-07-14T00:30:00Z"}
    assert Queries(any_database).station_states() == repository.station_states()


def test_alert_opens_at_pre_alert_rises_and_closes_at_none(any_database: Database) -> None:
    queries = Queries(any_database)
    follow(any_database, WATCH)
    assert queries.alerts(open_only=True, limit=10) == []
    follow(any_database, WATCH, PRE_ALERT, ALERT, PRE_ALERT)
    (alert,) = queries.alerts(open_only=True, limit=10)
    assert (alert.opened_at, alert.state, alert.highest_state) == (at(120), PRE_ALERT, ALERT)
    assert alert.evidence == {"value": 4}
    follow(any_database, WATCH, PRE_ALERT, ALERT, PRE_ALERT, NONE)
    assert queries.alerts(open_only=True, limit=10) == []
    (closed,) = queries.alerts(open_only=False, limit=10)
    assert (closed.closed_at, closed.state, closed.highest_state) == (at(300), NONE, ALERT)


def test_silence_is_shown_but_ends_no_alert(any_database: Database) -> None:
    follow(any_database, ALERT, AlertState.NO_DATA)
    (alert,) = Queries(any_database).alerts(open_only=True, limit=10)
    assert (alert.state, alert.highest_state) == (AlertState.NO_DATA, ALERT)
    follow(any_database, ALERT, AlertState.NO_DATA, WATCH)
    (alert,) = Queries(any_database).alerts(open_only=True, limit=10)
    assert alert.state == WATCH


def test_repeated_transition_changes_nothing(any_database: Database) -> None:
    follow(any_database, ALERT, NONE)
    AlertRepository(any_database).save_states([], [change(60, NONE, ALERT)])
    queries = Queries(any_database)
    assert len(queries.alerts(open_only=False, limit=10)) == 1
    assert queries.alerts(open_only=True, limit=10) == []
    assert len(queries.transitions(None, 10)) == 2


def test_station_that_crosses_again_gets_a_new_alert(any_database: Database) -> None:
    follow(any_database, ALERT, NONE, ALERT)
    opened = [alert.opened_at for alert in Queries(any_database).alerts(open_only=False, limit=10)]
    assert opened == [at(180), at(60)]
    assert len(Queries(any_database).alerts(open_only=False, limit=1)) == 1


def test_first_acknowledgement_stays(any_database: Database) -> None:
    follow(any_database, ALERT)
    queries = Queries(any_database)
    (alert,) = queries.alerts(open_only=True, limit=10)
    seen = queries.acknowledge(alert.alert_id, "operator", "on it", at(70))
    again = queries.acknowledge(alert.alert_id, "somebody", "me too", at(80))
    assert seen == again
    assert seen is not None
    assert (seen.acknowledged_at, seen.acknowledged_by, seen.comment) == (at(70), "operator", "on it")
    assert queries.acknowledge(alert.alert_id + 1, "operator", "", at(70)) is None


def test_transitions_come_newest_first(any_database: Database) -> None:
    follow(any_database, WATCH, ALERT, NONE)
    queries = Queries(any_database)
    assert [item.after for item in queries.transitions(None, 10)] == [NONE, ALERT, WATCH]
    assert [item.after for item in queries.transitions(at(120), 10)] == [NONE, ALERT]
    assert [item.transition_id for item in queries.transitions(None, 1)] == [3]


def test_recent_readings_hold_all_flags_oldest_first(any_database: Database) -> None:
    ReadingRepository(any_database).commit_batch(
        [observed(30, 3.0), observed(0, 1.0), observed(15, None)], [], [], at(30)
    )
    repository = AlertRepository(any_database)
    recent = repository.recent_readings([Variable.LEVEL], at(0))
    assert [(item.observed_at, item.value) for item in recent[LEVEL]] == [(at(15), None), (at(30), 3.0)]
    assert repository.recent_readings([Variable.RAIN], at(0)) == {}
    assert repository.last_readings()[LEVEL].value == 3.0


def test_an_open_alert_shows_what_is_known_now_a_closed_one_what_ended_it(any_database: Database) -> None:
    repository, queries = AlertRepository(any_database), Queries(any_database)
    follow(any_database, ALERT)
    repository.save_states([StationState(STATION, Basis.OBSERVED, ALERT, at(60), at(90), {"value": 7})], [])
    assert queries.alerts(open_only=True, limit=10)[0].evidence == {"value": 7}
    repository.save_states([], [change(120, ALERT, NONE, value=2)])
    repository.save_states([StationState(STATION, Basis.OBSERVED, NONE, at(120), at(150), {"value": 0})], [])
    assert queries.alerts(open_only=False, limit=10)[0].evidence == {"value": 2}
