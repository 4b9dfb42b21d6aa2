from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.basin import Basin
from domain.basin_files import read_basin
from twin.model import Forcing, Twin
from twin.network import Topology
from twin.parameters import sample_parameters

BEGIN = datetime(2021, 7, 1, tzinfo=UTC)


class Region:
    """The shipped basin with a small ensemble, and forcings for it."""

    def __init__(self, members: int = 8) -> None:
        self.basin: Basin = read_basin(Path(__file__).parents[3] / "basins" / "wallonia")
        self.topology = Topology.of(self.basin)
        self.parameters = sample_parameters(self.topology, members, seed=11)
        self.twin = Twin(self.basin, self.parameters, threads=1)
        self.start = self.twin.cold_state(BEGIN)

    def forcing(self, steps: int, rain_mm: float = 0.0, begin: datetime = BEGIN) -> Forcing:
        return Forcing(
            times=tuple(begin + timedelta(minutes=15 * (k + 1)) for k in range(steps)),
            rain_mm=np.full((steps, len(self.twin.catchment_ids)), rain_mm, np.float32),
            potential_evaporation_mm=np.full(steps, 0.02, np.float32),
            inflow_m3s=np.tile(np.array([100.0, 14.0, 40.0]), (steps, 1)),
        )


@pytest.fixture(scope="session")
def region() -> Region:
    return Region()
