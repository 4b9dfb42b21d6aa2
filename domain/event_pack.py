"""An event pack: one flood of a region as a folder ``basins/<region>/events/<name>/``, read and checked.

Times are aware UTC. A pack carries what a run may know and when: rain at the gauges, inflows at the
borders, rain forecasts by issue time, decisions at dams, silences of gauges, and public readings to
compare with afterwards. Everything reconstructed carries ``label``, everything synthetic
``warmup_label``; they are shown wherever the numbers are.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from domain.basin import Basin, NodeRole, StationKind
from domain.basin_files import read_basin
from domain.clock import as_utc, format_utc, parse_utc
from domain.errors import BasinError
from domain.hourly import HourlyTable, read_hourly_table
from domain.tables import Row, choice, instant, number, number_or_none, read_table

# Above the highest hourly rain ever gauged in the region and far below a unit mistake.
MAXIMUM_RAIN_MM_H: Final = 150.0


@dataclass(frozen=True, slots=True)
class RainForecast:
    """What somebody had said about coming rain, known from ``issued_at`` on.

    Totals [mm] fall on ``area`` between ``valid_from`` and ``valid_until``, or within any
    ``accumulation_h`` hours of it when that is given. None: the source gave no number (it may still have
    warned: ``statement`` says what was said). ``probability`` is of at least ``total_low_mm``.
    """

    issued_at: datetime
    provider: str
    valid_from: datetime
    valid_until: datetime
    area: str
    accumulation_h: float | None
    total_low_mm: float | None
    total_high_mm: float | None
    probability: float | None
    statement: str
    source: str
    confidence: str


class DamDecisionKind(StrEnum):
    """What was decided at a dam."""

    PREVENTIVE_RELEASE = "preventive_release"
    START_RELEASE = "start_release"
    INCREASE_RELEASE = "increase_release"
    STOP_RELEASE = "stop_release"


@dataclass(frozen=True, slots=True)
class DamDecision:
    """A decision, known from ``at`` on: the valves let ``release_m3s`` through until the next decision.

    Water over the spillway comes on top and needs no decision.
    """

    at: datetime
    dam_id: str
    decision: DamDecisionKind
    release_m3s: float
    source: str


@dataclass(frozen=True, slots=True)
class Outage:
    """A station sends nothing for silent_from <= time < silent_until."""

    station_id: str
    silent_from: datetime
    silent_until: datetime
    source: str


@dataclass(frozen=True, slots=True)
class ChronologyEntry:
    """What authorities did. ``precision`` is ``minute``, ``half_day`` or ``day``; then ``at`` is its first instant."""

    at: datetime
    precision: str
    place: str
    what: str
    source: str
    confidence: str


class AnchorRole(StrEnum):
    """What a public reading may be used for."""

    TUNED = "tuned"
    HELD_OUT = "held_out"
    RAIN = "rain"


class Bound(StrEnum):
    """How a public reading binds a simulated value."""

    EXACT = "exact"
    LOWER = "lower"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A public reading to compare with.

    ``kind`` is ``instant`` (at ``until``), ``peak``, ``mean``, ``total``, ``day_maximum`` or ``count`` over
    the window from ``since`` to ``until``, or ``time`` (something happened at ``until``). ``value_high``
    is the upper end when ``bound`` is ``range``; ``tolerance`` is relative for values, hours for ``time``.
    """

    anchor_id: str
    since: datetime | None
    until: datetime
    place: str
    station_id: str | None
    node_id: str | None
    variable: str
    value: float | None
    value_high: float | None
    unit: str
    kind: str
    bound: Bound
    tolerance: float | None
    role: AnchorRole
    note: str
    source: str
    confidence: str


@dataclass(frozen=True)
class EventPack:
    """One flood with its warm-up. The warm-up's tables end where the event's begin."""

    name: str
    title: str
    folder: Path
    label: str
    warmup_label: str
    warmup_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    rain: HourlyTable
    warmup_rain: HourlyTable
    inflows: HourlyTable
    warmup_inflows: HourlyTable
    rain_forecasts: tuple[RainForecast, ...]
    areas: Mapping[str, tuple[str, ...]]
    dam_decisions: tuple[DamDecision, ...]
    outages: tuple[Outage, ...]
    chronology: tuple[ChronologyEntry, ...]
    anchors: tuple[Anchor, ...]


def check_basin_folder(folder: Path) -> list[str]:
    """Return every fault of a basin folder and of the event packs inside it, one sentence each."""
    try:
        basin = read_basin(folder)
    except BasinError as error:
        return list(error.faults)
    faults: list[str] = []
    for pack_folder in sorted(path for path in (folder / "events").glob("*") if path.is_dir()):
        try:
            read_event_pack(pack_folder, basin)
        except BasinError as error:
            faults.extend(f"event {pack_folder.name}: {fault}" for fault in error.faults)
    return faults


