"""A history to begin from where none was measured: a year of ordinary weather."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from domain.basin import Basin
from domain.hourly import HourlyTable
from forecast.climatology import STEPS_PER_HOUR, climatology_members
from twin.model import Twin

USUAL_LENGTH: Final = timedelta(days=365)
_CHUNK_HOURS: Final = 240


def ordinary_history(
    basin: Basin, twin: Twin, until: datetime, length: timedelta = USUAL_LENGTH
) -> tuple[HourlyTable, HourlyTable]:
    """Return hourly rain at the gauges and inflow at the borders of weather as it usually is.

    It serves to warm the model up (:meth:`forecast.cycle.ForecastCycle.warm_up`) where no record exists; what
    follows from it must be labelled so. Rain is one climatological sequence for the whole basin, drawn with
    the twin's seed; borders bring their mean flow.

    Parameters
    ----------
    until
        End of the history, on a full hour.
    """
    hours = length // timedelta(hours=1)
    times = tuple(until - timedelta(hours=hours - 1 - i) for i in range(hours))
    rng = np.random.default_rng((twin.parameters.seed, 51))
    parts = []
    for first in range(0, hours, _CHUNK_HOURS):
        # Of two sequences the second: the first of every ten stays dry on purpose.
        drawn = climatology_members(rng, times[first], _CHUNK_HOURS * STEPS_PER_HOUR, 2, raining=False)[1]
        parts.append(drawn.reshape(_CHUNK_HOURS, STEPS_PER_HOUR).sum(axis=1))
    rain = np.concatenate(parts)[:hours].astype(np.float64)
    gauges = tuple(s.station_id for s in basin.stations.values() if s.node_id is None)
    means = np.array([basin.network.nodes[node_id].mean_discharge_m3s for node_id in twin.inflow_ids])
    return (
        HourlyTable(times, gauges, np.repeat(rain[:, np.newaxis], len(gauges), axis=1)),
        HourlyTable(times, twin.inflow_ids, np.repeat(means[np.newaxis], hours, axis=0)),
    )
