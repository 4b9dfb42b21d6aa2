"""What is read back of a run: the rows that pages and reviews are made of, as types.

The store fills them, the API shows them; neither invents its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.alerts import AlertState, Basis
from domain.forecasts import Crossing, FloatArray, ForecastKind
from domain.readings import Flag, SeriesKey


class RunMode(StrEnum):
    """Whose time a run follows."""

    LIVE = "live"
    DEMO = "demo"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class RunClock:
    """The clock of a run as stored. ``speed`` is event seconds per wall second; ``at`` the event time.

    ``label`` is non-empty whenever what is shown was reconstructed. In live mode ``at`` is only the
    time of the last commit: the run's time is the machine's.
    """

    mode: RunMode
    label: str
    starts_at: datetime | None
    ends_at: datetime | None
    at: datetime
    playing: bool
    speed: float


class ObservedValue(NamedTuple):
    """One value of a series as drawn in a hydrograph: current revision, current flag and its rule."""

    observed_at: datetime
    value: float | None
    flag: Flag
    rule: str


@dataclass(frozen=True)
class ObservedWindow:
    """Observations of one variable on a regular grid.

    ``values`` has shape [time, station]; NaN where nothing usable (GOOD) was known. A value stands at
    the grid time at or just after its observed time.
    """

    times: tuple[datetime, ...]
    station_ids: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class SavedState:
    """A model state as stored, with what is needed to know whether it may be used again."""

    valid_at: datetime
    code_version: str
    configuration_hash: str
    seed: int
    blob: bytes


class IssueStamp(NamedTuple):
    """When the newest forecast was issued and how it must be labelled."""

    issued_at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class StationForecast:
    """One forecast of one series, with the crossings of its thresholds.

    ``quantiles`` has shape [lead, quantile]; ``peak_value`` and ``peak_lead_minutes`` [quantile].
    """

    series: SeriesKey
    kind: ForecastKind
    issued_at: datetime
    scheme: str
    label: str
    members: int
    lead_minutes: tuple[int, ...]
    quantile_levels: tuple[float, ...]
    quantiles: FloatArray
    peak_value: FloatArray
    peak_lead_minutes: FloatArray
    crossings: Sequence[Crossing]


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """A tracked condition at a station, as the operator's list shows it."""

    alert_id: int
    station_id: str
    basis: Basis
    state: AlertState
    highest_state: AlertState
    opened_at: datetime
    closed_at: datetime | None
    evidence: Mapping[str, Any]
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class TransitionRecord:
    """A stored change of state; ``transition_id`` rises with every change."""

    transition_id: int
    station_id: str
    basis: Basis
    at: datetime
    before: AlertState
    after: AlertState
    reason: str
    evidence: Mapping[str, Any]


class Topic(StrEnum):
    """What a notice is about. RESYNC: notices may have been missed, read everything again."""

    READINGS = "readings"
    FORECAST = "forecast"
    ALERTS = "alerts"
    CLOCK = "clock"
    RESYNC = "resync"


class Notice(NamedTuple):
    """Word of a commit: what changed, the id of the row if there is one, and the event time."""

    topic: Topic
    reference: int | None
    at: datetime | None
