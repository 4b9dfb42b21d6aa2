from dataclasses import replace

import numpy as np

from twin.assimilation import LARGEST_INNOVATION, MODEL_LOG_SD
from twin.observed import ObservedFlows

NODE = "AMB_MARTINRIVE"


def gauge(values, sd=0.1, node=NODE) -> ObservedFlows:
    return ObservedFlows((node,), np.asarray(values, np.float64)[:, None], np.array([sd]))


def background(region, steps):
    return region.twin.run(region.start, region.forcing(steps), keep=(NODE,)).discharge_at(NODE)


def test_a_speaking_gauge_pulls_every_member_near(region) -> None:
    truth = 1.6 * background(region, 24).mean()
    run = region.twin.run(region.start, region.forcing(24), gauge(np.full(24, truth)), keep=(NODE,))
    analysed = run.discharge_at(NODE)[-1]
    own_truth = truth * np.exp(0.1 * region.parameters.gauge_offset[region.topology.position[NODE]])
    np.testing.assert_allclose(analysed, own_truth, rtol=0.05)
    assert analysed.std() > 0.3 * own_truth.std() > 0


def test_a_silent_gauge_changes_nothing(region) -> None:
    plain = region.twin.run(region.start, region.forcing(12), keep=(NODE,))
    silent = region.twin.run(region.start, region.forcing(12), gauge(np.full(12, np.nan)), keep=(NODE,))
    assert np.array_equal(plain.discharge_m3s, silent.discharge_m3s)
    assert (silent.balance.nudge == 0).all()


def test_one_wild_value_moves_the_model_a_bounded_way(region) -> None:
    before = background(region, 1)[0]
    run = region.twin.run(region.start, region.forcing(1), gauge([1e5]), keep=(NODE,))
    sd = np.hypot(MODEL_LOG_SD, 0.1)
    largest = np.exp(MODEL_LOG_SD**2 / sd**2 * LARGEST_INNOVATION * sd)
    assert (run.discharge_at(NODE)[0] <= before * largest * 1.05).all()
    assert (run.discharge_at(NODE)[0] > before * 1.5).all()


def test_a_correction_fades_after_the_last_word(region) -> None:
    truth = 1.5 * background(region, 12).mean()
    heard = region.twin.run(region.start, region.forcing(12), gauge(np.full(12, truth))).state
    later = region.forcing(192, begin=heard.valid_at)
    taught = region.twin.run(heard, later, keep=(NODE,)).discharge_at(NODE).mean(axis=1)
    untaught = region.twin.run(region.start, region.forcing(204), keep=(NODE,)).discharge_at(NODE)[12:].mean(axis=1)
    ratio = taught / untaught
    assert ratio[0] > 1.25
    assert ratio[-1] < 1.0 + 0.35 * (ratio[0] - 1.0)
    assert ratio[0] > ratio[48] > ratio[-1] > 1.0


def test_water_above_the_gauge_learns_but_not_above_a_dam_or_elsewhere(region) -> None:
    node = "VES_VERVIERS"
    truth = 2.0 * region.twin.run(region.start, region.forcing(1), keep=(node,)).discharge_at(node)[0].mean()
    plain = region.twin.run(region.start, region.forcing(1)).state
    heard = region.twin.run(region.start, region.forcing(1), gauge([truth], node=node)).state
    changed = (heard.routing_mm != plain.routing_mm).any(axis=1)
    learned = {n for n, c in zip(region.twin.catchment_ids, changed, strict=True) if c}
    assert {"VES_VERVIERS", "VES_DOLHAIN", "HEL_SRC"} <= learned
    assert not learned & {"VES_DAM", "VES_SRC", "GIL_SRC", "HOE_POLLEUR", "VES_PEPINSTER", "AMB_SRC"}
    assert (heard.routing_mm >= plain.routing_mm).all()


def test_an_upper_gauge_keeps_its_own_water(region) -> None:
    both = ObservedFlows(("VES_VERVIERS", "VES_EUPEN"), np.array([[80.0, np.nan], [80.0, 3.0]]), np.array([0.1, 0.1]))
    first = region.twin.run(region.start, region.forcing(1), replace(both, discharge_m3s=both.discharge_m3s[:1])).state
    hel = region.twin.catchment_ids.index("HEL_SRC")
    assert (first.routing_mm[hel] > region.start.routing_mm[hel]).all()
    upper_only = ObservedFlows(("VES_EUPEN",), np.array([[3.0]]), np.array([0.1]))
    later = region.forcing(1, begin=first.valid_at)
    with_both = region.twin.run(first, later, replace(both, discharge_m3s=both.discharge_m3s[1:])).state
    with_upper = region.twin.run(first, later, upper_only).state
    assert np.array_equal(with_both.routing_mm[hel], with_upper.routing_mm[hel])


def test_dam_level_moves_the_lake_and_is_booked(region) -> None:
    level = np.full((1, 1), 356.0)
    seen = ObservedFlows((), np.empty((1, 0)), np.empty(0), ("EUPEN",), level)
    run = region.twin.run(region.start, region.forcing(1), seen)
    r = region.topology.reservoir_ids.index("EUPEN")
    assert (run.reservoir_level_m[0, r] < 356.6).all()
    assert (run.balance.nudge < -2e6).all()
    assert run.balance.relative_error < 1e-6
