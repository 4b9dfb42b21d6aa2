"""Results as labelled arrays with the names and units of the CF conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.network import Topology
from twin.runs import TwinRun

if TYPE_CHECKING:
    import xarray


def to_dataset(run: TwinRun, topology: Topology) -> xarray.Dataset:
    """Return a run as an xarray data set: dimensions time, node, reservoir, weir, member.

    Times are UTC without zone, as CF wants them.
    """
    # Slow to import and needed for export only.
    import xarray

    time = np.array([t.replace(tzinfo=None) for t in run.times], "datetime64[ns]")
    discharge = {
        "standard_name": "water_volume_transport_in_river_channel",
        "long_name": "mean discharge of the step that ends at time",
        "units": "m3 s-1",
        "cell_methods": "time: mean",
    }
    level = {"long_name": "water level above the dam's datum", "units": "m", "cell_methods": "time: point"}
    balance = {
        f"balance_{name}": ("member", term, {"units": "m3", "long_name": f"{name.replace('_', ' ')} of the run"})
        for name, term in vars(run.balance).items()
    }
    return xarray.Dataset(
        {
            "discharge": (("time", "node", "member"), run.discharge_m3s, discharge),
            "reservoir_level": (("time", "reservoir", "member"), run.reservoir_level_m, level),
            "pool_level": (("time", "weir", "member"), run.pool_level_m, level),
            **balance,
        },
        coords={
            "time": ("time", time, {"standard_name": "time"}),
            "node": ("node", list(run.kept_ids), {"cf_role": "timeseries_id"}),
            "reservoir": list(topology.reservoir_ids),
            "weir": list(topology.weir_ids),
            "member": ("member", np.arange(run.discharge_m3s.shape[2]), {"standard_name": "realization"}),
        },
        attrs={"Conventions": "CF-1.11", "title": "HydroNum twin run"},
    )
