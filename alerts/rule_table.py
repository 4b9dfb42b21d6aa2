"""All numbers that decide about states, in one table with the reason of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.variables import Variable


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance from a threshold: ``relative`` times its size, or ``absolute`` in the variable's unit.

    Discharge counts from zero, so a fraction of it means something. A level counts from a station zero or
    a datum that somebody chose, so only a length does.

    >>> Distance(relative=0.05).of(200.0), Distance(absolute=0.05).of(61.2)
    (10.0, 0.05)
    """

    relative: float = 0.0
    absolute: float = 0.0

    def of(self, threshold: float) -> float:
        """Return the distance for one threshold, in its unit."""
        return abs(threshold) * self.relative + self.absolute


@dataclass(frozen=True, slots=True)
class Distances:
    """Distances below a threshold that matter for one kind of variable.

    Attributes
    ----------
    margin
        How far below a threshold a value must fall before it counts as below: more than the noise of
        a gauge (1 to 2 cm, 1 to 3 % of discharge), less than the step between phases.
    watch_band
        A watch begins within this distance below the lowest threshold, when the value also rises.
    watch_rise
        Rise per hour from which a value counts as rising.
    """

    margin: Distance
    watch_band: Distance
    watch_rise: Distance


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The numbers of the alert rules.

    Attributes
    ----------
    silent_intervals
        A series is silent when its newest usable reading is older than this many expected intervals.
    level, others
        Distances from thresholds on level, and on every other variable.
    rate_span, rate_span_minimum
        The rise is taken over the first; readings that span less than the second tell no rise.
    outlook
        A rise that would reach the lowest threshold within this time, if it went on, is a watch too.
    hold
        A state is lowered only after every reading of this long stayed below by the margin.
    alert_probability, pre_alert_probability
        A forecast is an alert or pre-alert when the crossing of that threshold is at least as
        probable as not.
    pre_alert_by_alert_probability
        ... and a pre-alert already when one member in five reaches the alert threshold: a missed
        flood costs more than a needless look.
    watch_probability
        A forecast is a watch when one member in five reaches the pre-alert threshold.
    probability_margin
        How far below its limit a probability must fall before it counts as below.
    hold_issues
        A forecast state is lowered only after this many consecutive issues were below.
    forecast_age
        A forecast older than this says nothing about now.
    clock_tolerance
        Readings further than this ahead of the run's clock are left out.
    """

    silent_intervals: int = 3
    level: Distances = Distances(Distance(absolute=0.05), Distance(absolute=0.5), Distance(absolute=0.05))
    others: Distances = Distances(Distance(relative=0.05), Distance(relative=0.2), Distance(relative=0.02))
    rate_span: timedelta = timedelta(hours=1)
    rate_span_minimum: timedelta = timedelta(minutes=20)
    outlook: timedelta = timedelta(hours=2)
    hold: timedelta = timedelta(hours=2)
    alert_probability: float = 0.5
    pre_alert_probability: float = 0.5
    pre_alert_by_alert_probability: float = 0.2
    watch_probability: float = 0.2
    probability_margin: float = 0.1
    hold_issues: int = 3
    forecast_age: timedelta = timedelta(hours=2)
    clock_tolerance: timedelta = timedelta(minutes=5)

    def distances(self, variable: Variable) -> Distances:
        """Return the distances that matter for a variable."""
        return self.level if variable is Variable.LEVEL else self.others

    def silence_after(self, interval_s: int) -> timedelta:
        """Return the age from which a series with this expected interval counts as silent."""
        return self.silent_intervals * timedelta(seconds=interval_s)

    def look_back(self, interval_s: int) -> timedelta:
        """Return how far back readings are needed: the hold and the rise before it, seen from the oldest usable one."""
        return self.hold + self.rate_span + self.silence_after(interval_s)


RULES: Final = RuleTable()
