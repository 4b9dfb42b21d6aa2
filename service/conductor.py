"""Plays a simulated event through the running system, step by step, on event time.

The event clock advances only when every message of the step is at rest (committed or kept as a dead
letter) and the jobs that were due have finished.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from domain.errors import ServerError, StoreUnavailable

STEP = timedelta(minutes=15)
POLL_S = 0.004
PAUSE_POLL_S = 0.1
PATIENCE_S = 120.0

T = TypeVar("T")


class Sent(Protocol):
    """A message as a simulated device sent it."""

    @property
    def topic(self) -> str:
        """Topic it was published to."""
        ...

    @property
    def payload(self) -> bytes:
        """Its bytes; a redelivered copy has the same."""
        ...


class Field(Protocol):
    """The simulated field side of one step after the other."""

    @property
    def steps(self) -> Sequence[datetime]:
        """Event times of the steps."""
        ...

    def send(self, step: int) -> Sequence[Sent]:
        """Publish the messages of a step and return them once the broker has them."""
        ...


class Ledger(Protocol):
    """What has come to rest in the store."""

    def settled_messages(self) -> int:
        """Return how many different messages were committed or rejected as a whole."""
        ...


class Timekeeper(Protocol):
    """The clock of the run, which the operator may pause and speed up."""

    def advance(self, at: datetime) -> tuple[bool, float]:
        """Move the event time and return (playing, speed)."""
        ...

    def wishes(self) -> tuple[bool, float]:
        """Return (playing, speed) as the operator wants them now."""
        ...


@dataclass
class PlayFigures:
    """What playing an event took and moved."""

    published: int = 0
    steps: int = 0
    cycle_s: list[float] = field(default_factory=list)
    ingest_s: list[float] = field(default_factory=list)


class Conductor:
    """Plays the steps of a field through the system.

    Parameters
    ----------
    jobs
        What is due at the end of a step, a function of its event time; returns the wall seconds from
        assimilation to committed forecast, or None when no forecast was due.
    """

    def __init__(
        self,
        field_side: Field,
        clock: Timekeeper,
        ledger: Ledger,
        jobs: Callable[[datetime], float | None],
        stop: threading.Event,
    ) -> None:
        self._field = field_side
        self._clock = clock
        self._ledger = ledger
        self._jobs = jobs
        self._stop = stop
        self._sent: set[int] = set()

    def play(self, until: datetime, on_step: Callable[[datetime, PlayFigures], None]) -> PlayFigures:
        """Play the steps up to ``until`` or until told to stop.

        Raises
        ------
        ServerError
            When messages do not come to rest although everything seems to run.
        """
        figures = PlayFigures()
        for index, at in enumerate(self._field.steps):
            if self._stop.is_set() or at > until:
                break
            began = time.monotonic()
            playing, speed = self._insist(partial(self._clock.advance, at))
            self._bring_to_rest(index, figures)
            figures.ingest_s.append(time.monotonic() - began)
            seconds = self._insist(partial(self._jobs, at))
            if seconds is not None:
                figures.cycle_s.append(seconds)
            figures.steps += 1
            on_step(at, figures)
            self._pace(began, playing, speed)
        return figures

    def _bring_to_rest(self, index: int, figures: PlayFigures) -> None:
        """Publish a step and wait until the store holds all of it."""
        # Copies of a message in one step are one message; damaged on the way it is another, which nobody can attribute.
        self._sent.update(hash((index, message.topic, message.payload)) for message in self._field.send(index))
        figures.published = len(self._sent)
        settled = -1
        deadline = 0.0
        while not self._stop.is_set():
            now_settled = self._insist(self._ledger.settled_messages)
            if now_settled >= figures.published:
                return
            if now_settled != settled:
                settled, deadline = now_settled, time.monotonic() + PATIENCE_S
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{figures.published - settled} messages did not come to rest within {PATIENCE_S:g} s"
                )
            time.sleep(POLL_S)

    def _pace(self, began: float, playing: bool, speed: float) -> None:
        """Wait as long as the operator's speed, or pause, wants."""
        while not self._stop.is_set():
            left = STEP.total_seconds() / speed - (time.monotonic() - began)
            if playing and left <= 0:
                return
            self._stop.wait(min(left, PAUSE_POLL_S) if playing else PAUSE_POLL_S)
            playing, speed = self._insist(self._clock.wishes)

    def _insist(self, action: Callable[[], T]) -> T:
        """Repeat an action while the database is away; all of them may be repeated without harm."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return action()
            except StoreUnavailable:
                if self._stop.is_set() or time.monotonic() > deadline:
                    raise
                self._stop.wait(PAUSE_POLL_S)
