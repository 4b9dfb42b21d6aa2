from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from domain.errors import ModelError
from twin.model import Twin
from twin.network import Topology
from twin.observed import ObservedFlows
from twin.parameters import sample_parameters
from twin.state import TwinState
from twin.synthetic import tree_basin


@pytest.mark.parametrize("value", [np.nan, -0.1, np.inf])
def test_missing_or_negative_rain_names_the_catchment(region, value) -> None:
    forcing = region.forcing(4)
    rain = forcing.rain_mm.copy()
    rain[2, region.twin.catchment_ids.index("HOE_THEUX")] = value
    with pytest.raises(ModelError, match="rain of HOE_THEUX"):
        region.twin.run(region.start, replace(forcing, rain_mm=rain))


def test_missing_inflow_names_the_border_node(region) -> None:
    forcing = region.forcing(4)
    inflow = forcing.inflow_m3s.copy()
    inflow[3, region.twin.inflow_ids.index("SAM_SOLRE")] = np.nan
    with pytest.raises(ModelError, match="inflow of SAM_SOLRE"):
        region.twin.run(region.start, replace(forcing, inflow_m3s=inflow))


def test_rain_of_members_is_checked_too(region) -> None:
    forcing = region.forcing(2)
    rain = np.zeros((2, len(region.twin.catchment_ids), region.twin.members), np.float32)
    rain[1, 0, 5] = np.nan
    with pytest.raises(ModelError, match=f"rain of {region.twin.catchment_ids[0]}"):
        region.twin.run(region.start, replace(forcing, rain_mm=rain))


def test_wrong_shape_time_node_and_dam_are_refused(region) -> None:
    forcing = region.forcing(3)
    with pytest.raises(ModelError, match="rain has shape"):
        region.twin.run(region.start, replace(forcing, rain_mm=forcing.rain_mm[:, :5]))
    late = tuple(t + timedelta(minutes=1) for t in forcing.times)
    with pytest.raises(ModelError, match="forcing step 1 ends at"):
        region.twin.run(region.start, replace(forcing, times=late))
    with pytest.raises(ModelError, match="node NOWHERE does not exist"):
        region.twin.run(region.start, forcing, keep=("NOWHERE",))
    with pytest.raises(ModelError, match="no such reservoir"):
        region.twin.run(region.start, replace(forcing, releases={"MONSIN": np.zeros(3)}))
    with pytest.raises(ModelError, match="none negative"):
        region.twin.run(region.start, replace(forcing, releases={"EUPEN": np.full(3, -1.0)}))
    twice = ObservedFlows(("VES_EUPEN", "VES_EUPEN"), np.zeros((3, 2)), np.full(2, 0.1))
    with pytest.raises(ModelError, match="named twice"):
        region.twin.run(region.start, forcing, twice)


def test_a_state_of_another_network_is_refused(region) -> None:
    topology = Topology.of(tree_basin([1, -1]))
    other = Twin(tree_basin([1, -1]), sample_parameters(topology, 8, seed=1))
    with pytest.raises(ModelError, match="the network needs"):
        region.twin.run(other.cold_state(region.start.valid_at), region.forcing(1))


def test_a_store_that_is_not_finite_names_the_node(region) -> None:
    volume = region.start.volume_m3.copy()
    node = region.topology.position["HOE_POLLEUR"]
    volume[region.topology.first_division[node], 3] = np.nan
    with pytest.raises(ModelError, match="not finite at node HOE_POLLEUR"):
        region.twin.run(replace(region.start, volume_m3=volume), region.forcing(2))


def test_bytes_that_are_no_state_are_refused(region) -> None:
    blob = region.start.to_bytes()
    with pytest.raises(ModelError, match="cannot be read"):
        TwinState.from_bytes(blob[: len(blob) // 2])
    with pytest.raises(ModelError, match="cannot be read"):
        TwinState.from_bytes(b"")


def test_state_survives_its_bytes(region) -> None:
    back = TwinState.from_bytes(region.start.to_bytes())
    assert back.valid_at == region.start.valid_at
    for name, array in region.start.arrays.items():
        assert array.dtype == back.arrays[name].dtype
        assert np.array_equal(array, back.arrays[name])


def test_an_empty_forcing_changes_nothing(region) -> None:
    run = region.twin.run(region.start, region.forcing(0), keep=("MEU_LIEGE",))
    assert run.state.to_bytes() == region.start.to_bytes()
    assert run.discharge_m3s.shape == (0, 1, region.twin.members)


def test_observations_that_do_not_fit_are_refused(region) -> None:
    forcing = region.forcing(3)
    good = ObservedFlows(("VES_EUPEN",), np.full((3, 1), 5.0), np.array([0.1]))
    for fault, message in (
        ({"discharge_m3s": np.zeros((2, 1))}, "wanted"),
        ({"sd_relative": np.array([0.0])}, "positive relative error"),
        ({"dam_ids": ("EUPEN",), "dam_level_m": np.zeros((3, 2))}, "dam levels have shape"),
        ({"dam_ids": ("MONSIN",), "dam_level_m": np.zeros((3, 1))}, "MONSIN: no such reservoir"),
    ):
        with pytest.raises(ModelError, match=message):
            region.twin.run(region.start, forcing, replace(good, **fault))
