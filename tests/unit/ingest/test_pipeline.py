"""The way of a batch without network and database: what is kept, acknowledged and announced, and when."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from domain.clock import EventClock, format_utc
from domain.errors import StoreUnavailable
from domain.readings import GOOD, CommitResult, DeadLetter, Flag, MessageKey, Observation, Quality
from ingest import pipeline as pipeline_module
from ingest.metrics import IngestMetrics
from ingest.pipeline import Pipeline
from ingest.quality import RULES, Case, Rule
from ingest.settings import IngestSettings
from tests.unit.ingest.field_messages import BASIN, LEVEL, NOON, message, value
from tests.unit.ingest.memory_store import MemoryStore
from tests.unit.ingest.scripted_field import ScriptedField


@dataclass
class Bench:
    """A pipeline with everything around it in reach."""

    store: MemoryStore = field(default_factory=MemoryStore)
    side: ScriptedField = field(default_factory=ScriptedField)
    clock: EventClock = field(default_factory=lambda: EventClock(NOON))
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    stop: threading.Event = field(default_factory=threading.Event)
    settings: IngestSettings = field(default_factory=IngestSettings)

    def pipeline(self, rules: Sequence[Rule] = RULES) -> Pipeline:
        metrics = IngestMetrics(self.registry)
        return Pipeline(self.store, self.side, BASIN, self.clock, metrics, self.settings, rules)

    def figure(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_module, "FIRST_RETRY_S", 0.001)


def numbered(seq: int, level: float = 1.0, minutes: float | None = None) -> bytes:
    observed_at = format_utc(NOON + timedelta(minutes=-60 + (seq if minutes is None else minutes)))
    return message([value(value=level, observed_at=observed_at)], seq=seq)


class ComesBack(MemoryStore):
    """Away for the first ``failures`` commits; ``on_failure`` looks around meanwhile."""

    def __init__(self, failures: int, on_failure: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.failures = failures
        self.on_failure = on_failure

    def commit_batch(
        self,
        observations: Sequence[Observation],
        dead_letters: Sequence[DeadLetter],
        messages: Sequence[MessageKey],
        committed_at: datetime,
    ) -> CommitResult:
        if self.failures > 0:
            self.failures -= 1
            self.on_failure()
            raise StoreUnavailable("not yet")
        return super().commit_batch(observations, dead_letters, messages, committed_at)


class TestStraightWay:
    def test_a_batch_is_one_commit_then_acknowledged_then_announced(self, bench: Bench) -> None:
        bench.side.put(*(numbered(seq) for seq in (1, 2, 3)))
        assert bench.pipeline().step(bench.stop) == 3
        assert bench.store.commits == 1
        assert len(bench.store.revisions) == 3
        assert bench.side.acknowledged == [1, 2, 3]
        assert bench.side.marks == [("D1", "b1", 3)]

    def test_times_come_from_the_clock_of_the_run(self, bench: Bench) -> None:
        work = bench.pipeline()
        assert work.newest_commit_at is None
        bench.side.put(message())
        work.step(bench.stop)
        assert work.newest_commit_at == bench.store.newest_commit_at == NOON

    def test_batches_are_limited(self) -> None:
        bench = Bench(settings=IngestSettings(batch_messages=2))
        bench.side.put(*(numbered(seq) for seq in (1, 2, 3)))
        work = bench.pipeline()
        assert [work.step(bench.stop), work.step(bench.stop), work.step(bench.stop)] == [2, 1, 0]

    def test_a_mark_says_what_is_missing(self, bench: Bench) -> None:
        bench.side.put(numbered(1), numbered(3))
        bench.pipeline().step(bench.stop)
        assert bench.side.marks == [("D1", "b1", 1)]

    def test_under_load_marks_are_announced_now_and_then_and_at_last(self) -> None:
        bench = Bench(settings=IngestSettings(batch_messages=1))
        bench.side.put(*(numbered(seq) for seq in range(1, 21)))
        work = bench.pipeline()
        while work.step(bench.stop):
            pass
        assert bench.side.marks[0] == ("D1", "b1", 1)
        assert bench.side.marks[-1] == ("D1", "b1", 20)
        assert len(bench.side.marks) < 20

    def test_run_ends_when_told(self, bench: Bench) -> None:
        bench.stop.set()
        bench.side.put(message())
        bench.pipeline().run(bench.stop)
        assert bench.store.commits == 0


class TestLookingBack:
    def test_rules_see_the_readings_of_the_same_batch(self, bench: Bench) -> None:
        bench.side.put(numbered(1, 1.0), numbered(2, 9.0))
        bench.pipeline().step(bench.stop)
        assert bench.store.quality(LEVEL, NOON - timedelta(minutes=58)) == Quality(Flag.SUSPECT, "rate_of_rise")

    def test_rules_see_what_was_stored_before_a_restart(self, bench: Bench) -> None:
        bench.side.put(numbered(1, 1.0))
        bench.pipeline().step(bench.stop)
        again = Bench(store=bench.store)
        again.side.put(numbered(2, 9.0))
        again.pipeline().step(again.stop)
        assert bench.store.quality(LEVEL, NOON - timedelta(minutes=58)) == Quality(Flag.SUSPECT, "rate_of_rise")

    def test_what_was_not_committed_is_not_remembered(self, bench: Bench) -> None:
        bench.store.indigestible.add(9.0)
        work = bench.pipeline()
        bench.side.put(numbered(1, 1.0))
        work.step(bench.stop)
        bench.side.put(numbered(2, 9.0))
        work.step(bench.stop)
        bench.side.put(numbered(3, 9.1))
        work.step(bench.stop)
        assert bench.store.quality(LEVEL, NOON - timedelta(minutes=57)) == Quality(Flag.SUSPECT, "rate_of_rise")


class TestPoison:
    def test_poison_is_kept_and_acknowledged_like_the_rest(self, bench: Bench) -> None:
        bench.side.put(b"\x00", numbered(1), b"[" * 9999, message(seq=2, values=[value(unit="ft")]))
        bench.pipeline().step(bench.stop)
        assert [letter.reason for letter in bench.store.dead_letters] == ["malformed", "malformed", "wrong_unit"]
        assert bench.side.acknowledged == [1, 2, 3, 4]
        assert bench.side.marks == [("D1", "b1", 2)]

    def test_a_rule_that_fails_makes_a_dead_letter_with_its_traceback(self, bench: Bench) -> None:
        def fails_on_two(case: Case) -> bool:
            if case.reading.value == 2.0:
                raise ZeroDivisionError("a bug in a rule")
            return False

        bench.side.put(numbered(1, 1.0), numbered(2, 2.0), numbered(3, 1.1))
        bench.pipeline((Rule("buggy", Flag.BAD, fails_on_two), *RULES)).step(bench.stop)
        (letter,) = bench.store.dead_letters
        assert letter.reason == "internal"
        assert "ZeroDivisionError: a bug in a rule" in letter.detail
        assert letter.payload == numbered(2, 2.0)
        assert len(bench.store.revisions) == 2
        assert bench.side.acknowledged == [1, 2, 3]
        assert bench.side.marks == [("D1", "b1", 3)]

    def test_what_the_store_cannot_digest_becomes_a_dead_letter_alone(self, bench: Bench) -> None:
        bench.store.indigestible.add(2.0)
        bench.side.put(numbered(1, 1.0), numbered(2, 2.0), numbered(3, 1.1))
        bench.pipeline().step(bench.stop)
        (letter,) = bench.store.dead_letters
        assert letter.reason == "internal"
        assert "cannot digest this" in letter.detail
        assert len(bench.store.revisions) == 2
        assert bench.side.acknowledged == [1, 2, 3]


@pytest.mark.usefixtures("quick_retries")
class TestStoreAway:
    def test_nothing_is_acknowledged_before_the_commit(self, bench: Bench) -> None:
        seen: list[int] = []
        bench.store = ComesBack(3, lambda: seen.append(len(bench.side.acknowledged)))
        bench.side.put(numbered(1), numbered(2))
        bench.pipeline().step(bench.stop)
        assert seen == [0, 0, 0]
        assert bench.side.acknowledged == [1, 2]
        assert len(bench.store.revisions) == 2

    def test_failure_and_recovery_are_logged_once_each(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        bench.store = ComesBack(5)
        bench.side.put(numbered(1))
        with caplog.at_level(logging.INFO, "ingest.pipeline"):
            bench.pipeline().step(bench.stop)
        assert [record.message.split(",")[0].split(":")[0] for record in caplog.records] == [
            "the store is away",
            "the store is back",
        ]
        assert bench.figure("hydronum_ingest_store_failures_total") == 5.0

    def test_a_store_that_is_away_from_the_start_is_waited_for(self, bench: Bench) -> None:
        bench.store.away = True
        bench.side.put(numbered(1))
        timer = threading.Timer(0.05, lambda: setattr(bench.store, "away", False))
        timer.start()
        assert bench.pipeline().step(bench.stop) == 1
        timer.join()
        assert bench.side.acknowledged == [1]

    def test_stopping_while_it_is_away_leaves_all_to_the_broker(self, bench: Bench) -> None:
        bench.store = ComesBack(10**9, bench.stop.set)
        bench.side.put(numbered(1))
        bench.pipeline().run(bench.stop)
        assert bench.side.acknowledged == []
        assert bench.side.marks == []


class TestRegister:
    def test_a_device_registered_later_is_known_after_a_while(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        work = bench.pipeline()
        new = message([value(station="S9")], device="D9")
        bench.side.put(new, device="D9")
        work.step(bench.stop)
        assert [letter.reason for letter in bench.store.dead_letters] == ["unknown_device"]
        bench.store.registered["D9"] = frozenset({"S9"})
        monkeypatch.setattr(pipeline_module, "REGISTER_AGE_S", 0.0)
        bench.side.put(new, device="D9")
        work.step(bench.stop)
        assert len(bench.store.revisions) == 1


class TestMetrics:
    def test_readings_by_flag_and_dead_letters_by_reason(self, bench: Bench) -> None:
        values = [value(), value(value=None, variable="rain", unit="mm"), value(unit="ft")]
        bench.side.put(message(values), message(values), b"?")
        bench.pipeline().step(bench.stop)
        assert bench.figure("hydronum_ingest_readings_total", flag="GOOD") == 2.0
        assert bench.figure("hydronum_ingest_readings_total", flag="MISSING") == 2.0
        assert bench.figure("hydronum_ingest_readings_total", flag="BAD") == 0.0
        assert bench.figure("hydronum_ingest_dead_letters_total", reason="wrong_unit") == 2.0
        assert bench.figure("hydronum_ingest_dead_letters_total", reason="malformed") == 1.0
        assert bench.figure("hydronum_ingest_rows_total", outcome="stored") == 2.0
        assert bench.figure("hydronum_ingest_rows_total", outcome="duplicate") == 2.0
        assert bench.figure("hydronum_ingest_batches_total") == 1.0
        assert bench.figure("hydronum_ingest_messages_total") == 3.0
        assert bench.figure("hydronum_ingest_commit_seconds_count") == 1.0
        assert bench.figure("hydronum_ingest_queue_depth") == 0.0

    def test_two_registries_do_not_meet(self) -> None:
        IngestMetrics(CollectorRegistry())
        IngestMetrics(CollectorRegistry())

    def test_first_reading_is_good(self, bench: Bench) -> None:
        bench.side.put(message())
        bench.pipeline().step(bench.stop)
        assert bench.store.quality(LEVEL, NOON) == GOOD
