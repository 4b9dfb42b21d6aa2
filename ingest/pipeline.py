"""The way of a batch: take, decode, judge, commit in one transaction, acknowledge, announce.

Nothing is acknowledged before it is committed. While the store is away the batch at hand is held and
tried again; the messages behind it wait in the bounded queue, those behind them at the broker, which
stops sending at its limit of un-acknowledged messages. A message that our own code or the store cannot
digest becomes a dead letter with the traceback, so that it never holds up the ones behind it.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple, TypeVar

from domain.clock import Clock
from domain.errors import RejectionReason, StoreUnavailable
from domain.readings import DeadLetter, MessageKey, Observation, Reading, SeriesKey
from ingest.messages import PAYLOAD_LIMIT, TOPIC_LIMIT, Decoded, TimeWindow, decode, plain
from ingest.metrics import IngestMetrics
from ingest.ports import FieldMessage, FieldSide, ReadingStore
from ingest.quality import EMPTY, RULES, History, Rule, check, history_of, remember
from ingest.settings import IngestSettings

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 0.1
LONGEST_RETRY_S: Final = 5.0
REGISTER_AGE_S: Final = 30.0
ANNOUNCE_EVERY_S: Final = 0.25
TRACEBACK_LIMIT: Final = 4000

_Result = TypeVar("_Result")


class Judged(NamedTuple):
    """What became of one message before it is committed; ``histories`` hold once it is."""

    message: FieldMessage
    observations: tuple[Observation, ...]
    dead_letters: tuple[DeadLetter, ...]
    key: MessageKey | None
    histories: Mapping[SeriesKey, History]


class Pipeline:
    """One ingester's loop. Not shared between threads; ``newest_commit_at`` may be read from any.

    Parameters
    ----------
    basin_id
        Basin whose topics are accepted.
    clock
        Gives ``received_at`` and ``committed_at``; it may raise StoreUnavailable, as the store may.
    rules
        Quality rules, ordered from worst to best.
    """

    def __init__(
        self,
        store: ReadingStore,
        field_side: FieldSide,
        basin_id: str,
        clock: Clock,
        metrics: IngestMetrics,
        settings: IngestSettings,
        rules: Sequence[Rule] = RULES,
    ) -> None:
        self._store = store
        self._field_side = field_side
        self._basin_id = basin_id
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._window = TimeWindow(settings.horizon, settings.ahead)
        self._rules = rules
        self._histories: dict[SeriesKey, History] = {}
        self._remembers = False
        self._devices: Mapping[str, frozenset[str]] = {}
        self._devices_read_at = float("-inf")
        self._marks: dict[tuple[str, str], int] = {}
        self._announced_at = float("-inf")
        self.newest_commit_at: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; the batch at hand is then finished unless the store is away."""
        while not stop.is_set():
            self.step(stop)

    def step(self, stop: threading.Event) -> int:
        """Bring the messages that wait, up to one batch, to rest and return how many they were."""
        messages = self._field_side.take(self._settings.batch_messages, self._settings.batch_wait_s)
        self._metrics.waiting(self._field_side.depth())
        if messages:
            judged = self._insist(lambda: self._judge(messages), stop)
            if judged is None or self._insist(lambda: self._commit(judged), stop) is None:
                return 0
            for message in messages:
                self._field_side.acknowledge(message.delivery)
        self._announce()
        return len(messages)

    def _insist(self, attempt: Callable[[], _Result], stop: threading.Event) -> _Result | None:
        """Repeat an attempt until the store is there; None when told to stop before."""
        delay_s = FIRST_RETRY_S
        failing = False
        while True:
            try:
                result = attempt()
            except StoreUnavailable as error:
                self._metrics.refused()
                if not failing:
                    log.warning("the store is away, nothing is acknowledged until it is back: %s", error)
                failing = True
            else:
                if failing:
                    log.info("the store is back")
                return result
            if stop.wait(delay_s):
                return None
            delay_s = min(2 * delay_s, LONGEST_RETRY_S)

    def _judge(self, messages: Sequence[FieldMessage]) -> list[Judged]:
        received_at = self._clock.now()
        if not self._remembers:
            self._histories = {series: history_of(last) for series, last in self._store.last_readings().items()}
            self._remembers = True
        self._read_devices_when_older_than(REGISTER_AGE_S)
        known = ChainMap({}, self._histories)  # what this batch adds stays apart until it is committed
        judged = []
        for message in messages:
            judged.append(self._judge_one(message, received_at, known))
            known.update(judged[-1].histories)
        return judged

    def _judge_one(self, message: FieldMessage, received_at: datetime, known: ChainMap[SeriesKey, History]) -> Judged:
        """Decode one message and flag its readings; a fault of our own makes a dead letter of it."""
        decoded: Decoded | None = None
        news = known.new_child()
        try:
            decoded = decode(
                message.topic,
                message.payload,
                received_at,
                basin_id=self._basin_id,
                devices=self._devices,
                window=self._window,
            )
            observations = tuple(self._observe(reading, news) for reading in decoded.readings)
        except Exception:
            log.exception("a message cannot be judged and is kept as a dead letter")
            return _undigested(message, decoded.key if decoded else None, received_at)
        return Judged(message, observations, decoded.dead_letters, decoded.key, news.maps[0])

    def _observe(self, reading: Reading, histories: ChainMap[SeriesKey, History]) -> Observation:
        history = histories.get(reading.series, EMPTY)
        observation = Observation(reading, check(reading, history, self._rules))
        histories[reading.series] = remember(history, observation)
        return observation

    def _read_devices_when_older_than(self, age_s: float) -> None:
        """Read the register of devices again now and then: a new one must not wait for a restart."""
        now = time.monotonic()
        if now - self._devices_read_at > age_s:
            self._devices = self._store.devices()
            self._devices_read_at = now

    def _commit(self, judged: Sequence[Judged]) -> bool:
        """Commit messages in one transaction; when the store cannot digest that, commit them one by one."""
        try:
            self._write(judged)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("the store cannot digest a batch of %d messages", len(judged))
            for one in judged:
                self._commit_alone(one)
        return True

    def _commit_alone(self, one: Judged) -> None:
        try:
            self._write([one])
        except StoreUnavailable:
            raise
        except Exception:
            letter = _undigested(one.message, one.key, self._clock.now())
            try:
                self._write([letter])
            except Exception as error:
                raise StoreUnavailable(f"the store refuses even a dead letter: {error!r}") from error

    def _write(self, judged: Sequence[Judged]) -> None:
        """Write messages in one transaction and take over what holds from then on."""
        observations = list(chain.from_iterable(one.observations for one in judged))
        dead_letters = list(chain.from_iterable(one.dead_letters for one in judged))
        keys = [one.key for one in judged if one.key is not None]
        committed_at = self._clock.now()
        started = time.perf_counter()
        result = self._store.commit_batch(observations, dead_letters, keys, committed_at)
        self._metrics.committed(len(judged), observations, dead_letters, result, time.perf_counter() - started)
        for one in judged:
            self._histories.update(one.histories)
        self._marks.update(result.high_water)
        self.newest_commit_at = committed_at

    def _announce(self) -> None:
        """Publish high-water marks at once when nothing waits, under load a few times a second."""
        now = time.monotonic()
        if not self._marks or (self._field_side.depth() and now - self._announced_at < ANNOUNCE_EVERY_S):
            return
        for (device_id, boot_id), seq in self._marks.items():
            self._field_side.announce(device_id, boot_id, seq)
        self._marks.clear()
        self._announced_at = now


def _undigested(message: FieldMessage, key: MessageKey | None, received_at: datetime) -> Judged:
    """Make a dead letter of a message that broke our own code, with the traceback of the present exception."""
    letter = DeadLetter(
        topic=plain(message.topic, TOPIC_LIMIT),
        payload=message.payload[:PAYLOAD_LIMIT],
        reason=RejectionReason.INTERNAL.value,
        detail=plain(traceback.format_exc()[-TRACEBACK_LIMIT:], TRACEBACK_LIMIT),
        device_id=key.device_id if key else None,
        received_at=received_at,
        accounted=key is not None,
    )
    return Judged(message, (), (letter,), key, {})
