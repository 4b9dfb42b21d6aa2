from dataclasses import fields

import numpy as np
import pytest

from twin.network import Topology
from twin.parameters import RANGES, sample_parameters
from twin.synthetic import random_tree, tree_basin


@pytest.fixture(scope="module")
def topology() -> Topology:
    return Topology.of(tree_basin(random_tree(40, seed=2)))


def test_values_lie_in_their_stated_ranges(topology: Topology) -> None:
    p = sample_parameters(topology, 60, seed=3)
    for name, spec in RANGES.items():
        values = getattr(p, name, None)
        if values is not None and values.size:
            assert values.min() >= spec.low * (1 - 1e-6 * np.sign(spec.low)) - 1e-6
            assert values.max() <= spec.high + 1e-5
            assert values.std() > 0.1 * (spec.high - spec.low)


def test_same_seed_same_bits_other_seed_other_values(topology: Topology) -> None:
    one, two, other = (sample_parameters(topology, 4, seed=s) for s in (1, 1, 2))
    for field in fields(one):
        if field.name != "seed" and getattr(one, field.name).size:
            assert np.array_equal(getattr(one, field.name), getattr(two, field.name))
            assert not np.array_equal(getattr(one, field.name), getattr(other, field.name))


def test_a_small_ensemble_begins_a_larger_one(topology: Topology) -> None:
    small, large = sample_parameters(topology, 5, seed=1), sample_parameters(topology, 50, seed=1)
    assert np.array_equal(small.production_mm, large.production_mm[:, :5])
    assert np.array_equal(small.width_m, large.width_m[:, :5])


def test_shared_part_of_the_draw_survives_the_mean_over_catchments(topology: Topology) -> None:
    p = sample_parameters(topology, 200, seed=1)
    # With independent draws over 79 catchments the mean would scatter 9 times less than one catchment.
    assert p.evaporation_factor.mean(axis=0).std() > 0.6 * p.evaporation_factor.std()
    assert p.exchange_mm_h.mean(axis=0).std() < 0.6 * p.exchange_mm_h.std()


@pytest.mark.parametrize(("members", "seed"), [(0, 1), (3, -1)])
def test_nonsense_is_refused(topology: Topology, members: int, seed: int) -> None:
    with pytest.raises(ValueError, match="ensemble"):
        sample_parameters(topology, members, seed)
