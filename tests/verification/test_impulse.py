"""One step of inflow into a dry river: nothing is lost, nothing arrives early, nothing is negative.

The inflow lasts 900 s at 100 m3/s, so 90 000 m3 must be found again in the outflow and the channel. The first
water leaves a chain of n divisions in the same step at the earliest, since a division may pass part of its
inflow within the step, but the centre of the wave travels no faster than the kinematic wave of the peak.
"""

from collections.abc import Callable

import numpy as np

from twin.model import Forcing, Twin
from twin.network import wave_speed
from twin.state import TwinState
from twin.synthetic import TreeShape, tree_basin


def test_impulse_keeps_its_volume_and_comes_in_time(
    make_twin: Callable[..., Twin],
    make_forcing: Callable[..., Forcing],
    dry_state: Callable[[Twin], TwinState],
) -> None:
    twin = make_twin(tree_basin([1, -1], TreeShape(inflows=frozenset({0}), length_km=20.0)))
    inflow = np.zeros(2000, np.float32)
    inflow[0] = 100.0
    run = twin.run(dry_state(twin), make_forcing(twin, 2000, inflow=inflow), keep=("N1",))
    out = run.discharge_at("N1").astype(np.float64)
    assert (out >= 0).all()
    found = out.sum(axis=0) * 900 + run.state.volume_m3.sum(axis=0)
    np.testing.assert_allclose(found, 90_000.0, rtol=1e-6)
    assert run.balance.relative_error < 1e-6
    centre_s = (out * (np.arange(2000) + 0.5)[:, None]).sum(axis=0) / out.sum(axis=0) * 900
    node = twin.topology.position["N0"]
    for member in range(twin.members):
        p = twin.parameters
        fastest = wave_speed(100.0, p.width_m[node, member], 0.002, p.roughness[node, member])
        assert centre_s[member] > 20_000.0 / fastest
    assert (out[-1] < 1e-3 * out.max(axis=0)).all()
