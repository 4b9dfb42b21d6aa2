"""Constant inflows: after long enough every flow is the sum of the inflows above it, at normal depth.

Four border rivers of 10, 20, 30 and 40 m3/s join in a tree of seven nodes, so nodes must carry 30, 70, and
100 m3/s. In each division of length dx the water is dx A, with A the area at which Manning's formula gives the
flow: in the channel A = B (Q n / (B sqrt(S)))^(3/5), above the banks found here by bisection.
"""

from collections.abc import Callable

import numpy as np
import pytest

from twin.model import Forcing, Twin
from twin.state import TwinState
from twin.synthetic import TreeShape, tree_basin

INFLOW = np.array([10.0, 20.0, 30.0, 40.0], np.float32)


def normal_area(twin: Twin, node: int, member: int, flow: float) -> float:
    p, slope = twin.parameters, twin.topology.slope[node]
    width, plain = p.width_m[node, member], p.floodplain_width_m[node, member]
    bank = p.bankfull_depth_m[node, member]
    low, high = 0.0, 50.0
    for _ in range(80):
        h = 0.5 * (low + high)
        over = max(h - bank, 0.0)
        channel = width * np.sqrt(slope) / p.roughness[node, member] * h ** (5 / 3)
        beside = plain * np.sqrt(slope) / p.floodplain_roughness[node, member] * over ** (5 / 3)
        low, high = (h, high) if channel + beside < flow else (low, h)
    return float(width * low + plain * max(low - bank, 0.0))


@pytest.mark.parametrize("factor", [0.05, 1.0, 10.0])
def test_flows_add_up_and_depth_is_normal(
    make_twin: Callable[..., Twin],
    make_forcing: Callable[..., Forcing],
    dry_state: Callable[[Twin], TwinState],
    factor: float,
) -> None:
    shape = TreeShape(inflows=frozenset({0, 1, 3, 4}), length_km=10.0)
    twin = make_twin(tree_basin([2, 2, 6, 5, 5, 6, -1], shape))
    order = [int(node_id[1:]) for node_id in twin.inflow_ids]
    inflow = factor * np.array([dict(zip((0, 1, 3, 4), INFLOW, strict=True))[i] for i in order], np.float32)
    forcing = make_forcing(twin, 1200, inflow=np.tile(inflow, (1200, 1)))
    run = twin.run(dry_state(twin), forcing, keep=("N2", "N5", "N6"))
    for node_id, expected in (("N2", 30.0), ("N5", 70.0), ("N6", 100.0)):
        np.testing.assert_allclose(run.discharge_at(node_id)[-1], factor * expected, rtol=1e-6)
    node = twin.topology.position["N5"]
    first, count = twin.topology.first_division[node], twin.topology.divisions[node]
    dx = twin.topology.length_m[node] / count
    for member in range(twin.members):
        expected = dx * normal_area(twin, node, member, factor * 70.0)
        np.testing.assert_allclose(run.state.volume_m3[first : first + count, member], expected, rtol=2e-5)
