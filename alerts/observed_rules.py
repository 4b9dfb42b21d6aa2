"""From readings to a verdict: observed values against thresholds.

What decides is the newest GOOD reading by observed time, never by arrival, of the station's gauge; a
SUSPECT reading is shown as evidence and raises nothing. Silence is judged first: a station that stopped
talking is NO_DATA whether or not it has thresholds. Thresholds on a variable that the station does not
publish cannot be compared (alerts hold no rating curves), so such a station is NO_THRESHOLD.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.rule_table import RULES, RuleTable
from alerts.rules import Limits, Reason, Verdict, blind, deciding, limits_of, worst
from domain.alerts import SEVERITY, AlertState
from domain.basin import Station, Threshold
from domain.clock import format_utc
from domain.readings import Flag, LastReading
from domain.records import ObservedValue
from domain.variables import VARIABLES, Variable


@dataclass(frozen=True, slots=True)
class StationEvidence:
    """What is known of one station at one moment.

    ``recent`` holds the values of the look-back time by variable, in any order; ``newest`` the newest
    reading of each variable, however old.
    """

    station: Station
    thresholds: Sequence[Threshold]
    recent: Mapping[Variable, Sequence[ObservedValue]]
    newest: Mapping[Variable, LastReading]


@dataclass(frozen=True, slots=True)
class _Point:
    """A usable value with its rise per hour over the hour before it (None: not known)."""

    at: datetime
    value: float
    rise: float | None


def judge_observed(
    known: StationEvidence, now: datetime, held: AlertState = AlertState.ALERT, rules: RuleTable = RULES
) -> Verdict:
    """Judge one station by its readings.

    ``held`` is the state that might be lowered: the hold time is looked at only when the newest value is below it.
    Several variables with deciding thresholds are judged one by one: the gravest wins; when none is
    above "none" and one of them is silent, the station is NO_DATA, because half an eye sees no safety.
    """
    published = frozenset(known.station.variables)
    usable = [threshold for threshold in known.thresholds if threshold.variable in published]
    if not usable:
        return _without_threshold(known, now, rules)
    chosen = deciding(usable)
    variables = sorted({threshold.variable for threshold in chosen})
    verdicts = [_judge_variable(variable, chosen, known, now, held, rules) for variable in variables]
    return _combine(verdicts)


def _combine(verdicts: Sequence[Verdict]) -> Verdict:
    if len(verdicts) == 1:
        return verdicts[0]
    grave = [verdict for verdict in verdicts if SEVERITY.get(verdict.state, 0) > 0]
    silent = [verdict for verdict in verdicts if verdict.state is AlertState.NO_DATA]
    gravest = max(grave, key=lambda verdict: SEVERITY[verdict.state], default=None)
    leading = gravest or next(iter(silent), verdicts[0])
    others = [dict(verdict.evidence) for verdict in verdicts if verdict is not leading]
    sustained = worst(verdict.sustained for verdict in verdicts)
    return Verdict(leading.state, leading.reason, sustained, {**leading.evidence, "other_variables": others})


def _without_threshold(known: StationEvidence, now: datetime, rules: RuleTable) -> Verdict:
    """Judge whether a station that cannot be judged by value talks at all."""
    heard = [reading.observed_at for reading in known.newest.values() if _is_number(reading.value)]
    silence = rules.silence_after(known.station.interval_s)
    if not heard or now - max(heard) > silence:
        return _silent(max(heard, default=None))
    if not known.thresholds:
        return blind(AlertState.NO_THRESHOLD, Reason.NO_THRESHOLD, "No threshold is known for this station.")
    wanted = sorted({threshold.variable.value for threshold in known.thresholds})
    text = f"The thresholds are on {', '.join(wanted)}, which this station does not publish."
    return blind(AlertState.NO_THRESHOLD, Reason.NOT_PUBLISHED, text, thresholds=_rows(known.thresholds, (), None))


def _silent(last: datetime | None, **evidence: Any) -> Verdict:
    if last is None:
        return blind(AlertState.NO_DATA, Reason.NEVER_REPORTED, "The station has never reported.", **evidence)
    since = format_utc(last)
    text = f"The station went silent: its newest reading is of {since}."
    return blind(AlertState.NO_DATA, Reason.SILENT, text, silent_since=since, **evidence)


def _judge_variable(
    variable: Variable,
    chosen: Sequence[Threshold],
    known: StationEvidence,
    now: datetime,
    held: AlertState,
    rules: RuleTable,
) -> Verdict:
    latest = now + rules.clock_tolerance
    values = sorted((v for v in known.recent.get(variable, ()) if v.observed_at <= latest), key=_time_of)
    good = [value for value in values if value.flag is Flag.GOOD and _is_number(value.value)]
    suspect = _suspect_after(values, good)
    shown = {"variable": variable.value, "unit": VARIABLES[variable].unit, **suspect}
    silence = rules.silence_after(known.station.interval_s)
    if not good or now - good[-1].observed_at > silence:
        talks = bool(values) and now - values[-1].observed_at <= silence
        return _blind_on(variable, known.newest.get(variable), talks, shown)
    newest = _point(good, len(good) - 1, rules)
    limits = limits_of([threshold for threshold in chosen if threshold.variable is variable])
    state, reason = state_of(newest.value, newest.rise, variable, limits, rules)
    below = SEVERITY[state] < SEVERITY[held]
    sustained = _sustained(good, variable, limits, silence, rules) if below else AlertState.ALERT
    evidence = {
        **shown,
        "value": newest.value,
        "observed_at": format_utc(newest.at),
        "rise_per_hour": None if newest.rise is None else round(newest.rise, 4),
        **_compared(state, _rows(known.thresholds, chosen, newest.value, variable)),
        "reason": reason.value,
        "text": _words(newest, variable, limits, reason, rules) + _suspect_words(suspect, variable),
    }
    return Verdict(state, reason, sustained, evidence)


def _blind_on(variable: Variable, newest: LastReading | None, talks: bool, shown: Mapping[str, Any]) -> Verdict:
    """Return NO_DATA for a variable, telling a sensor that sends nothing usable from a silent one."""
    if talks:
        text = f"The station reports, but no usable value of {variable.value} arrives."
        return blind(AlertState.NO_DATA, Reason.NO_USABLE_READING, text, **shown)
    return _silent(None if newest is None else newest.observed_at, **shown)


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _suspect_after(values: Sequence[ObservedValue], good: Sequence[ObservedValue]) -> dict[str, Any]:
    """Return the newest doubtful value after the newest good one, as evidence; empty when there is none."""
    last_good = good[-1].observed_at if good else None
    later = [
        value
        for value in values
        if value.flag in {Flag.SUSPECT, Flag.BAD}
        and _is_number(value.value)
        and (last_good is None or value.observed_at > last_good)
    ]
    if not later:
        return {}
    newest = later[-1]
    return {
        "suspect": {
            "value": newest.value,
            "observed_at": format_utc(newest.observed_at),
            "flag": newest.flag.value,
            "rule": newest.rule,
        }
    }


def _point(good: Sequence[ObservedValue], index: int, rules: RuleTable) -> _Point:
    """Return a usable value with its rise since the first one of the hour before; ``good`` is sorted by time."""
    newest = good[index]
    first = index
    while first > 0 and newest.observed_at - good[first - 1].observed_at <= rules.rate_span:
        first -= 1
    span = newest.observed_at - good[first].observed_at
    rise = None
    if span >= rules.rate_span_minimum:
        rise = (_float(newest) - _float(good[first])) / (span.total_seconds() / 3600.0)
    return _Point(newest.observed_at, _float(newest), rise)


def _time_of(value: ObservedValue) -> datetime:
    return value.observed_at


def _float(value: ObservedValue) -> float:
    if value.value is None:
        raise ValueError(f"the value at {value.observed_at} is missing")
    return value.value


def state_of(
    value: float, rise: float | None, variable: Variable, limits: Limits, rules: RuleTable = RULES
) -> tuple[AlertState, Reason]:
    """Return what a value and its rise [per hour] say by themselves.

    >>> limits = Limits(pre_alert=100.0, alert=200.0)
    >>> state_of(120.0, None, Variable.DISCHARGE, limits)[0].value
    'pre_alert'
    >>> [state_of(85.0, rise, Variable.DISCHARGE, limits)[0].value for rise in (4.0, 0.0)]
    ['watch', 'none']
    """
    if limits.alert is not None and value >= limits.alert:
        return AlertState.ALERT, Reason.ABOVE_ALERT
    if limits.pre_alert is not None and value >= limits.pre_alert:
        return AlertState.PRE_ALERT, Reason.ABOVE_PRE_ALERT
    if rise is None:
        return AlertState.NONE, Reason.BELOW
    lowest = limits.lowest
    rising = rise >= rules.distances(variable).watch_rise.of(lowest)
    if rising and value >= lowest - rules.distances(variable).watch_band.of(lowest):
        return AlertState.WATCH, Reason.RISING_BELOW
    if rising and value + rise * rules.outlook.total_seconds() / 3600.0 >= lowest:
        return AlertState.WATCH, Reason.RISE_REACHES
    return AlertState.NONE, Reason.BELOW


def supported_state(
    point_value: float, rise: float | None, variable: Variable, limits: Limits, rules: RuleTable
) -> AlertState:
    """Return the gravest state that a value still supports when every limit is lowered by its margin.

    A watch is supported while the value stays in the watch band, rising or not: it ends by falling out of it.
    """

    def reaches(threshold: float | None) -> bool:
        return threshold is not None and point_value >= threshold - rules.distances(variable).margin.of(threshold)

    if reaches(limits.alert):
        return AlertState.ALERT
    if reaches(limits.pre_alert):
        return AlertState.PRE_ALERT
    lowest = limits.lowest
    edge = lowest - rules.distances(variable).margin.of(lowest)
    ahead = 0.0 if rise is None else max(rise, 0.0) * rules.outlook.total_seconds() / 3600.0
    if point_value >= edge - rules.distances(variable).watch_band.of(lowest) or point_value + ahead >= edge:
        return AlertState.WATCH
    return AlertState.NONE


def _sustained(
    good: Sequence[ObservedValue], variable: Variable, limits: Limits, longest_gap: timedelta, rules: RuleTable
) -> AlertState:
    """Return the gravest supported state of the hold time, or ALERT when readings do not cover it."""
    begin = good[-1].observed_at - rules.hold
    held: list[AlertState] = []
    later = good[-1].observed_at
    for index in range(len(good) - 1, -1, -1):
        point = _point(good, index, rules)
        if later - point.at > longest_gap:
            return AlertState.ALERT
        held.append(supported_state(point.value, point.rise, variable, limits, rules))
        if point.at <= begin:
            return worst(held)
        later = point.at
    return AlertState.ALERT


def _rows(
    thresholds: Iterable[Threshold], chosen: Sequence[Threshold], value: float | None, variable: Variable | None = None
) -> list[dict[str, Any]]:
    """Return thresholds as evidence: which decide, and which the value has reached."""
    return [
        {
            "phase": threshold.phase.value,
            "origin": threshold.origin.value,
            "variable": threshold.variable.value,
            "value": threshold.value,
            "decides": threshold in chosen,
            "reached": value >= threshold.value if value is not None and threshold.variable is variable else None,
        }
        for threshold in thresholds
    ]


def _compared(state: AlertState, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the thresholds as evidence; nothing in calm water, where hundreds of stations would repeat them."""
    if state is AlertState.NONE and not any(row["reached"] for row in rows):
        return {}
    return {"thresholds": rows}


def _suspect_words(suspect: Mapping[str, Any], variable: Variable) -> str:
    if not suspect:
        return ""
    value, rule = suspect["suspect"]["value"], suspect["suspect"]["rule"]
    return f" A newer value of {value:.4g} {VARIABLES[variable].unit} is doubtful ({rule}) and decides nothing."


def _words(point: _Point, variable: Variable, limits: Limits, reason: Reason, rules: RuleTable) -> str:
    hours = rules.outlook / timedelta(hours=1)
    unit = VARIABLES[variable].unit
    said = {
        Reason.ABOVE_ALERT: f"at or above the alert threshold of {limits.alert} {unit}",
        Reason.ABOVE_PRE_ALERT: f"at or above the pre-alert threshold of {limits.pre_alert} {unit}",
        Reason.RISING_BELOW: f"rising just below the threshold of {limits.lowest} {unit}",
        Reason.RISE_REACHES: f"rising so fast that it would reach {limits.lowest} {unit} within {hours:g} hours",
    }.get(reason, f"below the threshold of {limits.lowest} {unit}")
    return f"{variable.value.capitalize()} was {point.value:.4g} {unit} at {format_utc(point.at)}, {said}."