def read_event_pack(folder: Path, basin: Basin) -> EventPack:
    """Read an event pack of a basin.

    Raises
    ------
    BasinError
        With one sentence per fault, all of them, when the pack cannot be used.
    """
    faults: list[str] = []
    meta = _read_meta(folder, faults)
    gauges = frozenset(s.station_id for s in basin.stations.values() if s.kind is StationKind.RAIN)
    heads = frozenset(n.node_id for n in basin.network.nodes.values() if n.role is NodeRole.INFLOW)
    rain, warmup_rain = _series_pair(folder, ("rain.csv", "warmup_rain.csv.gz"), gauges, meta, faults)
    inflows, warmup_inflows = _series_pair(folder, ("inflows.csv", "warmup_inflows.csv.gz"), heads, meta, faults)
    for name, table in (("rain.csv", rain), ("warmup_rain.csv.gz", warmup_rain)):
        if (table.values > MAXIMUM_RAIN_MM_H).any():
            faults.append(f"{name}: {table.values.max():g} mm in an hour is not possible")
    areas: dict[str, list[str]] = {}
    for area, node_id in read_table(folder / "areas.csv", "area", lambda row: (row["area"], row["node_id"]), faults):
        areas.setdefault(area, []).append(node_id)
    pack = EventPack(
        **meta,
        folder=folder,
        rain=rain,
        warmup_rain=warmup_rain,
        inflows=inflows,
        warmup_inflows=warmup_inflows,
        rain_forecasts=tuple(read_table(folder / "rain_forecasts.csv", "forecast", _rain_forecast, faults)),
        areas={area: tuple(nodes) for area, nodes in areas.items()},
        dam_decisions=tuple(read_table(folder / "dam_decisions.csv", "decision", _dam_decision, faults)),
        outages=tuple(read_table(folder / "outages.csv", "outage", _outage, faults)),
        chronology=tuple(read_table(folder / "chronology.csv", "entry", _chronology_entry, faults)),
        anchors=tuple(read_table(folder / "anchors.csv", "anchor", _anchor, faults)),
    )
    faults.extend(_check(pack, basin))
    if faults:
        raise BasinError(faults)
    return pack


def read_anchors(folder: Path) -> tuple[Anchor, ...]:
    """Read the public readings of a pack alone.

    Raises
    ------
    BasinError
        With one sentence per fault.
    """
    faults: list[str] = []
    anchors = tuple(read_table(folder / "anchors.csv", "anchor", _anchor, faults))
    if faults:
        raise BasinError(faults)
    return anchors


