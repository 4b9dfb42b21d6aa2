"""Observed flows and dam levels as the twin assimilates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, DamKind, StationKind
from twin.network import Topology
from twin.parameters import Parameters
from twin.ratings import sampled_ratings

FloatArray = NDArray[np.float64]

# Relative error of a published discharge whose station has no rating of its own here.
PUBLISHED_SD = 0.12


@dataclass(frozen=True)
class ObservedFlows:
    """Observations on the steps of a forcing; NaN where nothing usable (GOOD) was known.

    ``discharge_m3s`` has shape [step, gauge], or [step, gauge, member] when each member already has its
    own version (its rating, its gauge error). ``sd_relative`` [gauge] is the relative error of a gauge's
    discharge. ``dam_level_m`` has shape [step, dam], above the dam's datum.
    """

    node_ids: tuple[str, ...]
    discharge_m3s: FloatArray
    sd_relative: FloatArray
    dam_ids: tuple[str, ...] = ()
    dam_level_m: FloatArray | None = None


def observed_flows(
    basin: Basin,
    topology: Topology,
    parameters: Parameters,
    discharge_m3s: Mapping[str, FloatArray],
    level_m: Mapping[str, FloatArray],
) -> ObservedFlows:
    """Turn readings [step] of stations into what each member assimilates.

    Where a station gives a discharge it is used, with each member's gauge error; where it gives only a
    level the member's own rating turns it into discharge. Levels of stations at a reservoir become dam
    levels. Stations without node, rain gauges, and levels without rating are passed over.
    """
    ratings = sampled_ratings(basin, topology, parameters)
    flows: dict[str, FloatArray] = {}
    errors: dict[str, float] = {}
    for station_id in {**discharge_m3s, **level_m}:
        station = basin.stations.get(station_id)
        if station is None or station.node_id is None:
            continue
        rating = ratings.get(station_id)
        versions = []
        sd = rating.rating.sd_relative if rating else PUBLISHED_SD
        if station_id in discharge_m3s:
            offset = parameters.gauge_offset[topology.position[station.node_id]].astype(np.float64)
            versions.append(np.asarray(discharge_m3s[station_id])[:, None] * np.exp(sd * offset))
        if rating and station_id in level_m:
            versions.append(rating.discharge(np.asarray(level_m[station_id])[:, None]))
        for version in versions:
            before = flows.get(station.node_id)
            flows[station.node_id] = version if before is None else np.where(np.isnan(before), version, before)
            errors.setdefault(station.node_id, sd)
    dams = _dam_levels(basin, level_m)
    steps = len(next(iter({**discharge_m3s, **level_m}.values()), np.empty(0)))
    empty = np.empty((steps, 0, parameters.members))
    return ObservedFlows(
        node_ids=tuple(flows),
        discharge_m3s=np.stack(list(flows.values()), axis=1) if flows else empty,
        sd_relative=np.array(list(errors.values())),
        dam_ids=tuple(dams),
        dam_level_m=np.stack(list(dams.values()), axis=1) if dams else None,
    )


def _dam_levels(basin: Basin, level_m: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
    """Levels by reservoir id, from the stations on its node whose levels are above the dam's datum."""
    at = {dam.node_id: dam for dam in basin.dams.values() if dam.kind is DamKind.RESERVOIR}
    found: dict[str, FloatArray] = {}
    for station_id, levels in level_m.items():
        station = basin.stations.get(station_id)
        dam = at.get(station.node_id or "") if station else None
        # A river gauge below a dam stands on its node too; only a station of kind dam measures the lake.
        if station is not None and dam is not None and station.kind is StationKind.DAM:
            found[dam.dam_id] = np.asarray(levels, np.float64)
    return found
