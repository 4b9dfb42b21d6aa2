"""What a scenario file says: the period, the weather, the hidden world, the operators and the faults.

A scenario is a TOML file. With ``event_pack`` its rain, border inflows, dam decisions and outages come from
that folder; without it the rain is drawn from ``background_rain`` and ``storms``. Hours (``at_h``,
``from_h``, ...) count from ``starts_at``.
"""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.basin import Basin, DamKind, RiverNetwork
from domain.clock import as_utc
from domain.errors import ConfigurationError
from domain.variables import Variable

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
SHIPPED = Path(__file__).parent / "scenarios"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SoilStart(StrEnum):
    """Soil state the event starts from: as the warm-up leaves it, or a quantile of the warm-up year."""

    WARM_UP = "warm_up"
    DRY = "dry"
    MEDIAN = "median"
    WET = "wet"


class FaultKind(StrEnum):
    """What can go wrong between a sensor and the broker."""

    SPIKE = "spike"
    STUCK = "stuck"
    DRIFT = "drift"
    SENTINEL = "sentinel"
    NO_VALUE = "no_value"
    DROPOUT = "dropout"
    LATE = "late"
    CLOCK_SKEW = "clock_skew"
    DUPLICATE = "duplicate"
    WRONG_UNIT = "wrong_unit"
    MALFORMED = "malformed"
    OUTAGE = "outage"


class WorldSection(_Section):
    """How far the hidden world lies from the basin's tables; spreads are relative half-widths.

    ``seed`` fixes the hidden world; without it the run's seed draws it. ``undercatch`` is the range of the
    fraction of rain that a gauge misses.
    """

    seed: int | None = None
    area_spread: Fraction = 0.10
    width_spread: Fraction = 0.25
    roughness_spread: Fraction = 0.25
    rating_spread: Fraction = 1.0
    inflow_spread: Fraction = 0.05
    undercatch: tuple[Fraction, Fraction] = (0.05, 0.15)
    missed_cells: Annotated[int, Field(ge=0)] = 12
    missed_cell_depth_mm: NotNegative = 25.0
    soil_start: SoilStart = SoilStart.WARM_UP


class TunedSection(_Section):
    """Calibration constants of all catchments above a node; the smallest such region counts.

    ``soil`` multiplies the soil's storage capacity, ``quickness`` the fast reservoir's speed, ``rain`` the true
    areal rain (what the gauges of the region miss beside undercatch and cells), ``flood_plain`` the width of the
    flood plains, which hold a wave back.
    """

    upstream_of: Id
    soil: Positive = 1.0
    quickness: Positive = 1.0
    rain: Positive = 1.0
    flood_plain: Positive = 1.0


class DamSection(_Section):
    """What is true of a dam beside the basin's table.

    ``spill_crest_m`` is where its spillway begins, ``rule_reserve_hm3`` what its rule keeps free below that.
    """

    spill_crest_m: float | None = None
    rule_reserve_hm3: NotNegative | None = None


class BackgroundRain(_Section):
    """Frontal rain drawn at random: annual amount [mm] and hours between the starts of two spells."""

    annual_mm: NotNegative = 1000.0
    spacing_h: Positive = 60.0


class Storm(_Section):
    """A rain cell: paraboloid of ``depth_mm`` at its centre, nothing beyond ``radius_km``, drifting."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    radius_km: Positive
    at_h: NotNegative
    duration_h: Positive
    depth_mm: NotNegative
    drift_km_per_h: NotNegative = 0.0
    drift_towards_deg: float = 90.0


class DamRelease(_Section):
    """A decision of a dam's operator, in force from ``at_h`` on; no ``release_m3s``: back to the rule curve."""

    dam: Id
    at_h: NotNegative
    release_m3s: NotNegative | None


class Spill(_Section):
    """A polluter lets ``mass_t`` tonnes of dissolved salts into the river at a node."""

    node: Id
    at_h: NotNegative
    duration_h: Positive
    mass_t: Positive
    ph_per_g_per_l: float = -0.8


class Outage(_Section):
    """A station that says nothing."""

    station: Id
    from_h: NotNegative
    until_h: NotNegative


class FixedFault(_Section):
    """One fault at a stated place and time; message faults need no variable."""

    kind: FaultKind
    station: Id
    variable: Variable | None = None
    from_h: NotNegative
    until_h: NotNegative
    size: float | None = None


class FaultRates(_Section):
    """Faults drawn at random, each in events per device and day."""

    spike: NotNegative = 0.0
    stuck: NotNegative = 0.0
    drift: NotNegative = 0.0
    sentinel: NotNegative = 0.0
    no_value: NotNegative = 0.0
    dropout: NotNegative = 0.0
    late: NotNegative = 0.0
    clock_skew: NotNegative = 0.0
    duplicate: NotNegative = 0.0
    wrong_unit: NotNegative = 0.0
    malformed: NotNegative = 0.0


