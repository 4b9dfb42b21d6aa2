"""What is measured: variables, their one internal unit, accepted units and plausible limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Variable(StrEnum):
    """Measured quantity. The internal unit of each stands in :data:`VARIABLES`."""

    LEVEL = "level"
    DISCHARGE = "discharge"
    RAIN = "rain"
    AIR_TEMPERATURE = "air_temperature"
    HUMIDITY = "humidity"
    WIND_SPEED = "wind_speed"
    TURBIDITY = "turbidity"
    PH = "ph"
    CONDUCTIVITY = "conductivity"


@dataclass(frozen=True, slots=True)
class VariableSpec:
    """One row of the variable table.

    ``units`` maps an accepted unit to (factor, offset): internal = value * factor + offset.
    ``minimum`` and ``maximum`` are physical limits in the internal unit; outside them a value is BAD.
    ``max_rise_per_hour`` is a rate above which a change is SUSPECT until confirmed (None: no limit).
    ``max_growth_per_hour`` is the same relative to the value before, for variables that span orders of
    magnitude; values below ``growth_floor`` count as that much. ``stuck_after_h`` is how long an unchanged
    value is believed (None: for ever).
    """

    variable: Variable
    unit: str
    units: Mapping[str, tuple[float, float]]
    minimum: float
    maximum: float
    max_rise_per_hour: float | None
    stuck_after_h: float | None
    max_growth_per_hour: float | None = None
    growth_floor: float = 0.0


def _spec(
    variable: Variable,
    unit: str,
    other_units: Mapping[str, tuple[float, float]],
    limits: tuple[float, float],
    max_rise_per_hour: float | None,
    stuck_after_h: float | None,
    growth: tuple[float | None, float] = (None, 0.0),
) -> VariableSpec:
    units = MappingProxyType({unit: (1.0, 0.0), **other_units})
    return VariableSpec(variable, unit, units, *limits, max_rise_per_hour, stuck_after_h, *growth)


# Limits are physical, not statistical: a flood must pass them. Level is above the station zero;
# reservoir and canal levels are above datum, hence the wide range.
VARIABLES: Mapping[Variable, VariableSpec] = MappingProxyType(
    {
        spec.variable: spec
        for spec in (
            _spec(Variable.LEVEL, "m", {"cm": (0.01, 0.0), "mm": (0.001, 0.0)}, (-5.0, 700.0), 3.0, 48.0),
            # A brook may more than double within a quarter of an hour; beyond that the next reading must agree.
            _spec(Variable.DISCHARGE, "m3/s", {"l/s": (0.001, 0.0)}, (-100.0, 20_000.0), None, None, (6.0, 1.0)),
            _spec(Variable.RAIN, "mm", {"m": (1000.0, 0.0)}, (0.0, 120.0), None, None),
            _spec(Variable.AIR_TEMPERATURE, "degC", {"K": (1.0, -273.15)}, (-40.0, 50.0), 15.0, 24.0),
            _spec(Variable.HUMIDITY, "%", {"1": (100.0, 0.0)}, (0.0, 100.0), None, 72.0),
            _spec(Variable.WIND_SPEED, "m/s", {"km/h": (1 / 3.6, 0.0)}, (0.0, 75.0), None, 24.0),
            _spec(Variable.TURBIDITY, "NTU", {"FNU": (1.0, 0.0)}, (0.0, 10_000.0), None, 48.0),
            _spec(Variable.PH, "pH", {"1": (1.0, 0.0)}, (0.0, 14.0), 2.0, 72.0),
            _spec(Variable.CONDUCTIVITY, "uS/cm", {"mS/cm": (1000.0, 0.0)}, (0.0, 20_000.0), None, 72.0),
        )
    }
)
