"""Border inflows: a soil store and two linear reservoirs, fed by the pack's own rain near the border.

Nothing of them is measured. Sizes are set by hand so that the annual mean lies near the basin's table and
the flood of July 2021 stays what the public figures leave room for: the Meuse from France rose moderately.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from geography import Floats, inverse_distance_weights, kilometres, rain_gauges

from domain.basin import Basin

# Potential evaporation [mm/day], January to December: estimated.
EVAPORATION_MM_D = (0.3, 0.6, 1.2, 2.1, 3.0, 3.5, 3.6, 3.1, 2.0, 1.0, 0.4, 0.3)


@dataclass(frozen=True)
class BorderCatchment:
    """A catchment beyond the border.

    ``rain_factor`` turns the rain of the gauges nearest to (latitude, longitude) into that of the catchment;
    ``quick_share`` of the effective rain leaves by the quick reservoir (``quick_h``), after ``delay_h``;
    ``lowest_m3s`` is what weirs and waste water keep flowing.
    """

    node_id: str
    latitude: float
    longitude: float
    area_km2: float
    rain_factor: float
    event_rain_factor: float
    quick_share: float
    quick_h: float
    slow_h: float
    delay_h: int
    lowest_m3s: float


# The Meuse above the Semois confluence: 9270 km2 at Monthermé less the Semois. All estimated.
BORDERS = (
    BorderCatchment("MEU_MONTHERME", 49.72, 4.95, 8041.0, 0.92, 0.80, 0.50, 48.0, 900.0, 20, 22.0),
    BorderCatchment("SAM_SOLRE", 50.15, 4.10, 1250.0, 0.92, 0.90, 0.45, 30.0, 900.0, 10, 3.0),
    BorderCatchment("ESC_TOURNAI", 50.45, 4.10, 4000.0, 0.82, 0.75, 0.30, 40.0, 1200.0, 12, 15.0),
)


def border_inflows(
    basin: Basin, times: Sequence[datetime], rain: Floats, event_from: int
) -> tuple[tuple[str, ...], Floats]:
    """Return node ids and inflows [m3/s], shape [time, node], for rain [mm] of shape [time, gauge].

    From index ``event_from`` on, the event's rain factor holds: the storm's core lay east of the border.
    """
    gauges = rain_gauges(basin)
    flows = []
    for border in BORDERS:
        weights = inverse_distance_weights(gauges, kilometres([border.latitude], [border.longitude]))[0]
        factor = np.full(len(times), border.rain_factor)
        factor[event_from:] = border.event_rain_factor
        flows.append(_reservoirs(border, times, factor * (rain @ weights)))
    return tuple(border.node_id for border in BORDERS), np.column_stack(flows)


def _reservoirs(border: BorderCatchment, times: Sequence[datetime], rain: Floats) -> Floats:
    """Return the flow [m3/s] of one border catchment, shape [time]."""
    capacity, soil, quick, slow = 240.0, 120.0, 0.0, 30.0
    runoff = np.zeros(len(times))
    for index, (time, depth) in enumerate(zip(times, rain, strict=True)):
        effective = depth * (soil / capacity) ** 2
        soil += depth - effective
        soil -= min(soil, EVAPORATION_MM_D[time.month - 1] / 24.0 * min(1.0, 2.0 * soil / capacity))
        spill = max(soil - capacity, 0.0)
        soil -= spill
        # A little of the soil's water always seeps down.
        seep = soil * 2.2e-4
        soil -= seep
        quick += border.quick_share * (effective + spill)
        slow += (1.0 - border.quick_share) * (effective + spill) + seep
        leaving = (quick / border.quick_h, slow / border.slow_h)
        quick -= leaving[0]
        slow -= leaving[1]
        runoff[index] = sum(leaving)
    delayed = np.concatenate([np.full(border.delay_h, runoff[0]), runoff[: -border.delay_h]])
    return np.asarray(np.maximum(delayed * border.area_km2 / 3.6, border.lowest_m3s))
