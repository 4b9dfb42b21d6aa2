from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.basin_files import read_basin
from twin.network import Topology
from twin.synthetic import TreeShape, random_tree, tree_basin

WALLONIA = Path(__file__).parents[3] / "basins" / "wallonia"


@pytest.fixture(scope="module")
def wallonia() -> Topology:
    return Topology.of(read_basin(WALLONIA))


def test_every_node_comes_after_all_above_it(wallonia: Topology) -> None:
    at = np.arange(len(wallonia.node_ids))
    flows_on = wallonia.downstream >= 0
    assert (wallonia.downstream[flows_on] > at[flows_on]).all()


def test_stack_never_exceeds_the_strahler_order(wallonia: Topology) -> None:
    assert wallonia.stack_depth <= wallonia.strahler.max()
    large = Topology.of(tree_basin(random_tree(2000, seed=4)))
    assert large.stack_depth <= large.strahler.max()


def test_areas_sum_to_what_drains_inside_the_borders(wallonia: Topology) -> None:
    basin = read_basin(WALLONIA)
    ends = [n for n in basin.network.nodes if n not in basin.network.reach_from]
    drained = sum(basin.network.nodes[n].catchment_area_km2 for n in ends)
    abroad = sum(basin.network.local_area_km2(n) for n in wallonia.inflow_ids)
    assert wallonia.area_m2.sum() / 1e6 == pytest.approx(drained - abroad)


def test_dams_stand_on_their_nodes(wallonia: Topology) -> None:
    for index, dam in enumerate(wallonia.reservoirs):
        assert wallonia.reservoir[wallonia.position[dam.node_id]] == index
    for index, dam in enumerate(wallonia.weirs):
        assert wallonia.weir[wallonia.position[dam.node_id]] == index
    assert wallonia.weir_ids[wallonia.weir_below[wallonia.position["MEU_LIEGE"]]] == "MONSIN"
    assert wallonia.weir_below[wallonia.position["VES_VERVIERS"]] == -1


def test_larger_tributary_comes_first() -> None:
    # N0, N1 -> N2 (order 2) and N3 -> N4 (order 1) join in N5.
    topology = Topology.of(tree_basin([2, 2, 5, 4, 5, -1]))
    order = list(topology.node_ids)
    assert order.index("N2") < order.index("N3")
    assert topology.strahler[topology.position["N5"]] == 2
    assert topology.stack_depth == 2


def test_divisions_follow_length_and_pools_have_one() -> None:
    short = Topology.of(tree_basin([1, -1], TreeShape(length_km=0.2)))
    long = Topology.of(tree_basin([1, -1], TreeShape(length_km=200.0)))
    pool = Topology.of(tree_basin([1, -1], TreeShape(length_km=20.0, pools=frozenset({0}))))
    assert (short.division_count, long.division_count, pool.division_count) == (1, 24, 1)


def test_centroid_is_the_middle_of_the_ends() -> None:
    topology = Topology.of(tree_basin([2, 2, -1]))
    assert topology.latitude[topology.position["N2"]] == pytest.approx((50.0 + 50.01 + 50.02) / 3)


def test_two_weirs_on_one_node_are_refused(wallonia: Topology) -> None:
    basin = read_basin(WALLONIA)
    weir = basin.dams["MONSIN"]
    dams = {name: replace(weir, dam_id=name, node_id="N0") for name in ("A", "B")}
    twice = tree_basin([1, -1], dams=dams)
    with pytest.raises(ValueError, match="2 dams of kind weir"):
        Topology.of(twice)
