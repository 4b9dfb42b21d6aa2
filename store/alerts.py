"""States of stations, every change of them, and the alerts that operators see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from domain.alerts import CLOSING_STATES, OPENING_STATES, SEVERITY, AlertState, Basis, StationState, Transition
from domain.forecasts import Crossing, ForecastKind
from domain.readings import Flag, LastReading, SeriesKey
from domain.records import ObservedValue, Topic
from domain.variables import Variable
from store.arrays import TextArray, TimeArray
from store.connection import Connection, Database
from store.forecasts import newest_crossings
from store.json_column import to_json
from store.notices import announce
from store.readings import last_readings

RECENT: Final = """
SELECT s.series_id, s.station_id, s.variable, s.source_id, current.observed_at, current.value,
       coalesce(judged.flag, current.flag), coalesce(judged.rule, current.rule)
FROM series s
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (r.observed_at) r.observed_at, r.revision, r.value, r.flag, r.rule FROM reading r
    WHERE r.series_id = s.series_id AND r.observed_at > %(after)s AND (r.revision = 0 OR r.correction)
    ORDER BY r.observed_at, r.revision DESC
) AS current
LEFT JOIN LATERAL (
    SELECT f.flag, f.rule FROM flag_change f
    WHERE f.series_id = s.series_id AND f.observed_at = current.observed_at AND f.revision = current.revision
    ORDER BY f.known_at DESC LIMIT 1
) AS judged ON true
WHERE s.variable = ANY(%(variables)s::text[])
ORDER BY s.series_id, current.observed_at
"""

# A leader that froze and woke up again must not put back what a newer evaluation said.
SAVE_STATES: Final = """
INSERT INTO station_state (station_id, basis, state, since, evaluated_at, evidence)
SELECT station_id, basis, state, since, evaluated_at, evidence::jsonb
FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
    AS sent (station_id, basis, state, since, evaluated_at, evidence)
ORDER BY station_id, basis
ON CONFLICT (station_id, basis) DO UPDATE
SET (state, since, evaluated_at, evidence)
    = (EXCLUDED.state, EXCLUDED.since, EXCLUDED.evaluated_at, EXCLUDED.evidence)
WHERE EXCLUDED.evaluated_at >= station_state.evaluated_at
"""

SAVE_TRANSITION: Final = """
INSERT INTO transition (station_id, basis, at, before, after, reason, evidence)
VALUES (%(station_id)s, %(basis)s, %(at)s, %(before)s, %(after)s, %(reason)s, %(evidence)s::jsonb)
ON CONFLICT DO NOTHING RETURNING transition_id
"""

OPEN_ALERT: Final = """
INSERT INTO alert (station_id, basis, opened_at, state, highest_state, evidence)
VALUES (%(station_id)s, %(basis)s, %(at)s, %(after)s, %(after)s, %(evidence)s::jsonb)
ON CONFLICT (station_id, basis) WHERE closed_at IS NULL DO NOTHING
"""

# A state without a severity (no data, no threshold) has no position and leaves the highest as it is.
UPDATE_ALERT: Final = """
UPDATE alert SET state = %(after)s, evidence = %(evidence)s::jsonb,
    highest_state = CASE WHEN array_position(%(rising)s::text[], %(after)s)
                              > array_position(%(rising)s::text[], highest_state)
                         THEN %(after)s ELSE highest_state END,
    closed_at = CASE WHEN %(closes)s THEN %(at)s::timestamptz END
