"""Lakes of the truth: storage curve, valves with a rule curve or an operator's orders, and a free spillway."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Dam, DamKind
from simulator.compiled import compiled
from simulator.scenario import Scenario
from simulator.terrain import Terrain

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
HM3 = 1e6
# Exponent of volume against depth in a V-shaped valley; with volume and area it gives the depth.
VALLEY_EXPONENT = 2.2
RULE_RETURN_S = 5 * 86_400.0
ALARM_RETURN_S = 6 * 3_600.0


class Lakes(NamedTuple):
    """All reservoirs, arrays of shape [lake]; ``at`` [node] is the lake of a node or -1. SI throughout.

    ``is_ordered`` lakes stand under an operator whose orders are known: their valves open beyond the turbine's
    flow only when he says so. The others open them by themselves when the lake passes its normal level.
    """

    at: Indices
    normal_m3: Array
    normal_level_m: Array
    area_m2: Array
    target_m3: Array
    valves_m3s: Array
    turbine_m3s: Array
    least_m3s: Array
    crest_m: Array
    spill_coefficient: Array
    is_ordered: NDArray[np.bool_]


def lakes_of(
    basin: Basin, terrain: Terrain, scenario: Scenario, ordered: Sequence[str]
) -> tuple[tuple[str, ...], Lakes]:
    """Return the ids of the basin's reservoirs and their true properties."""
    dams = [dam for dam in basin.dams.values() if dam.kind is DamKind.RESERVOIR]
    at = np.full(len(terrain.node_ids), -1, dtype=np.int64)
    columns: list[tuple[float, ...]] = []
    for k, dam in enumerate(dams):
        at[terrain.index[dam.node_id]] = k
        columns.append(_properties(dam, scenario, terrain.mean_discharge_m3s[terrain.index[dam.node_id]]))
    normal, level, area, target, valves, turbine, least, crest, spill = np.array(columns).reshape(len(dams), 9).T.copy()
    is_ordered = np.array([dam.dam_id in ordered for dam in dams], dtype=np.bool_)
    lakes = Lakes(at, normal, level, area, target, valves, turbine, least, crest, spill, is_ordered)
    return tuple(dam.dam_id for dam in dams), lakes


def _properties(dam: Dam, scenario: Scenario, mean_m3s: float) -> tuple[float, ...]:
    """Return normal volume, level, area, target, valves, turbine, least release, crest, spill coefficient."""
    normal, top = _known(dam.normal_level_m), _known(dam.maximum_level_m)
    volume, full = _known(dam.volume_hm3) * HM3, _known(dam.full_volume_hm3) * HM3
    own = scenario.dams.get(dam.dam_id)
    crest = own.spill_crest_m if own and own.spill_crest_m is not None else normal
    area = (full - volume) / (top - normal)
    target = volume - (dam.flood_reserve_hm3 or 0.0) * HM3
    if own and own.rule_reserve_hm3 is not None:
        target = volume + (crest - normal) * area - own.rule_reserve_hm3 * HM3
    valves = _known(dam.outlet_capacity_m3s)
    turbine = min(valves, 2.0 * mean_m3s)
    return (
        volume,
        normal,
        area,
        target,
        valves,
        turbine,
        min(0.3 * mean_m3s, turbine),
        crest,
        _known(dam.spillway_capacity_m3s) / (top - crest) ** 1.5,
    )


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("a reservoir's volumes, levels and capacities must be known")
    return value


def release_orders(
    decisions: Sequence[tuple[datetime, str, float | None]], dam_ids: tuple[str, ...], ends: Sequence[datetime]
) -> Array:
    """Spread decisions over time steps: shape [step, lake], NaN where the rule curve rules.

    A decision counts from the first step that begins at or after it was made, never earlier.
    """
    orders = np.full((len(ends), len(dam_ids)), np.nan)
    step = ends[1] - ends[0]
    begins = np.array([(end - step).timestamp() for end in ends])
    for at, dam_id, release in sorted(decisions, key=lambda item: item[0]):
        orders[begins >= at.timestamp(), dam_ids.index(dam_id)] = np.nan if release is None else release
    return orders


def level_of(volume_m3: Array, lakes: Lakes, k: int) -> Array:
    """Water level [m above datum] of lake ``k`` at given volumes [m3]."""
    above = lakes.normal_level_m[k] + (volume_m3 - lakes.normal_m3[k]) / lakes.area_m2[k]
    depth = VALLEY_EXPONENT * lakes.normal_m3[k] / lakes.area_m2[k]
    filled = np.maximum(volume_m3 / lakes.normal_m3[k], 0.0)
    below = lakes.normal_level_m[k] - depth * (1.0 - filled ** (1.0 / VALLEY_EXPONENT))
    level: Array = np.where(volume_m3 >= lakes.normal_m3[k], above, below)
    return level


@compiled
def lake_outflow(volume: float, inflow: float, order: float, k: int, lakes: Lakes, step_s: float) -> float:
    """Return the outflow [m3/s] of lake ``k`` over the next step from its volume [m3] and inflow [m3/s]."""
    if np.isnan(order):
        release = max((volume - lakes.target_m3[k]) / RULE_RETURN_S, 0.0)
        release = min(release + min(inflow, lakes.least_m3s[k]), lakes.turbine_m3s[k])
        surplus = volume - lakes.normal_m3[k]
        if not lakes.is_ordered[k] and surplus > 0.0:
            release = min(release + surplus / ALARM_RETURN_S, lakes.valves_m3s[k])
        release = max(release, lakes.least_m3s[k])
    else:
        release = min(order, lakes.valves_m3s[k])
    # The spillway looks at the level half a step ahead, else a small deep lake would oscillate.
    ahead = volume + 0.5 * step_s * (inflow - release)
    head = lakes.normal_level_m[k] + (ahead - lakes.normal_m3[k]) / lakes.area_m2[k] - lakes.crest_m[k]
    spilled = lakes.spill_coefficient[k] * head**1.5 if head > 0.0 else 0.0
    return float(min(release + spilled, volume / step_s + inflow))