class Scenario(_Section):
    """A scenario, checked for itself; :meth:`faults_in` checks it against a basin."""

    name: Id
    title: str
    label: str = ""
    basin: str = "wallonia"
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    seed: int = 1
    event_pack: Path | None = None
    warm_up_days: Annotated[int, Field(ge=10, le=800)] = 365
    noise: Annotated[float, Field(ge=0, le=10)] = 1.0
    world: WorldSection = WorldSection()
    tuned: tuple[TunedSection, ...] = ()
    dams: dict[str, DamSection] = {}
    background_rain: BackgroundRain = BackgroundRain()
    storms: tuple[Storm, ...] = ()
    dam_releases: tuple[DamRelease, ...] = ()
    spills: tuple[Spill, ...] = ()
    outages: tuple[Outage, ...] = ()
    faults: tuple[FixedFault, ...] = ()
    fault_rates: FaultRates = FaultRates()
    step_s: Literal[900] = 900

    @model_validator(mode="after")
    def _period_is_whole(self) -> Scenario:
        span = self.ends_at - self.starts_at
        if span < timedelta(hours=1) or span > timedelta(days=366):
            raise ValueError(f"the period must last from one hour to 366 days, is {span}")
        if (span.total_seconds() % self.step_s) or self.starts_at.timestamp() % self.step_s:
            raise ValueError("starts_at and ends_at must fall on quarters of an hour")
        return self

    @property
    def start(self) -> datetime:
        """First moment of the period, UTC."""
        return as_utc(self.starts_at)

    @property
    def steps(self) -> tuple[datetime, ...]:
        """All moments at which sensors are read, first and last of the period included."""
        count = int((self.ends_at - self.starts_at).total_seconds()) // self.step_s
        start = self.start
        return tuple(start + timedelta(seconds=self.step_s * k) for k in range(count + 1))

    def hours_after_start(self, hours: float) -> datetime:
        """Moment ``hours`` after the start."""
        return self.start + timedelta(hours=hours)

    def faults_in(self, basin: Basin) -> list[str]:
        """Return one sentence for each thing that the scenario names and the basin does not have."""
        nodes, stations = basin.network.nodes, basin.stations
        found = [f"tuned: node {t.upstream_of} does not exist" for t in self.tuned if t.upstream_of not in nodes]
        found += [f"spill: node {s.node} does not exist" for s in self.spills if s.node not in nodes]
        reservoirs = {d.dam_id for d in basin.dams.values() if d.kind is DamKind.RESERVOIR}
        named = [("dams", dam_id) for dam_id in self.dams] + [("dam release", r.dam) for r in self.dam_releases]
        found += [f"{where}: there is no reservoir {dam_id}" for where, dam_id in named if dam_id not in reservoirs]
        for what, station_id in [("outage", o.station) for o in self.outages] + [
            (f"fault {f.kind.value}", f.station) for f in self.faults
        ]:
            if station_id not in stations:
                found.append(f"{what}: station {station_id} does not exist")
        for fault in self.faults:
            station = stations.get(fault.station)
            if station and fault.variable and fault.variable not in station.variables:
                found.append(f"fault {fault.kind.value}: {fault.station} does not measure {fault.variable.value}")
        return found


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file; a relative ``event_pack`` starts from the file's folder.

    A name without folder or suffix, such as ``flash_flood``, means the shipped scenario.

    Raises
    ------
    ConfigurationError
        With one sentence per fault, all of them.
    """
    if not path.exists() and (SHIPPED / f"{path}.toml").exists():
        path = SHIPPED / f"{path}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"scenario {path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"scenario {path.name}: {error}"]) from error
    if isinstance(content.get("event_pack"), str):
        content["event_pack"] = (path.parent / content["event_pack"]).resolve()
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError([_sentence(path, fault) for fault in error.errors()]) from None


def _sentence(path: Path, fault: object) -> str:
    assert isinstance(fault, dict)  # noqa: S101 - pydantic documents its errors as dictionaries
    where = ".".join(str(part) for part in fault["loc"]) or "file"
    message = str(fault["msg"]).removeprefix("Value error, ")
    given = fault.get("input")
    shown = f", is {given!r}" if isinstance(given, str | int | float) else ""
    return f"scenario {path.name}: {where}: {message}{shown}"


def region_of(network: RiverNetwork, tuned: tuple[TunedSection, ...]) -> dict[str, TunedSection]:
    """Return the calibration constants that apply to each node; nodes outside every region are absent."""
    area = {node_id: node.catchment_area_km2 for node_id, node in network.nodes.items()}
    regions = {section.upstream_of: section for section in tuned}
    found: dict[str, TunedSection] = {}
    for node_id in network.nodes:
        below = [regions[n] for n in network.path_down(node_id) if n in regions]
        if below:
            found[node_id] = min(below, key=lambda section: area[section.upstream_of])
    return found
