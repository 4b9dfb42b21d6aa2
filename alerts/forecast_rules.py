"""From a forecast to a verdict: probabilities of crossing thresholds within the horizon."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.rule_table import RULES, RuleTable
from alerts.rules import Reason, Verdict, blind, deciding, worst
from domain.alerts import AlertState
from domain.basin import Phase, Threshold
from domain.clock import format_utc
from domain.forecasts import Crossing

FLOORS_KEY = "supported_by_issue"
"""Key of the evidence under which a verdict carries what the last issues supported, newest first."""


@dataclass(frozen=True, slots=True)
class IssueEvidence:
    """What the newest forecast says of one station. ``thresholds`` are those of the basin folder."""

    thresholds: Sequence[Threshold]
    issued_at: datetime | None
    crossings: Sequence[Crossing]


def judge_forecast(known: IssueEvidence, before: Mapping[str, Any], now: datetime, rules: RuleTable = RULES) -> Verdict:
    """Judge one station by the newest forecast.

    ``before`` is the evidence of the station's previous forecast state: it carries what the last issues
    supported, so that a state is lowered only after ``rules.hold_issues`` issues in a row.
    """
    if not known.thresholds:
        return blind(AlertState.NO_THRESHOLD, Reason.NO_THRESHOLD, "No threshold is known for this station.")
    if known.issued_at is None or now - known.issued_at > rules.forecast_age:
        return _without_issue(known.issued_at, rules)
    issued = format_utc(known.issued_at)
    finite = [crossing for crossing in known.crossings if math.isfinite(crossing.probability)]
    chosen = deciding(crossing.threshold for crossing in finite)
    probability = _probabilities(finite, chosen)
    if not probability:
        text = f"The forecast issued at {issued} says nothing of this station."
        return blind(AlertState.NO_DATA, Reason.NOT_FORECAST, text, issued_at=issued)
    state, reason = state_of(probability, 0.0, rules)
    floors = _floors(before, issued, state_of(probability, rules.probability_margin, rules)[0], rules)
    complete = len(floors) >= rules.hold_issues
    evidence = {
        "issued_at": issued,
        "probability": {phase.value: round(value, 3) for phase, value in probability.items()},
        **_compared(
            state, [_row(crossing, known.issued_at, crossing.threshold in chosen) for crossing in finite], rules
        ),
        FLOORS_KEY: floors,
        "reason": reason.value,
        "text": _words(probability, issued),
    }
    sustained = worst(AlertState(floor["state"]) for floor in floors) if complete else AlertState.ALERT
    return Verdict(state, reason, sustained, evidence)


def state_of(
    probability: Mapping[Phase, float], margin: float = 0.0, rules: RuleTable = RULES
) -> tuple[AlertState, Reason]:
    """Return what probabilities of crossing say; ``margin`` lowers every limit.

    >>> state_of({Phase.PRE_ALERT: 0.6, Phase.ALERT: 0.1})[0].value
    'pre_alert'
    """
    pre_alert = probability.get(Phase.PRE_ALERT, 0.0) + margin
    alert = probability.get(Phase.ALERT, 0.0) + margin
    if alert >= rules.alert_probability:
        return AlertState.ALERT, Reason.PROBABLE_ALERT
    if pre_alert >= rules.pre_alert_probability:
        return AlertState.PRE_ALERT, Reason.PROBABLE_PRE_ALERT
    if alert >= rules.pre_alert_by_alert_probability:
        return AlertState.PRE_ALERT, Reason.POSSIBLE_ALERT
    if pre_alert >= rules.watch_probability:
        return AlertState.WATCH, Reason.POSSIBLE_PRE_ALERT
    return AlertState.NONE, Reason.IMPROBABLE


def _without_issue(issued_at: datetime | None, rules: RuleTable) -> Verdict:
    if issued_at is None:
        return blind(AlertState.NO_DATA, Reason.NO_RECENT_FORECAST, "No forecast has been issued.")
    hours = rules.forecast_age / timedelta(hours=1)
    text = f"The newest forecast, of {format_utc(issued_at)}, is older than {hours:g} hours."
    return blind(AlertState.NO_DATA, Reason.NO_RECENT_FORECAST, text, issued_at=format_utc(issued_at))


def _probabilities(crossings: Sequence[Crossing], chosen: Sequence[Threshold]) -> dict[Phase, float]:
    """Return the probability of each phase by its deciding thresholds; of several the greatest."""
    found: dict[Phase, float] = {}
    for crossing in crossings:
        if crossing.threshold in chosen:
            phase = crossing.threshold.phase
            found[phase] = max(found.get(phase, 0.0), float(crossing.probability))
    return found


def _floors(before: Mapping[str, Any], issued: str, floor: AlertState, rules: RuleTable) -> list[dict[str, str]]:
    """Put this issue before the earlier ones; the same issue judged again replaces itself."""
    earlier = [entry for entry in before.get(FLOORS_KEY, ()) if entry["issued_at"] < issued]
    return [{"issued_at": issued, "state": floor.value}, *earlier][: rules.hold_issues]


def _compared(state: AlertState, rows: list[dict[str, Any]], rules: RuleTable) -> dict[str, Any]:
    """Return the crossings as evidence; nothing in calm water, where hundreds of stations would repeat them."""
    if state is AlertState.NONE and not any(row["probability"] >= rules.watch_probability for row in rows):
        return {}
    return {"crossings": rows}


def _row(crossing: Crossing, issued_at: datetime, decides: bool) -> dict[str, Any]:
    threshold = crossing.threshold
    lead = crossing.lead_minutes
    return {
        "phase": threshold.phase.value,
        "origin": threshold.origin.value,
        "variable": threshold.variable.value,
        "threshold": threshold.value,
        "probability": round(float(crossing.probability), 3),
        "lead_minutes": None if lead is None else [round(float(minutes), 1) for minutes in lead],
        "crossing_at": None if lead is None else format_utc(issued_at + timedelta(minutes=float(lead[1]))),
        "decides": decides,
    }


def _words(probability: Mapping[Phase, float], issued: str) -> str:
    parts = [
        f"{round(100 * probability[phase])} % to reach the {phase.value.replace('_', '-')} threshold"
        for phase in Phase
        if phase in probability
    ]
    return f"Forecast issued at {issued}: {' and '.join(parts)} within the horizon."
