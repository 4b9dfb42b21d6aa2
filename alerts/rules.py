"""What the alert rules share: verdicts, reasons, and which of several thresholds decides.

A rule is a pure function from evidence to a :class:`Verdict`. The rules themselves stand in
:mod:`alerts.observed_rules` and :mod:`alerts.forecast_rules`, their numbers in :mod:`alerts.rule_table`,
what becomes of a verdict in :mod:`alerts.lifecycle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.alerts import SEVERITY, AlertState
from domain.basin import Origin, Phase, Threshold


class Reason(StrEnum):
    """Why a verdict or a transition is what it is."""

    ABOVE_ALERT = "above_alert_threshold"
    ABOVE_PRE_ALERT = "above_pre_alert_threshold"
    RISING_BELOW = "rising_just_below_threshold"
    RISE_REACHES = "rise_would_reach_threshold"
    BELOW = "below_thresholds"
    SILENT = "silent"
    NEVER_REPORTED = "never_reported"
    NO_USABLE_READING = "no_usable_reading"
    NO_THRESHOLD = "no_threshold"
    NOT_PUBLISHED = "threshold_variable_not_published"
    PROBABLE_ALERT = "probable_alert"
    PROBABLE_PRE_ALERT = "probable_pre_alert"
    POSSIBLE_ALERT = "possible_alert"
    POSSIBLE_PRE_ALERT = "possible_pre_alert"
    IMPROBABLE = "improbable"
    NO_RECENT_FORECAST = "no_recent_forecast"
    NOT_FORECAST = "station_not_forecast"
    STAYED_BELOW = "stayed_below"
    EVIDENCE_BACK = "evidence_back"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence says of a station, without regard to what was said before.

    ``state`` may be raised to at once. ``sustained`` is the lowest state that one may go down to: what the
    evidence of the whole hold time still supports with the margins in favour of staying. It is ALERT
    (nothing may be lowered) when that evidence has gaps, or when nothing could be lowered anyway.
    """

    state: AlertState
    reason: Reason
    sustained: AlertState
    evidence: Mapping[str, Any]


def blind(state: AlertState, reason: Reason, text: str, **evidence: Any) -> Verdict:
    """Return a verdict that knows nothing of the water, and therefore lowers nothing."""
    return Verdict(state, reason, AlertState.ALERT, {**evidence, "reason": reason.value, "text": text})


def worst(states: Iterable[AlertState]) -> AlertState:
    """Return the gravest of states that a value can decide; NONE when there are none.

    >>> worst([AlertState.WATCH, AlertState.ALERT]).value
    'alert'
    """
    return max(states, key=SEVERITY.__getitem__, default=AlertState.NONE)


def deciding(thresholds: Iterable[Threshold]) -> tuple[Threshold, ...]:
    """Return the thresholds that decide: for each phase the official ones, else the suggested ones.

    The others stay evidence; where sources conflict both are shown.
    """
    chosen: list[Threshold] = []
    candidates = tuple(thresholds)
    for phase in Phase:
        of_phase = [threshold for threshold in candidates if threshold.phase is phase]
        official = [threshold for threshold in of_phase if threshold.origin is Origin.OFFICIAL]
        chosen.extend(official or of_phase)
    return tuple(chosen)


@dataclass(frozen=True, slots=True)
class Limits:
    """The deciding thresholds of one variable at one station, in its unit; None where a phase has none."""

    pre_alert: float | None
    alert: float | None

    @property
    def lowest(self) -> float:
        """The threshold that is met first when the water rises."""
        return min(value for value in (self.pre_alert, self.alert) if value is not None)


def limits_of(thresholds: Sequence[Threshold]) -> Limits:
    """Return the limits of thresholds of one variable; of several for a phase the lowest, the earliest to warn."""

    def lowest(phase: Phase) -> float | None:
        return min((t.value for t in thresholds if t.phase is phase), default=None)

    return Limits(lowest(Phase.PRE_ALERT), lowest(Phase.ALERT))
