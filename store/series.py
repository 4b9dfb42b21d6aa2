"""Numbers of series: what the tables call a series by, remembered by each process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from domain.readings import SeriesKey
from store.connection import Database

REGISTER: Final = """
INSERT INTO series (station_id, variable, source_id)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])
ON CONFLICT DO NOTHING
"""

FIND: Final = """
SELECT s.station_id, s.variable, s.source_id, s.series_id
FROM series s JOIN unnest(%s::text[], %s::text[], %s::text[]) AS wanted (station_id, variable, source_id)
    USING (station_id, variable, source_id)
"""


class SeriesNumbers:
    """The number of each series; a number once given never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, str, str], int] = {}

    def of(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, int]:
        """Return the number of each series, giving one to those that have none."""
        self._learn(keys, create=True)
        return {key: self._known[_plain(key)] for key in keys}

    def existing(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, int]:
        """Return the number of each series that has one."""
        self._learn(keys, create=False)
        return {key: self._known[_plain(key)] for key in keys if _plain(key) in self._known}

    def _learn(self, keys: Collection[SeriesKey], *, create: bool) -> None:
        unknown = sorted({_plain(key) for key in keys} - self._known.keys())
        if not unknown:
            return
        columns = [list(column) for column in zip(*unknown, strict=True)]
        # A transaction of its own: what is remembered here must not be undone by a caller's rollback.
        with self._database.transaction() as connection:
            if create:
                connection.execute(REGISTER, columns)
            for station_id, variable, source_id, number in connection.execute(FIND, columns):
                self._known[station_id, variable, source_id] = number


def _plain(key: SeriesKey) -> tuple[str, str, str]:
    return key.station_id, str(key.variable), key.source_id
