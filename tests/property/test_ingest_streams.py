"""A stream that arrives doubled and out of order ends as the same stream in order."""

from __future__ import annotations

import threading
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from domain.clock import EventClock, format_utc
from domain.readings import Flag
from ingest.metrics import IngestMetrics
from ingest.pipeline import Pipeline
from ingest.quality import RULES
from ingest.settings import IngestSettings
from tests.unit.ingest.field_messages import BASIN, LEVEL, NOON, message, value
from tests.unit.ingest.memory_store import MemoryStore
from tests.unit.ingest.scripted_field import ScriptedField

levels = st.floats(-10, 20, allow_nan=False) | st.none() | st.just(-999.0) | st.just("12,3")
CONTEXT_FREE = {rule.name for rule in RULES if rule.flag in (Flag.MISSING, Flag.BAD)}


def stream(values: list[float | str | None]) -> list[bytes]:
    """Return one message a value, 15 minutes apart, the last one at noon."""
    return [
        message(
            [value(value=level, observed_at=format_utc(NOON - timedelta(minutes=15 * (len(values) - seq))))],
            seq=seq,
        )
        for seq, level in enumerate(values, start=1)
    ]


def stored(payloads: list[bytes], batch: int) -> tuple[MemoryStore, ScriptedField]:
    store, side = MemoryStore(), ScriptedField()
    settings = IngestSettings(batch_messages=batch)
    pipeline = Pipeline(store, side, BASIN, EventClock(NOON), IngestMetrics(CollectorRegistry()), settings)
    side.put(*payloads)
    while pipeline.step(threading.Event()):
        pass
    return store, side


def context_free_flags(store: MemoryStore) -> dict[object, object]:
    return {
        key: revisions[0].quality if revisions[0].quality.rule in CONTEXT_FREE else None
        for key, revisions in store.revisions.items()
    }


@given(values=st.lists(levels, min_size=1, max_size=12), batch=st.integers(1, 20), draws=st.data())
def test_copies_and_disorder_change_nothing_that_is_stored(
    values: list[float | str | None], batch: int, draws: st.DataObject
) -> None:
    payloads = stream(values)
    copies = draws.draw(st.lists(st.sampled_from(payloads), max_size=8))
    expected, in_order = stored(payloads, 500)
    actual, arrived = stored(draws.draw(st.permutations(payloads + copies)), batch)
    assert actual.current() == expected.current()
    assert context_free_flags(actual) == context_free_flags(expected)
    assert {len(revisions) for revisions in actual.revisions.values()} <= {1}
    assert set(actual.dead_letters) == set(expected.dead_letters)
    assert actual.messages == expected.messages
    assert arrived.marks[-1] == in_order.marks[-1] == ("D1", "b1", len(values))
    assert len(arrived.acknowledged) == len(payloads) + len(copies)


@given(values=st.lists(levels, min_size=1, max_size=12), batch=st.integers(1, 20), draws=st.data())
def test_copies_change_no_flag_at_all(values: list[float | str | None], batch: int, draws: st.DataObject) -> None:
    payloads = stream(values)
    doubled = [copy for payload in payloads for copy in [payload] * draws.draw(st.integers(1, 3))]
    expected, _ = stored(payloads, 500)
    actual, _ = stored(doubled, batch)
    assert actual.revisions == expected.revisions


@given(values=st.lists(levels, min_size=2, max_size=12), cut=st.integers(1, 11))
def test_every_accounted_message_counts_once(values: list[float | str | None], cut: int) -> None:
    payloads = stream(values)
    store, _ = stored(payloads[:cut] + payloads, 3)
    assert len(store.current()) + len(store.dead_letters) == len(payloads)
    assert store.current().keys() <= {(LEVEL, NOON - timedelta(minutes=15 * back)) for back in range(len(values))}
