"""When and where which fault strikes: drawn by rates, fixed by the scenario, or told by the event pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from domain.basin import Basin, Station
from domain.clock import as_utc
from domain.event_pack import EventPack
from domain.variables import Variable
from simulator.randomness import stream
from simulator.scenario import FaultKind, FixedFault, Scenario
from simulator.truth import InjectedFault

STEPS_A_DAY = 96
# How many steps a drawn fault lasts (shortest, longest); the others strike a single message.
DURATION = {
    FaultKind.STUCK: (24, 96),
    FaultKind.DRIFT: (96, 288),
    FaultKind.SENTINEL: (1, 4),
    FaultKind.NO_VALUE: (1, 8),
    FaultKind.DROPOUT: (1, 12),
    FaultKind.LATE: (4, 48),
    FaultKind.CLOCK_SKEW: (1, 8),
}
OF_A_VALUE = frozenset({FaultKind.SPIKE, FaultKind.STUCK, FaultKind.DRIFT, FaultKind.SENTINEL, FaultKind.NO_VALUE})
DRAWN = tuple(kind for kind in FaultKind if kind is not FaultKind.OUTAGE)
CLOCK_ERRORS_S = (-437.0, 1523.0, -86_400.0 * 366, 86_400.0 * 365)


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault by step numbers, both included. ``size`` is in units of its kind (see :func:`describe`)."""

    kind: FaultKind
    station_id: str
    variable: Variable | None
    first: int
    last: int
    size: float


def plan_faults(basin: Basin, scenario: Scenario, seed: int, pack: EventPack | None) -> tuple[PlannedFault, ...]:
    """Return all faults of a run, in order of station and time."""
    planned = [*_outages(scenario, pack), *_fixed(scenario, basin), *_drawn(basin, scenario, seed)]
    return tuple(sorted(planned, key=lambda f: (f.station_id, f.first, f.kind.value, f.variable or "")))


def recorded(fault: PlannedFault, steps: Sequence[datetime]) -> InjectedFault:
    """Return a fault as it stands in the truth's record."""
    detail = describe(fault)
    return InjectedFault(fault.kind, fault.station_id, fault.variable, steps[fault.first], steps[fault.last], detail)


def describe(fault: PlannedFault) -> str:
    """State a fault's size in words."""
    meaning = {
        FaultKind.SPIKE: "value off by {:g} of its unit's spike",
        FaultKind.DRIFT: "value runs off by {:g} of its unit's spike a day",
        FaultKind.SENTINEL: "value replaced by {:g}",
        FaultKind.CLOCK_SKEW: "clock off by {:g} s",
        FaultKind.LATE: "kept back and delivered together afterwards",
        FaultKind.STUCK: "value repeats itself",
        FaultKind.NO_VALUE: "value is null",
        FaultKind.DROPOUT: "nothing sent",
        FaultKind.OUTAGE: "station silent, restarts afterwards",
        FaultKind.DUPLICATE: "message delivered twice",
        FaultKind.WRONG_UNIT: "unit that does not belong to the variable",
        FaultKind.MALFORMED: "cut message first, then the whole one",
    }
    return meaning[fault.kind].format(fault.size)


def _outages(scenario: Scenario, pack: EventPack | None) -> list[PlannedFault]:
    silent = [
        (o.station, scenario.hours_after_start(o.from_h), scenario.hours_after_start(o.until_h))
        for o in scenario.outages
    ]
    silent += [(o.station_id, o.silent_from, o.silent_until) for o in pack.outages] if pack else []
    found, steps = [], scenario.steps
    for station_id, begin, end in silent:
        inside = [k for k, step in enumerate(steps) if as_utc(begin) <= step < as_utc(end)]
        if inside:
            found.append(PlannedFault(FaultKind.OUTAGE, station_id, None, inside[0], inside[-1], 0.0))
    return found


def _fixed(scenario: Scenario, basin: Basin) -> list[PlannedFault]:
    found, count = [], len(scenario.steps)
    for fault in scenario.faults:
        first, last = (round(hours * 4) for hours in (fault.from_h, fault.until_h))
        last = min(last, count - 1)
        if first <= last:
            found.append(_planned(fault, basin.stations[fault.station], first, last))
    return found


def _planned(fault: FixedFault, station: Station, first: int, last: int) -> PlannedFault:
    usual = {FaultKind.SENTINEL: -999.0, FaultKind.CLOCK_SKEW: CLOCK_ERRORS_S[0]}
    size = usual.get(fault.kind, 1.0) if fault.size is None else fault.size
    variable = (fault.variable or station.variables[0]) if fault.kind in OF_A_VALUE else None
    return PlannedFault(fault.kind, station.station_id, variable, first, last, size)


def _drawn(basin: Basin, scenario: Scenario, seed: int) -> list[PlannedFault]:
    steps = len(scenario.steps)
    found: list[PlannedFault] = []
    for station in basin.stations.values():
        draw = stream(seed, f"faults {station.station_id}")
        for kind in DRAWN:
            rate = float(getattr(scenario.fault_rates, kind.value))
            times = int(draw.poisson(rate * steps / STEPS_A_DAY))
            found.extend(_draw_one(kind, station, steps, draw) for _ in range(times))
    return found


def _draw_one(kind: FaultKind, station: Station, steps: int, draw: np.random.Generator) -> PlannedFault:
    shortest, longest = DURATION.get(kind, (1, 1))
    first = int(draw.integers(0, steps))
    last = min(first + int(draw.integers(shortest, longest + 1)) - 1, steps - 1)
    variable = station.variables[int(draw.integers(0, len(station.variables)))] if kind in OF_A_VALUE else None
    sign = 1.0 if draw.random() < 0.5 else -1.0
    size = sign * float(draw.uniform(0.5, 2.0))
    if kind is FaultKind.SENTINEL:
        size = (-999.0, -9999.0)[int(draw.integers(0, 2))]
    if kind is FaultKind.CLOCK_SKEW:
        size = CLOCK_ERRORS_S[int(draw.integers(0, len(CLOCK_ERRORS_S)))]
    return PlannedFault(kind, station.station_id, variable, first, last, size)
