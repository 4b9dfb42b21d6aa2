"""Any order and any repetition of batches gives the same rows, marks and newest readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.readings import MessageKey, Observation, SeriesKey
from domain.variables import Variable
from store.connection import Database
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at, message, observed

SERIES = (LEVEL, SeriesKey("VES_VERVIERS", Variable.RAIN), SeriesKey("VES_VERVIERS", Variable.LEVEL, "camera"))

# What a device sent: message number -> its readings. Few minutes and values, so that values repeat.
sent_messages = st.dictionaries(
    st.integers(1, 12),
    st.dictionaries(
        st.tuples(st.sampled_from(SERIES), st.integers(0, 9)), st.sampled_from([None, 0.0, 1.0, 2.0]), max_size=4
    ),
    max_size=8,
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[dict[int, list[Observation]], list[list[int]]]:
    """Messages without contradiction, and batches in which each is delivered at least once."""
    truth: dict[tuple[SeriesKey, int], float | None] = {}
    sent: dict[int, list[Observation]] = {}
    for seq, values in draw(sent_messages).items():
        first_said = {key: truth.setdefault(key, value) for key, value in values.items()}
        sent[seq] = [
            observed(minute, value, series=series, received=60, seq=0) for (series, minute), value in first_said.items()
        ]
    once = draw(st.permutations(list(sent)))
    again = draw(st.lists(st.sampled_from(list(sent)), max_size=6)) if sent else []
    queue = [*once, *again]
    batches: list[list[int]] = []
    while queue:
        size = draw(st.integers(1, len(queue)))
        batches.append(queue[:size])
        queue = queue[size:]
    return sent, batches


@given(deliveries())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_do_not_depend_on_order_or_repetition(
    database: Database, delivered: tuple[dict[int, list[Observation]], list[list[int]]]
) -> None:
    sent, batches = delivered
    in_order = outcome(database, sent, [[seq] for seq in sorted(sent)])
    assert outcome(database, sent, batches) == in_order


def outcome(
    database: Database, sent: dict[int, list[Observation]], batches: Sequence[Sequence[int]]
) -> tuple[Any, ...]:
    """Commit the batches into empty tables and return everything that was stored and counted."""
    with database.transaction() as connection:
        connection.execute("TRUNCATE reading, latest_reading, message, device_stream RESTART IDENTITY CASCADE")
    repository = ReadingRepository(database)
    stored = 0
    for batch in batches:
        keys: list[MessageKey] = [message(seq) for seq in batch]
        result = repository.commit_batch([item for seq in batch for item in sent[seq]], [], keys, at(60))
        stored += result.stored
        assert result.conflicts == 0
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT station_id, variable, source_id, observed_at, revision, value, flag "
            "FROM reading JOIN series USING (series_id) ORDER BY 1, 2, 3, 4, 5"
        ).fetchall()
        streams = connection.execute("SELECT high_water, messages FROM device_stream").fetchall()
        waiting = connection.execute("SELECT seq FROM message ORDER BY seq").fetchall()
    assert stored == len(rows)
    return rows, streams, waiting, repository.last_readings()
