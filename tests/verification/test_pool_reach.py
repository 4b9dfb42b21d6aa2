"""A reach of a weir pool is a linear store with the travel time of a long wave, K = L / sqrt(g h).

For a step of inflow from 0 to Q the outflow is Q (1 - exp(-t / K)); its mean over step n of length dt is
Q [1 - K / dt (exp(-(n - 1) dt / K) - exp(-n dt / K))].
"""

from collections.abc import Callable

import numpy as np

from twin.model import Forcing, Twin
from twin.parameters import GRAVITY
from twin.state import TwinState
from twin.synthetic import TreeShape, tree_basin


def test_step_through_a_pool(
    make_twin: Callable[..., Twin],
    make_forcing: Callable[..., Forcing],
    dry_state: Callable[[Twin], TwinState],
) -> None:
    twin = make_twin(tree_basin([1, -1], TreeShape(inflows=frozenset({0}), pools=frozenset({0}), length_km=12.0)))
    run = twin.run(dry_state(twin), make_forcing(twin, 30, inflow=200.0), keep=("N1",))
    node = twin.topology.position["N0"]
    k = 12_000.0 / np.sqrt(GRAVITY * twin.parameters.pool_depth_m[node].astype(np.float64))
    edge = np.exp(-np.arange(31)[:, None] * 900.0 / k)
    expected = 200.0 * (1.0 - k / 900.0 * (edge[:-1] - edge[1:]))
    np.testing.assert_allclose(run.discharge_at("N1"), expected, rtol=2e-5)
