"""Quality control: a table of small pure rules, of which the first that applies flags the reading.

The table is ordered from worst to best (MISSING and BAD, then SUSPECT, then information), so the first
match is also the worst. Nothing is ever deleted, and a flag says only what was known on arrival.

A rule may look back in *observed* time, never in order of arrival: a reading that comes late is not
compared with a later one. What the late reading would have changed about its successors is not
rejudged here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from domain.readings import GOOD, Flag, LastReading, Observation, Quality, Reading
from domain.variables import VARIABLES, VariableSpec

# Fill values of loggers and databases. They count as such only where the variable cannot have the
# value: 999.9 m3/s is a flood of the Meuse, 999.9 mm of rain in a step is not rain.
SENTINELS: Final = frozenset(
    {-88.8, -99.9, -888.0, -999.0, -999.9, -8888.0, -9999.0, -99999.0}
    | {888.8, 999.0, 999.9, 8888.0, 9999.0, 9999.9, 32767.0, 65535.0, 99999.0}
)

# Below this spacing waves and noise dominate the difference of two readings.
SHORTEST_STEP: Final = timedelta(minutes=15)

# A reading after a suspect one confirms it when it lies within twice the limit of it: that holds for a
# level that stays, and for a wall of water that keeps rising, but not for a sensor that runs away.
CONFIRMING_FACTOR: Final = 2.0

LATE_AFTER: Final = timedelta(hours=1)

_HOUR: Final = timedelta(hours=1)


class History(NamedTuple):
    """What is known of a series: its newest usable reading, and its newest one that was GOOD.

    Usable is a reading with a value that is not BAD.
    """

    last: LastReading | None = None
    believed: LastReading | None = None


EMPTY: Final = History()


class Case(NamedTuple):
    """What a rule may look at: the reading, the table row of its variable, what was known before it."""

    reading: Reading
    spec: VariableSpec
    history: History


class Rule(NamedTuple):
    """A name, the flag it sets, and the question whether it applies."""

    name: str
    flag: Flag
    applies: Callable[[Case], bool]


def is_missing(case: Case) -> bool:
    """Tell whether the sender says that the sensor has no value."""
    return case.reading.value is None


def is_sentinel(case: Case) -> bool:
    """Tell a fill value that the variable cannot have."""
    return case.reading.value in SENTINELS and is_out_of_range(case)


def is_out_of_range(case: Case) -> bool:
    """Tell a value outside the physical limits of the variable."""
    value = case.reading.value
    return value is not None and not case.spec.minimum <= value <= case.spec.maximum


def rises_too_fast(case: Case) -> bool:
    """Tell a value higher than both the reading before and the last believed one allow for the time between."""
    return _is_doubtful_step(case, sign=1.0)


def falls_too_fast(case: Case) -> bool:
    """Tell a value lower than both allow: a sensor that came out of the water must not end an alert."""
    return _is_doubtful_step(case, sign=-1.0)


def is_stuck(case: Case) -> bool:
    """Tell a value unchanged for longer than the variable ever is."""
    last, believed_h = case.history.last, case.spec.stuck_after_h
    if believed_h is None or last is None or not _same(case.reading.value, last.value):
        return False
    return case.reading.observed_at - last.unchanged_since > believed_h * _HOUR


def is_late(case: Case) -> bool:
    """Tell a reading that arrived long after it was observed: information, its value is as good as any."""
    return case.reading.received_at - case.reading.observed_at > LATE_AFTER


RULES: Final[tuple[Rule, ...]] = (
    Rule("missing", Flag.MISSING, is_missing),
    Rule("sentinel", Flag.BAD, is_sentinel),
    Rule("range", Flag.BAD, is_out_of_range),
    Rule("rate_of_rise", Flag.SUSPECT, rises_too_fast),
    Rule("rate_of_fall", Flag.SUSPECT, falls_too_fast),
    Rule("stuck", Flag.SUSPECT, is_stuck),
    Rule("late", Flag.GOOD, is_late),
)


def check(reading: Reading, history: History = EMPTY, rules: Sequence[Rule] = RULES) -> Quality:
    """Judge a reading by the first rule that applies; GOOD without a rule's name when none does.

    Parameters
    ----------
    reading
        Value in the variable's internal unit.
    history
        What is known of its series; parts of it observed at or after the reading are not looked at.
    rules
        Ordered from worst to best.

    Examples
    --------
    >>> from datetime import UTC
    >>> from domain.readings import SeriesKey
    >>> from domain.variables import Variable
    >>> noon = datetime(2021, 7, 14, 12, tzinfo=UTC)
    >>> check(Reading(SeriesKey("S1", Variable.LEVEL), -999.0, noon, noon, "D1", "b1", 1))
    Quality(flag=<Flag.BAD: 'BAD'>, rule='sentinel')
    """
    case = Case(reading, VARIABLES[reading.series.variable], known_before(history, reading.observed_at))
    for rule in rules:
        if rule.applies(case):
            return Quality(rule.flag, rule.name)
    return GOOD


def known_before(history: History, observed_at: datetime) -> History:
    """Return the part of a history that was observed before an instant."""
    return History(*(known if known and known.observed_at < observed_at else None for known in history))


def remember(history: History, observation: Observation) -> History:
    """Return the history after an observation; one that is no news in observed time changes nothing."""
    reading, quality = observation
    last = history.last
    if reading.value is None or quality.flag in (Flag.BAD, Flag.MISSING):
        return history
    if last is not None and reading.observed_at <= last.observed_at:
        return history
    unchanged = last is not None and _same(reading.value, last.value)
    since = last.unchanged_since if last is not None and unchanged else reading.observed_at
    newest = LastReading(reading.value, reading.observed_at, quality.flag, since)
    return History(newest, newest if quality.flag is Flag.GOOD else history.believed)


def history_of(last: LastReading) -> History:
    """Return the history that the newest stored reading of a series gives after a restart."""
    if last.value is None or last.flag in (Flag.BAD, Flag.MISSING):
        return EMPTY
    return History(last, last if last.flag is Flag.GOOD else None)


def _is_doubtful_step(case: Case, sign: float) -> bool:
    reading, spec, (last, believed) = case.reading, case.spec, case.history
    has_limit = spec.max_rise_per_hour is not None or spec.max_growth_per_hour is not None
    if not has_limit or reading.value is None or (last is None and believed is None):
        return False
    confirming = CONFIRMING_FACTOR if last is not None and last.flag is Flag.SUSPECT else 1.0
    return _exceeds(reading, last, spec, sign * confirming) and _exceeds(reading, believed, spec, sign)


def _exceeds(reading: Reading, earlier: LastReading | None, spec: VariableSpec, direction: float) -> bool:
    """Tell whether the step from an earlier reading is steeper than the limit; nothing earlier excuses nothing.

    The sign of ``direction`` says which way is looked at, its size how many times the limit is allowed.
    """
    if earlier is None or earlier.value is None or reading.value is None:
        return True
    hours = max(reading.observed_at - earlier.observed_at, SHORTEST_STEP) / _HOUR
    step = math.copysign(1.0, direction) * (reading.value - earlier.value)
    return step > abs(direction) * steepest_per_hour(spec, earlier.value) * hours + 1e-9


def steepest_per_hour(spec: VariableSpec, value: float) -> float:
    """Return the steepest believable change per hour from a value, in the variable's unit; infinite without a limit.

    >>> from domain.variables import Variable
    >>> brook = VARIABLES[Variable.DISCHARGE]
    >>> steepest_per_hour(brook, 0.2), steepest_per_hour(brook, 50.0)
    (6.0, 300.0)
    """
    limits = []
    if spec.max_rise_per_hour is not None:
        limits.append(spec.max_rise_per_hour)
    if spec.max_growth_per_hour is not None:
        limits.append(spec.max_growth_per_hour * max(abs(value), spec.growth_floor))
    return max(limits, default=math.inf)


def _same(value: float | None, other: float | None) -> bool:
    # Unit conversion leaves rounding behind; no sensor resolves a part in 1e9.
    return value is not None and other is not None and math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12)