WHERE station_id = %(station_id)s AND basis = %(basis)s AND closed_at IS NULL
"""

STATION_STATES: Final = """
SELECT station_id, basis, state, since, evaluated_at, evidence FROM station_state
WHERE %(basis)s::text IS NULL OR basis = %(basis)s
"""

FLAGS: Final = {flag.value: flag for flag in Flag}
RISING: Final = [state.value for state in sorted(SEVERITY, key=lambda state: SEVERITY[state])]


class AlertRepository:
    """What the alert engine reads and writes; satisfies ``alerts.ports.AlertStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Return the newest reading of every series, by observed time."""
        with self._database.reading() as connection:
            return last_readings(connection)

    def recent_readings(
        self, variables: Collection[Variable], after: datetime
    ) -> Mapping[SeriesKey, Sequence[ObservedValue]]:
        """Return current values with observed_at > after, oldest first, by series; all flags."""
        question = {"variables": [variable.value for variable in variables], "after": after}
        with self._database.reading() as connection:
            rows = connection.execute(RECENT, question).fetchall()
        found: dict[SeriesKey, Sequence[ObservedValue]] = {}
        # Thousands of rows after every batch: what repeats is made once a series, and flags are looked up.
        for _, of_series in groupby(rows, key=itemgetter(0)):
            values = list(of_series)
            _, station, variable, source, *_ = values[0]
            found[SeriesKey(station, Variable(variable), source)] = [
                ObservedValue(row[4], row[5], FLAGS[row[6]], row[7]) for row in values
            ]
        return found

    def newest_crossings(self, kind: ForecastKind) -> tuple[datetime | None, Sequence[Crossing]]:
        """Return issue time and crossings of the newest forecast, or (None, ()) when there is none."""
        with self._database.reading() as connection:
            return newest_crossings(connection, kind)

    def station_states(self, basis: Basis | None = None) -> Mapping[tuple[str, Basis], StationState]:
        """Return the present state of every station on one basis, None meaning on each."""
        with self._database.reading() as connection:
            return station_states(connection, basis)

    def save_states(self, states: Sequence[StationState], transitions: Sequence[Transition]) -> None:
        """Store new states, append the transitions, open and close alerts, in one transaction.

        A transition into ``OPENING_STATES`` opens an alert for (station, basis) unless one is open; any
        transition updates the open one's state, highest state and evidence; one into ``CLOSING_STATES``
        closes it at ``transition.at``. Repeating a transition already stored changes nothing, and a state
        never replaces one that was evaluated later.
        """
        with self._database.transaction() as connection:
            _save_states(connection, states)
            newest: int | None = None
            for transition in transitions:
                stored = _save_transition(connection, transition)
                newest = newest if stored is None else stored
            if newest is not None:
                announce(connection, Topic.ALERTS, newest, max(transition.at for transition in transitions))


def station_states(connection: Connection, basis: Basis | None = None) -> Mapping[tuple[str, Basis], StationState]:
    """Return the present state of every station on one basis, None meaning on each."""
    question = {"basis": None if basis is None else basis.value}
    return {
        (station_id, Basis(basis)): StationState(
            station_id, Basis(basis), AlertState(state), since, evaluated_at, evidence
        )
        for station_id, basis, state, since, evaluated_at, evidence in connection.execute(STATION_STATES, question)
    }


def _save_states(connection: Connection, states: Sequence[StationState]) -> None:
    if not states:
        return
    connection.execute(
        SAVE_STATES,
        (
            TextArray([state.station_id for state in states]),
            TextArray([state.basis.value for state in states]),
            TextArray([state.state.value for state in states]),
            TimeArray([state.since for state in states]),
            TimeArray([state.evaluated_at for state in states]),
            TextArray([to_json(state.evidence) for state in states]),
        ),
    )


def _save_transition(connection: Connection, transition: Transition) -> int | None:
    """Store a transition and what it means for the station's alert; return its id, None when it was known."""
    words = {
        "station_id": transition.station_id,
        "basis": transition.basis.value,
        "at": transition.at,
        "before": transition.before.value,
        "after": transition.after.value,
        "reason": transition.reason,
        "evidence": to_json(transition.evidence),
        "rising": RISING,
        "closes": transition.after in CLOSING_STATES,
    }
    row = connection.execute(SAVE_TRANSITION, words).fetchone()
    if row is None:
        return None
    if transition.after in OPENING_STATES:
        connection.execute(OPEN_ALERT, words)
    connection.execute(UPDATE_ALERT, words)
    transition_id: int = row[0]
    return transition_id