def _read_meta(folder: Path, faults: list[str]) -> dict[str, Any]:
    """Read ``event.toml``; what is faulty or missing is replaced so that the rest can still be checked."""
    epoch = parse_utc("1970-01-01T00:00:00Z")
    meta: dict[str, Any] = {"name": "", "title": "", "label": "", "warmup_label": ""}
    meta |= {"warmup_starts_at": epoch, "starts_at": epoch, "ends_at": epoch}
    try:
        found = tomllib.loads((folder / "event.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append("event.toml: file is missing")
        return meta
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"event.toml: {error}")
        return meta
    for key, stand_in in meta.items():
        value = found.get(key)
        if isinstance(stand_in, str) and isinstance(value, str) and value:
            meta[key] = value
        elif isinstance(stand_in, datetime) and isinstance(value, datetime) and value.tzinfo is not None:
            try:
                meta[key] = as_utc(value)
            except ValueError as error:
                faults.append(f"event.toml: {key}: {error}")
        else:
            kind = "a text" if isinstance(stand_in, str) else "a time with zone"
            faults.append(f"event.toml: {key} must be {kind}")
    if not meta["warmup_starts_at"] <= meta["starts_at"] <= meta["ends_at"]:
        faults.append("event.toml: warmup_starts_at, starts_at and ends_at must follow each other")
    return meta


def _series_pair(
    folder: Path, names: tuple[str, str], expected: frozenset[str], meta: Mapping[str, Any], faults: list[str]
) -> tuple[HourlyTable, HourlyTable]:
    """Read a table of the event and the one of its warm-up."""
    event, warmup = names
    return (
        read_hourly_table(folder / event, expected, (meta["starts_at"], meta["ends_at"]), faults),
        read_hourly_table(folder / warmup, expected, (meta["warmup_starts_at"], meta["starts_at"]), faults),
    )


def _rain_forecast(row: Row) -> RainForecast:
    return RainForecast(
        issued_at=instant(row, "issued_at"),
        provider=row["provider"],
        valid_from=instant(row, "valid_from"),
        valid_until=instant(row, "valid_until"),
        area=row["area"],
        accumulation_h=number_or_none(row, "accumulation_h"),
        total_low_mm=number_or_none(row, "total_low_mm"),
        total_high_mm=number_or_none(row, "total_high_mm"),
        probability=number_or_none(row, "probability"),
        statement=row["statement"],
        source=row["source"],
        confidence=row["confidence"],
    )


def _dam_decision(row: Row) -> DamDecision:
    return DamDecision(
        at=instant(row, "at"),
        dam_id=row["dam_id"],
        decision=choice(row, "decision", DamDecisionKind),
        release_m3s=number(row, "release_m3s"),
        source=row["source"],
    )


def _outage(row: Row) -> Outage:
    return Outage(
        station_id=row["station_id"],
        silent_from=instant(row, "silent_from"),
        silent_until=instant(row, "silent_until"),
        source=row["source"],
    )


def _chronology_entry(row: Row) -> ChronologyEntry:
    return ChronologyEntry(
        at=instant(row, "at"),
        precision=row["precision"],
        place=row["place"],
        what=row["what"],
        source=row["source"],
        confidence=row["confidence"],
    )


def _anchor(row: Row) -> Anchor:
    return Anchor(
        anchor_id=row["anchor_id"],
        since=instant(row, "since") if row["since"] else None,
        until=instant(row, "until"),
        place=row["place"],
        station_id=row["station_id"] or None,
        node_id=row["node_id"] or None,
        variable=row["variable"],
        value=number_or_none(row, "value"),
        value_high=number_or_none(row, "value_high"),
        unit=row["unit"],
        kind=row["kind"],
        bound=choice(row, "bound", Bound),
        tolerance=number_or_none(row, "tolerance"),
        role=choice(row, "role", AnchorRole),
        note=row["note"],
        source=row["source"],
        confidence=row["confidence"],
    )


def _check(pack: EventPack, basin: Basin) -> Iterator[str]:
    """Yield every fault that the tables have together or against the basin."""
    yield from _check_forecasts(pack)
    yield from _check_references(pack, basin)
    for outage in pack.outages:
        if outage.silent_until <= outage.silent_from:
            yield f"outages.csv: {outage.station_id} must be silent until after it falls silent"
    for decision in pack.dam_decisions:
        if decision.release_m3s < 0:
            yield f"dam_decisions.csv: release of {decision.dam_id} must not be negative, is {decision.release_m3s:g}"


def _check_forecasts(pack: EventPack) -> Iterator[str]:
    for forecast in pack.rain_forecasts:
        where = f"rain_forecasts.csv: {forecast.provider} {format_utc(forecast.issued_at)} {forecast.area}"
        low, high = forecast.total_low_mm, forecast.total_high_mm
        if forecast.area not in pack.areas:
            yield f"{where}: area does not stand in areas.csv"
        if forecast.valid_until <= forecast.valid_from or forecast.valid_until <= forecast.issued_at:
            yield f"{where}: must be valid until after it begins and after it is issued"
        if (low is not None and low < 0) or (low is not None and high is not None and high < low):
            yield f"{where}: totals must be positive and rise from low to high"
        if forecast.probability is not None and not 0 < forecast.probability <= 1:
            yield f"{where}: probability must lie between 0 and 1, is {forecast.probability:g}"


def _check_references(pack: EventPack, basin: Basin) -> Iterator[str]:
    nodes = basin.network.nodes
    for area, node_ids in pack.areas.items():
        for node_id in node_ids:
            if node_id not in nodes:
                yield f"areas.csv: node {node_id} of {area} does not exist"
    for decision in pack.dam_decisions:
        if decision.dam_id not in basin.dams:
            yield f"dam_decisions.csv: dam {decision.dam_id} does not exist"
    for outage in pack.outages:
        if outage.station_id not in basin.stations:
            yield f"outages.csv: station {outage.station_id} does not exist"
    yield from _check_anchors(pack.anchors, basin)


def _check_anchors(anchors: Sequence[Anchor], basin: Basin) -> Iterator[str]:
    for anchor_id, times in Counter(anchor.anchor_id for anchor in anchors).items():
        if times > 1:
            yield f"anchors.csv: {anchor_id} stands there {times} times"
    for anchor in anchors:
        if anchor.station_id is not None and anchor.station_id not in basin.stations:
            yield f"anchors.csv: {anchor.anchor_id}: station {anchor.station_id} does not exist"
        if anchor.node_id is not None and anchor.node_id not in basin.network.nodes:
            yield f"anchors.csv: {anchor.anchor_id}: node {anchor.node_id} does not exist"
