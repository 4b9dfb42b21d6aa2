"""What pages and reviews read: states, hydrographs, forecasts, alerts, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.alerts import AlertState, Basis, StationState
from domain.forecasts import ForecastKind
from domain.readings import Flag, LastReading, SeriesKey
from domain.records import (
    AlertRecord,
    IssueStamp,
    ObservedValue,
    RunClock,
    StationForecast,
    Topic,
    TransitionRecord,
)
from store import forecasts
from store.alerts import station_states
from store.clock import ClockRepository
from store.connection import Database
from store.notices import announce
from store.readings import last_readings
from store.series import SeriesNumbers

# Value and flag each as known at an instant: what was received, and judged, until then.
OBSERVATIONS: Final = """
SELECT current.observed_at, current.value, coalesce(judged.flag, current.flag), coalesce(judged.rule, current.rule)
FROM (
    SELECT DISTINCT ON (observed_at) observed_at, revision, value, flag, rule FROM reading
    WHERE series_id = %(series)s AND observed_at > %(after)s AND observed_at <= %(until)s
    AND (revision = 0 OR correction)
    AND (%(known_at)s::timestamptz IS NULL OR received_at <= %(known_at)s)
    ORDER BY observed_at, revision DESC
) AS current
LEFT JOIN LATERAL (
    SELECT f.flag, f.rule FROM flag_change f
    WHERE f.series_id = %(series)s AND f.observed_at = current.observed_at AND f.revision = current.revision
    AND (%(known_at)s::timestamptz IS NULL OR f.known_at <= %(known_at)s)
    ORDER BY f.known_at DESC LIMIT 1
) AS judged ON true
ORDER BY current.observed_at
"""

# An open alert shows what is known now; a closed one what was known when it closed.
ALERTS: Final = """
SELECT a.alert_id, a.station_id, a.basis, a.state, a.highest_state, a.opened_at, a.closed_at,
       CASE WHEN a.closed_at IS NULL THEN coalesce(s.evidence, a.evidence) ELSE a.evidence END,
       a.acknowledged_at, a.acknowledged_by, a.comment
