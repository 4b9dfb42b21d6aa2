"""Small synthetic networks and forcings that the verification cases share."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.basin import Basin
from twin.model import Forcing, Twin
from twin.network import Topology
from twin.parameters import sample_parameters
from twin.state import TwinState

BEGIN = datetime(2021, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def make_twin() -> Callable[..., Twin]:
    """Build a twin of a basin."""

    def build(basin: Basin, members: int = 3, step_s: int = 900) -> Twin:
        return Twin(basin, sample_parameters(Topology.of(basin), members, seed=7), step_s, threads=1)

    return build


@pytest.fixture(scope="session")
def dry_state() -> Callable[[Twin], TwinState]:
    """Return a state without a drop of water, but in reservoirs."""

    def build(twin: Twin) -> TwinState:
        state = twin.cold_state(BEGIN)
        empty = {name: np.zeros_like(array) for name, array in state.arrays.items()}
        return replace(state, **{**empty, "correction": state.correction, "reservoir_m3": state.reservoir_m3})

    return build


@pytest.fixture(scope="session")
def make_forcing() -> Callable[..., Forcing]:
    """Build a forcing; what is not given is zero."""

    def build(
        twin: Twin,
        steps: int,
        rain: np.ndarray | float = 0.0,
        inflow: np.ndarray | float = 0.0,
        evaporation: float = 0.0,
        step_s: int = 900,
        begin: datetime = BEGIN,
    ) -> Forcing:
        def spread(value: np.ndarray | float, places: int) -> np.ndarray:
            given = np.asarray(value, np.float32)
            column = given[:, None] if given.ndim == 1 else given
            return np.ascontiguousarray(np.broadcast_to(column, (steps, places)))

        return Forcing(
            times=tuple(begin + timedelta(seconds=step_s * (k + 1)) for k in range(steps)),
            rain_mm=spread(rain, len(twin.catchment_ids)),
            potential_evaporation_mm=np.full(steps, evaporation, np.float32),
            inflow_m3s=spread(inflow, len(twin.inflow_ids)),
        )

    return build
