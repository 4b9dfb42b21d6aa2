"""Releases as known, border flows with gaps, rain as each member believes it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks.memory_store import MemoryStore
from domain.event_pack import DamDecision, DamDecisionKind
from domain.variables import Variable
from forecast import forcing
from forecast.displacement import build_geography, rain_zones
from forecast.observed_rain import MEAN_CATCH_FACTOR, catch_factors, fill_unseen, observed_rain_members, zone_weights
from forecast.observing import BorderSource
from twin.rainfall import ArealRain, RainWeights

NOW = datetime(2021, 7, 14, 12, tzinfo=UTC)
PLACES = np.random.default_rng(1).uniform(0.0, 60.0, (30, 2))
ZONES = rain_zones(PLACES)
GEOGRAPHY = build_geography(ZONES, [f"n{i}" for i in range(30)], {})


def decision(hours: float, release: float, dam: str = "DAM") -> DamDecision:
    return DamDecision(NOW + timedelta(hours=hours), dam, DamDecisionKind.START_RELEASE, release, "test")


def test_the_last_decision_holds_on() -> None:
    times = forcing.step_ends(NOW, NOW + timedelta(hours=24))
    course = forcing.releases([decision(-5.0, 9.0), decision(-2.0, 25.0)], ["DAM"], times, NOW)["DAM"]
    assert (course == 25.0).all()


def test_a_decision_made_later_is_not_known() -> None:
    times = forcing.step_ends(NOW, NOW + timedelta(hours=24))
    assert forcing.releases([decision(0.1, 25.0)], ["DAM"], times, NOW) == {}


def test_decisions_of_the_past_enter_when_made() -> None:
    times = forcing.step_ends(NOW - timedelta(hours=2), NOW)
    course = forcing.releases([decision(-1.0, 10.0), decision(-0.5, 30.0)], ["DAM"], times, NOW)["DAM"]
    assert np.isnan(course[:4]).all()
    assert course[4:].tolist() == [10.0, 10.0, 30.0, 30.0]


def test_decisions_at_other_dams_are_passed_over() -> None:
    times = forcing.step_ends(NOW - timedelta(hours=2), NOW)
    assert forcing.releases([decision(-1.0, 10.0, "WEIR")], ["DAM"], times, NOW) == {}


def test_what_was_seen_to_leave_a_dam_goes_before_what_was_decided() -> None:
    decided = {"DAM": np.array([10.0, 10.0, np.nan])}
    course = forcing.seen_releases(decided, {"DAM": np.array([np.nan, 14.0, 3.0]), "NEW": np.array([1.0, 1.0, np.nan])})
    assert course["DAM"].tolist() == [10.0, 14.0, 3.0]
    assert course["NEW"][:2].tolist() == [1.0, 1.0]
    assert np.isnan(course["NEW"][2])
    assert decided["DAM"][1] == 10.0


def test_the_outflow_seen_last_holds_on_unless_a_decision_is_fresh() -> None:
    ends = forcing.step_ends(NOW, NOW + timedelta(hours=24))
    seen = {"DAM": np.array([5.0, 7.0, np.nan])}
    for hours, expected in ((-2.0, 7.0), (-0.25, 25.0)):
        decisions = [decision(hours, 25.0)]
        decided = forcing.releases(decisions, ["DAM"], ends, NOW)
        course = forcing.coming_releases(decided, seen, decisions, NOW, len(ends))["DAM"]
        assert (course == expected).all()
    assert forcing.coming_releases({}, {"DAM": np.full(3, np.nan)}, [], NOW, len(ends)) == {}


def test_border_series_scales_the_gauge_below(store: MemoryStore) -> None:
    store.add(Variable.DISCHARGE, "G1", NOW, 100.0)
    sources = [BorderSource("G1", 0.9, 50.0), BorderSource(None, 1.0, 7.0)]
    series = forcing.border_series(store, sources, NOW)
    assert series.shape == (192, 2)
    assert series[-1, 0] == pytest.approx(90.0)
    assert np.isnan(series[:, 1]).all()


def test_past_inflow_bridges_gaps_and_grows_unsure() -> None:
    series = np.full((192, 1), np.nan)
    series[:100] = 80.0
    inflow = forcing.past_inflow(series, [BorderSource("G1", 1.0, 50.0)], 92, 3, 400)
    spread = np.log(inflow[:, 0]).std(axis=1)
    assert np.median(inflow[0, 0]) == pytest.approx(80.0, rel=0.03)
    assert spread[-1] > 2.0 * spread[0]
    assert inflow.min() > 0.0


def test_what_a_member_believes_of_a_past_inflow_does_not_depend_on_where_the_analysis_began() -> None:
    series = np.random.default_rng(2).gamma(5.0, 10.0, (192, 1))
    sources = [BorderSource("G1", 1.0, 50.0)]
    long, short = (forcing.past_inflow(series, sources, steps, 3, 20) for steps in (8, 4))
    np.testing.assert_array_equal(long[4:], short)


def test_coming_inflow_has_every_border_step_and_member() -> None:
    series = np.full((192, 2), 40.0)
    sources = [BorderSource("G1", 1.0, 50.0), BorderSource(None, 1.0, 7.0)]
    inflow = forcing.coming_inflow(series, sources, 192, np.random.default_rng(1), 30)
    assert inflow.shape == (192, 2, 30)
    assert (inflow > 0.0).all()


def areal(mm: float, sd: float, steps: int = 4) -> ArealRain:
    return ArealRain(np.full((steps, 30), mm, np.float32), np.full((steps, 30), sd, np.float32))


def times(steps: int = 4) -> tuple[datetime, ...]:
    return forcing.step_ends(NOW, NOW + steps * forcing.STEP)


def test_members_lift_what_gauges_lose() -> None:
    factors = catch_factors(1, 500)
    assert factors.min() > 1.0
    assert factors.mean() == pytest.approx(MEAN_CATCH_FACTOR, rel=0.01)
    rain = observed_rain_members(areal(2.0, 0.4), GEOGRAPHY, times(), factors, seed=1)
    assert rain.mean() == pytest.approx(2.0 * MEAN_CATCH_FACTOR, rel=0.02)
    # The error stated with the areal rain, and no more.
    assert (rain[0] / factors).std() == pytest.approx(0.4, rel=0.15)


def test_no_rain_stays_no_rain() -> None:
    rain = observed_rain_members(areal(0.0, 0.0), GEOGRAPHY, times(), catch_factors(1, 50), seed=1)
    assert (rain == 0.0).all()


def test_unseen_rain_is_unknown_until_drawn() -> None:
    members = catch_factors(1, 20)
    mixed = areal(2.0, 0.4)
    mixed.rain_mm[1, :5] = np.nan
    rain = observed_rain_members(mixed, GEOGRAPHY, times(), members, seed=1)
    assert np.isnan(rain[1, :5]).all()
    assert np.isnan(rain).sum() == 5 * 20


def test_unseen_rain_is_drawn_by_blocks_that_do_not_move() -> None:
    def draw(begin: datetime) -> np.ndarray:
        row = np.arange(24, dtype=np.float32) + 100.0 * begin.hour
        return np.broadcast_to(row[:, np.newaxis, np.newaxis], (24, 30, 20))

    seen = np.zeros((8, 30, 20), np.float32)
    seen[2:, :3] = np.nan
    ends = forcing.step_ends(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    filled = fill_unseen(seen, ends, draw)
    # NOW is 12 h: the steps before it are the last of the block from 6 h, those after the first of 12 h.
    assert filled[2:, 0, 0].tolist() == [622.0, 623.0, 1200.0, 1201.0, 1202.0, 1203.0]
    assert (filled[:, 3:] == 0.0).all()
    assert (filled[:2] == 0.0).all()
    assert np.isnan(seen).any()


def test_what_a_member_believes_of_past_rain_does_not_depend_on_where_the_analysis_began() -> None:
    factors = catch_factors(1, 20)
    long = observed_rain_members(areal(2.0, 0.8), GEOGRAPHY, times(), factors, seed=1)
    short = observed_rain_members(areal(2.0, 0.8, 2), GEOGRAPHY, times()[2:], factors, seed=1)
    np.testing.assert_array_equal(long[2:], short)


def test_a_zone_weighs_gauges_as_its_catchments_do() -> None:
    places = np.random.default_rng(1).uniform(0.0, 100.0, (2000, 2))
    zones = rain_zones(places)
    found = zone_weights(RainWeights(("R0", "R1"), places), zones)
    np.testing.assert_allclose(found.weights, zones.positions)
    few = RainWeights(("R0", "R1"), PLACES)
    assert zone_weights(few, ZONES) is few
