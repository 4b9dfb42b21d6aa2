from dataclasses import replace

import numpy as np
import pytest

from twin.reservoirs import level_at, target_volume, volume_at


def test_level_and_volume_are_inverse(region) -> None:
    for dam in region.topology.reservoirs:
        levels = np.linspace(dam.normal_level_m - 10.0, dam.maximum_level_m + 1.0, 40)
        back = level_at(dam, volume_at(dam, levels))
        reachable = volume_at(dam, levels) > 0
        np.testing.assert_allclose(back[reachable], levels[reachable], atol=1e-6)
        assert volume_at(dam, np.array([dam.maximum_level_m]))[0] == pytest.approx(dam.full_volume_hm3 * 1e6)
    assert np.isnan(volume_at(region.topology.reservoirs[0], np.array([np.nan]))).all()


def test_target_keeps_the_reserve_free(region) -> None:
    dam = next(d for d in region.topology.reservoirs if d.dam_id == "GILEPPE")
    assert target_volume(dam) == pytest.approx((28.3 - 2.6) * 1e6)


def reservoir(region, dam_id: str) -> int:
    return region.topology.reservoir_ids.index(dam_id)


def test_a_decided_release_leaves_by_the_outlet(region) -> None:
    """A decision of 40 m3/s against the rule's few: the lake falls by just that volume."""
    forcing = region.forcing(8)
    decided = replace(forcing, releases={"EUPEN": np.full(8, 40.0)})
    ruled = region.twin.run(region.start, forcing, keep=("VES_DAM",))
    given = region.twin.run(region.start, decided, keep=("VES_DAM",))
    np.testing.assert_allclose(given.discharge_at("VES_DAM"), 40.0, rtol=1e-6)
    r = reservoir(region, "EUPEN")
    more = (given.discharge_at("VES_DAM") - ruled.discharge_at("VES_DAM")).sum(axis=0) * 900.0
    np.testing.assert_allclose(ruled.state.reservoir_m3[r] - given.state.reservoir_m3[r], more, rtol=1e-5)
    assert (given.reservoir_level_m[-1, r] < ruled.reservoir_level_m[-1, r]).all()


def test_a_release_is_never_more_than_the_outlet_passes(region) -> None:
    decided = replace(region.forcing(4), releases={"RY_DE_ROME": np.full(4, 50.0)})
    run = region.twin.run(region.start, decided, keep=("RDR_DAM",))
    np.testing.assert_allclose(run.discharge_at("RDR_DAM"), 2.0, rtol=1e-6)


def test_a_full_lake_spills_and_stays_below_a_bound(region) -> None:
    """Spillway and outlet together hold a lake that begins full near its maximum level in a great storm."""
    r = reservoir(region, "EUPEN")
    dam = region.topology.reservoirs[r]
    volume = region.start.reservoir_m3.copy()
    volume[r] = dam.full_volume_hm3 * 1e6
    run = region.twin.run(
        replace(region.start, reservoir_m3=volume), region.forcing(96, rain_mm=1.5), keep=("VES_DAM",)
    )
    assert run.discharge_at("VES_DAM")[0].min() > 100.0
    assert run.reservoir_level_m[:, r].max() < dam.maximum_level_m + 0.5


def test_an_empty_lake_gives_no_water_it_has_not(region) -> None:
    r = reservoir(region, "GILEPPE")
    volume = region.start.reservoir_m3.copy()
    volume[r] = 1000.0
    forcing = replace(region.forcing(96), releases={"GILEPPE": np.full(96, 20.0)})
    run = region.twin.run(replace(region.start, reservoir_m3=volume), forcing, keep=("GIL_DAM",))
    assert (run.state.reservoir_m3[r] >= 0).all()
    assert run.discharge_at("GIL_DAM")[10:].max() < 5.0
    assert run.balance.relative_error < 1e-6


def test_pools_hold_their_target_in_a_usual_flow_and_rise_in_a_flood(region) -> None:
    weirs = region.topology.weir_ids
    target = np.array([d.normal_level_m for d in region.topology.weirs])
    usual = region.twin.run(region.start, region.forcing(96)).pool_level_m
    np.testing.assert_allclose(usual, np.broadcast_to(target[:, None], usual.shape), atol=1e-4)
    flood = replace(region.forcing(192), inflow_m3s=np.tile([2500.0, 400.0, 40.0], (192, 1)))
    run = region.twin.run(region.start, flood, keep=("MEU_MONSIN",))
    rise = run.pool_level_m[-1] - target[:, None]
    # Two of six openings work at Monsin, so its pool must rise more than that of Ivoz with five of five.
    assert (rise[weirs.index("MONSIN")] > rise[weirs.index("IVOZ")]).all()
    assert (rise[weirs.index("MONSIN")] > 1.0).all()


def test_free_weir_law_at_steady_flood(region) -> None:
    flood = replace(region.forcing(1500), inflow_m3s=np.tile([2500.0, 400.0, 40.0], (1500, 1)))
    run = region.twin.run(region.start, flood, keep=("MEU_MONSIN",))
    w = region.topology.weir_ids.index("MONSIN")
    p = region.parameters
    head = p.weir_head_m[w] + run.pool_level_m[-1, w] - 60.0
    expected = p.weir_coefficient[w] * 2 * 27.0 * head**1.5
    np.testing.assert_allclose(run.discharge_at("MEU_MONSIN")[-1], expected, rtol=2e-3)
