"""The conductor on a field, a store and a clock whose behaviour is scripted to the step."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import ServerError, StoreUnavailable
from service import conductor
from service.conductor import STEP, Conductor, PlayFigures

START = datetime(2021, 7, 14, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes


@dataclass
class Script:
    """Field, ledger and clock in one, which writes down what happens in which order."""

    messages: Sequence[Sequence[Message]]
    settle_after_polls: int = 0
    loses: int = 0
    playing: bool = True
    speed: float = 1e9
    log: list[str] = field(default_factory=list)
    sent: set[Message] = field(default_factory=set)
    polls: int = 0

    @property
    def steps(self) -> Sequence[datetime]:
        return [START + k * STEP for k in range(len(self.messages))]

    def send(self, step: int) -> Sequence[Message]:
        self.log.append(f"send {step}")
        self.sent.update(self.messages[step])
        self.polls = 0
        return self.messages[step]

    def settled_messages(self) -> int:
        self.polls += 1
        return len(self.sent) - self.loses if self.polls > self.settle_after_polls else 0

    def advance(self, at: datetime) -> tuple[bool, float]:
        self.log.append(f"clock {at:%H:%M}")
        return self.playing, self.speed

    def wishes(self) -> tuple[bool, float]:
        return self.playing, self.speed

    def jobs(self, at: datetime) -> float:
        self.log.append(f"jobs {at:%H:%M}")
        return 0.1


def play(script: Script, stop: threading.Event | None = None, until: datetime | None = None) -> PlayFigures:
    stop = stop or threading.Event()
    runner = Conductor(script, script, script, script.jobs, stop)
    return runner.play(until or START + timedelta(days=1), lambda _at, _figures: None)


def test_clock_then_messages_then_jobs_step_by_step() -> None:
    script = Script([[Message("a", b"1")], [Message("a", b"2")]], settle_after_polls=3)
    figures = play(script)
    assert script.log == ["clock 00:00", "send 0", "jobs 00:00", "clock 00:15", "send 1", "jobs 00:15"]
    assert (figures.published, figures.steps, figures.cycle_s) == (2, 2, [0.1, 0.1])


def test_copies_count_once_and_damaged_ones_by_themselves() -> None:
    twice = [Message("a", b"123"), Message("a", b"123"), Message("a", b"12")]
    assert play(Script([twice])).published == 2


def test_a_message_that_never_comes_to_rest_stops_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor, "PATIENCE_S", 0.05)
    with pytest.raises(ServerError, match="1 messages did not come to rest"):
        play(Script([[Message("a", b"1"), Message("a", b"2")]], loses=1))


def test_a_database_that_is_away_for_a_while_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor, "PAUSE_POLL_S", 0.001)
    away = {"jobs": 3, "settled_messages": 2, "advance": 1}

    class Flaky(Script):
        def _maybe_away(self, what: str) -> None:
            if away[what]:
                away[what] -= 1
                raise StoreUnavailable("killed")

        def advance(self, at: datetime) -> tuple[bool, float]:
            self._maybe_away("advance")
            return super().advance(at)

        def settled_messages(self) -> int:
            self._maybe_away("settled_messages")
            return super().settled_messages()

        def jobs(self, at: datetime) -> float:
            self._maybe_away("jobs")
            return super().jobs(at)

    script = Flaky([[Message("a", b"1")], [Message("a", b"2")]])
    assert play(script).published == 2
    assert script.log == ["clock 00:00", "send 0", "jobs 00:00", "clock 00:15", "send 1", "jobs 00:15"]
    assert not any(away.values())


def test_a_paused_clock_waits_until_it_is_told_to_go_on() -> None:
    script = Script([[Message("a", b"1")], [Message("a", b"2")]], playing=False)
    worker = threading.Thread(target=play, args=(script,))
    worker.start()
    deadline = time.monotonic() + 5
    while "jobs 00:00" not in script.log and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(3 * conductor.PAUSE_POLL_S)
    assert "clock 00:15" not in script.log
    script.playing = True
    worker.join(5)
    assert script.log[-1] == "jobs 00:15"


def test_it_ends_where_it_was_told_to_end() -> None:
    script = Script([[Message("a", bytes([k]))] for k in range(8)])
    assert play(script, until=START + 3 * STEP).steps == 4


def test_told_to_stop_it_starts_no_further_step() -> None:
    stop = threading.Event()
    stop.set()
    assert play(Script([[Message("a", b"1")]]), stop).steps == 0