FROM alert a LEFT JOIN station_state s USING (station_id, basis)
WHERE (%(alert_id)s::bigint IS NULL OR alert_id = %(alert_id)s) AND (closed_at IS NULL OR NOT %(open_only)s)
ORDER BY opened_at DESC, alert_id DESC LIMIT %(limit)s
"""
ACKNOWLEDGE: Final = """
UPDATE alert SET acknowledged_at = %s, acknowledged_by = %s, comment = %s
WHERE alert_id = %s AND acknowledged_at IS NULL
"""

TRANSITIONS: Final = """
SELECT transition_id, station_id, basis, at, before, after, reason, evidence FROM transition
WHERE %(since)s::timestamptz IS NULL OR at >= %(since)s
ORDER BY at DESC, transition_id DESC LIMIT %(limit)s
"""


class Queries:
    """Read models of one database; satisfies ``api.ports.ApiStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = SeriesNumbers(database)
        self._clock = ClockRepository(database)

    def run_clock(self) -> RunClock | None:
        """Return the stored clock, or None before the first run wrote one."""
        return self._clock.run_clock()

    def request_clock(self, playing: bool | None, speed: float | None) -> RunClock:
        """Ask the run to play, pause or change speed; None leaves a field as it is."""
        return self._clock.request_clock(playing, speed)

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Return the newest reading of every series, by observed time."""
        with self._database.reading() as connection:
            return last_readings(connection)

    def station_states(self) -> Mapping[tuple[str, Basis], StationState]:
        """Return the present state of every station and basis."""
        with self._database.reading() as connection:
            return station_states(connection)

    def newest_issue(self, kind: ForecastKind) -> IssueStamp | None:
        """Return issue time and label of the newest forecast, or None when there is none."""
        with self._database.reading() as connection:
            return forecasts.newest_issue(connection, kind)

    def dead_letter_count(self) -> int:
        """Return how many field messages became dead letters."""
        return sum(self.dead_letters_by_reason().values())

    def dead_letters_by_reason(self) -> Mapping[str, int]:
        """Return how many field messages became dead letters, by reason."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT reason, sum(letters) FROM dead_letter_count GROUP BY reason").fetchall()
        return {reason: int(letters) for reason, letters in rows}

    def newest_commit_at(self) -> datetime | None:
        """Return the newest ``received_at`` among committed messages, or None."""
        newest: datetime | None = self._single("SELECT max(committed_at) FROM device_stream")
        return newest

    def committed_messages(self) -> int:
        """Return how many different field messages were committed."""
        return int(self._single("SELECT coalesce(sum(messages), 0) FROM device_stream"))

    def settled_messages(self) -> int:
        """Return how many different field messages are at rest: committed, or kept as a dead letter as a whole."""
        return int(
            self._single(
                "SELECT (SELECT coalesce(sum(messages), 0) FROM device_stream) "
                "+ (SELECT coalesce(sum(letters), 0) FROM dead_letter_count WHERE NOT accounted)"
            )
        )

    def worst_water_balance_error(self) -> float | None:
        """Return the largest relative water-balance error of any forecast run, or None without one."""
        worst: float | None = self._single("SELECT max(water_balance_error) FROM forecast_run")
        return worst

    def stored_readings(self) -> int:
        """Return how many readings are stored, conflicting revisions left out. Counts rows: not for every second."""
        return int(self._single("SELECT count(*) FROM reading WHERE revision = 0"))

    def high_water_marks(self) -> Mapping[tuple[str, str], int]:
        """Return the highest sequence number below which nothing is missing, by (device_id, boot_id)."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT device_id, boot_id, high_water FROM device_stream").fetchall()
        return {(device_id, boot_id): mark for device_id, boot_id, mark in rows}

    def observations(
        self, series: SeriesKey, after: datetime, until: datetime, known_at: datetime | None = None
    ) -> Sequence[ObservedValue]:
        """Return current values with after < observed_at <= until, oldest first.

        ``known_at`` asks for values and flags as they were known then; None: as they are known now.
        """
        number = self._numbers.existing([series]).get(series)
        question = {"series": number, "after": after, "until": until, "known_at": known_at}
        with self._database.reading() as connection:
            return [
                ObservedValue(observed_at, value, Flag(flag), rule)
                for observed_at, value, flag, rule in connection.execute(OBSERVATIONS, question)
            ]

    def station_forecast(
        self, series: SeriesKey, kind: ForecastKind, issued_at: datetime | None
    ) -> StationForecast | None:
        """Return the forecast issued then (None: the newest of this kind), or None when there is none."""
        number = self._numbers.existing([series]).get(series)
        if number is None:
            return None
        with self._database.reading() as connection:
            return forecasts.station_forecast(connection, series, number, kind, issued_at)

    def alerts(self, open_only: bool, limit: int) -> Sequence[AlertRecord]:
        """Return alerts, newest ``opened_at`` first; ``open_only`` leaves out the closed ones."""
        with self._database.reading() as connection:
            question = {"alert_id": None, "open_only": open_only, "limit": limit}
            return [_alert(row) for row in connection.execute(ALERTS, question)]

    def acknowledge(self, alert_id: int, by: str, comment: str, at: datetime) -> AlertRecord | None:
        """Note who saw the alert and when; the first acknowledgement stays. None when there is no such alert."""
        with self._database.transaction() as connection:
            changed = connection.execute(ACKNOWLEDGE, (at, by, comment, alert_id)).rowcount
            question = {"alert_id": alert_id, "open_only": False, "limit": 1}
            row = connection.execute(ALERTS, question).fetchone()
            if changed:
                announce(connection, Topic.ALERTS, alert_id, at)
        return None if row is None else _alert(row)

    def transitions(self, since: datetime | None, limit: int) -> Sequence[TransitionRecord]:
        """Return changes of state with at >= since, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(TRANSITIONS, {"since": since, "limit": limit}).fetchall()
        return [
            TransitionRecord(number, station, Basis(basis), at, AlertState(before), AlertState(after), reason, evidence)
            for number, station, basis, at, before, after, reason, evidence in rows
        ]

    def _single(self, question: str) -> Any:
        with self._database.reading() as connection:
            row = connection.execute(question.encode()).fetchone()
        return None if row is None else row[0]


def _alert(row: tuple[Any, ...]) -> AlertRecord:
    alert_id, station_id, basis, state, highest_state, *rest = row
    return AlertRecord(alert_id, station_id, Basis(basis), AlertState(state), AlertState(highest_state), *rest)
