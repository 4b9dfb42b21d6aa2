"""Alerts as types: a tracked condition at a station, and each change of it.

A threshold is a level, a warning an issued product, an alert a tracked condition, a notification one
message to one person. Only alerts live here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class AlertState(StrEnum):
    """State of a station. NO_DATA and NO_THRESHOLD are states of their own, never "none"."""

    NONE = "none"
    WATCH = "watch"
    PRE_ALERT = "pre_alert"
    ALERT = "alert"
    NO_DATA = "no_data"
    NO_THRESHOLD = "no_threshold"


# Rising order of concern among the states that a value can decide.
SEVERITY: Final[Mapping[AlertState, int]] = {
    AlertState.NONE: 0,
    AlertState.WATCH: 1,
    AlertState.PRE_ALERT: 2,
    AlertState.ALERT: 3,
}

# An alert opens at these states ...
OPENING_STATES: Final = frozenset({AlertState.PRE_ALERT, AlertState.ALERT})
# ... and ends only here: neither silence nor a lost threshold ends it, and a watch is not yet the end.
CLOSING_STATES: Final = frozenset({AlertState.NONE})


class Basis(StrEnum):
    """What an alert rests on."""

    OBSERVED = "observed"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True)
class StationState:
    """State of one station on one basis, since when, and the evidence in words and numbers."""

    station_id: str
    basis: Basis
    state: AlertState
    since: datetime
    evaluated_at: datetime
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state at event time ``at`` with the reason that a pure rule gave for it."""

    station_id: str
    basis: Basis
    at: datetime
    before: AlertState
    after: AlertState
    reason: str
    evidence: Mapping[str, Any]
