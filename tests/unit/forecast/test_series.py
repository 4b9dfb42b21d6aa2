"""What members let the stations publish, anchored at the last observation."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from domain.basin import Basin, StationKind
from domain.readings import SeriesKey
from domain.variables import Variable
from forecast.observing import ObservedWater
from forecast.series import DISCHARGE_NOISE_SD, MODEL_LOG_SD, Anchor, Errors, StationViews
from twin.evaporation import potential_evaporation_mm
from twin.model import Forcing, Twin, TwinRun
from twin.ratings import central_rating, sampled_ratings

from .conftest import BEGIN, MEMBERS

STEPS = 96


@pytest.fixture(scope="module")
def views(basin: Basin, twin: Twin) -> StationViews:
    return StationViews(basin, twin)


@pytest.fixture(scope="module")
def runs(twin: Twin, views: StationViews) -> tuple[TwinRun, TwinRun]:
    """A wet day after one quiet step."""
    past = run(twin, twin.cold_state(BEGIN), BEGIN, 1, 0.0, views)
    return past, run(twin, past.state, BEGIN + timedelta(minutes=15), STEPS, 0.8, views)


def run(twin: Twin, state, begin: datetime, steps: int, rain: float, views: StationViews) -> TwinRun:
    times = tuple(begin + timedelta(minutes=15 * (i + 1)) for i in range(steps))
    drive = Forcing(
        times,
        np.full((steps, len(twin.catchment_ids)), rain),
        potential_evaporation_mm(times, 900),
        np.full((steps, len(twin.inflow_ids)), 1.0),
    )
    return twin.run(state, drive, keep=views.node_ids)


def silent(views: StationViews) -> Anchor:
    shape = (1, len(views.stations))
    return views.anchor(ObservedWater(np.full(shape, np.nan), np.full(shape, np.nan)))


def heard(views: StationViews, flow: dict[str, float], level: dict[str, float]) -> Anchor:
    ids = [s.station_id for s in views.stations]
    values = [np.full((1, len(ids)), np.nan) for _ in range(2)]
    for array, said in zip(values, (flow, level), strict=True):
        for station_id, value in said.items():
            array[0, ids.index(station_id)] = value
    return views.anchor(ObservedWater(*values))


def no_errors(views: StationViews) -> Errors:
    none = np.zeros((len(views.stations), MEMBERS), dtype=np.float32)
    return Errors(none, none, none[0])


def course(members, station_id: str, variable: Variable) -> np.ndarray:
    return members.values[members.keys.index(SeriesKey(station_id, variable))]


def rated(views: StationViews) -> str:
    return next(s.station_id for s in views.stations if s.station_id.startswith("G"))


def test_every_station_has_discharge_and_level(views: StationViews, runs: tuple[TwinRun, TwinRun]) -> None:
    members = views.publish(*runs, silent(views), no_errors(views))
    assert len(members.keys) == 2 * len(views.stations)
    assert members.values.shape == (len(members.keys), STEPS + 1, MEMBERS)
    assert np.isfinite(members.values).all()


def test_level_follows_each_members_own_rating(
    basin: Basin, twin: Twin, views: StationViews, runs: tuple[TwinRun, TwinRun]
) -> None:
    station = rated(views)
    members = views.publish(*runs, silent(views), no_errors(views))
    true_flow = runs[1].discharge_at(basin.stations[station].node_id)
    rating = sampled_ratings(basin, twin.topology, twin.parameters)[station]
    expected = rating.level(true_flow.astype(np.float64))
    np.testing.assert_allclose(course(members, station, Variable.LEVEL)[1:], expected, rtol=2e-4)
    # What is published is the stated rating at that level.
    published = central_rating(basin.rating_of[station]).discharge(expected)
    np.testing.assert_allclose(course(members, station, Variable.DISCHARGE)[1:], published, rtol=2e-3)


def test_a_silent_station_keeps_the_spread_of_its_rating(views: StationViews, runs: tuple[TwinRun, TwinRun]) -> None:
    station = rated(views)
    members = views.publish(*runs, silent(views), no_errors(views))
    anchored = views.publish(*runs, heard(views, {station: 1.0}, {}), no_errors(views))
    free = np.log(course(members, station, Variable.DISCHARGE)[1]).std()
    bound = np.log(course(anchored, station, Variable.DISCHARGE)[1]).std()
    assert free > 3.0 * bound


def test_the_remainder_at_issue_fades_with_lead(views: StationViews, runs: tuple[TwinRun, TwinRun]) -> None:
    station = rated(views)
    free = course(views.publish(*runs, silent(views), no_errors(views)), station, Variable.DISCHARGE)
    observed = 2.0 * float(np.median(free[0]))
    anchor = heard(views, {station: observed}, {})
    bound = course(views.publish(*runs, anchor, no_errors(views)), station, Variable.DISCHARGE)
    assert (bound[0] == np.float32(observed)).all()
    gap = np.abs(np.log(bound / free)).mean(axis=1)
    assert (np.diff(gap[1:]) <= 1e-6).all()
    assert gap[1] > 0.3
    assert gap[-1] < 0.01


def test_what_nudging_has_reached_is_not_corrected_again(
    basin: Basin, views: StationViews, runs: tuple[TwinRun, TwinRun]
) -> None:
    station = rated(views)
    free = course(views.publish(*runs, silent(views), no_errors(views)), station, Variable.DISCHARGE)
    # A station that published just what one member has: that member is left alone.
    anchor = heard(views, {station: float(free[0, 0])}, {})
    bound = course(views.publish(*runs, anchor, no_errors(views)), station, Variable.DISCHARGE)
    np.testing.assert_allclose(bound[:, 0], free[:, 0], rtol=1e-4)


def test_level_and_discharge_of_a_rated_station_agree(
    basin: Basin, views: StationViews, runs: tuple[TwinRun, TwinRun]
) -> None:
    station = rated(views)
    stated = central_rating(basin.rating_of[station])
    anchor = heard(views, {station: 5.0}, {station: float(stated.level(np.array([5.0]))[0])})
    members = views.publish(*runs, anchor, no_errors(views))
    level = course(members, station, Variable.LEVEL).astype(np.float64)
    np.testing.assert_allclose(stated.discharge(level), course(members, station, Variable.DISCHARGE), rtol=3e-3)


def test_a_level_off_its_rating_stays_off_by_as_much(
    basin: Basin, views: StationViews, runs: tuple[TwinRun, TwinRun]
) -> None:
    station = rated(views)
    stated = float(central_rating(basin.rating_of[station]).level(np.array([5.0]))[0])
    on = views.publish(*runs, heard(views, {station: 5.0}, {station: stated}), no_errors(views))
    off = views.publish(*runs, heard(views, {station: 5.0}, {station: stated + 0.3}), no_errors(views))
    shift = course(off, station, Variable.LEVEL) - course(on, station, Variable.LEVEL)
    np.testing.assert_allclose(shift, 0.3, atol=1e-4)


def test_a_lake_starts_at_its_observed_level(views: StationViews, runs: tuple[TwinRun, TwinRun]) -> None:
    anchored = views.publish(*runs, heard(views, {}, {"DAM": 299.0}), no_errors(views))
    lake = course(anchored, "DAM", Variable.LEVEL)
    assert (lake[0] == 299.0).all()
    change = runs[1].reservoir_level_m[-1, 0] - runs[0].reservoir_level_m[-1, 0]
    np.testing.assert_allclose(lake[-1] - 299.0, change, atol=1e-3)


def test_reading_errors_widen_what_is_published(views: StationViews, runs: tuple[TwinRun, TwinRun]) -> None:
    station = rated(views)
    noise = np.random.default_rng(1).standard_normal((len(views.stations), MEMBERS)).astype(np.float32)
    anchor = heard(views, {station: 5.0}, {})
    noisy = course(views.publish(*runs, anchor, replace(no_errors(views), reading=noise)), station, Variable.DISCHARGE)
    plain = course(views.publish(*runs, anchor, no_errors(views)), station, Variable.DISCHARGE)
    row = [s.station_id for s in views.stations].index(station)
    np.testing.assert_allclose(np.log(noisy / plain)[1], DISCHARGE_NOISE_SD * noise[row], atol=1e-5)


def test_the_models_own_error_comes_in_with_lead_and_is_there_at_once_where_nothing_is_heard(
    views: StationViews, runs: tuple[TwinRun, TwinRun]
) -> None:
    station = rated(views)
    wrong = replace(no_errors(views), model=np.ones((len(views.stations), MEMBERS), np.float32))
    for anchor, first in ((heard(views, {station: 5.0}, {}), 0.01), (silent(views), 1.0)):
        plain = course(views.publish(*runs, anchor, no_errors(views)), station, Variable.DISCHARGE)
        off = np.log(course(views.publish(*runs, anchor, wrong), station, Variable.DISCHARGE) / plain)
        np.testing.assert_allclose(off[1], first * MODEL_LOG_SD, rtol=0.05)
        assert off[-1].mean() > 0.6 * MODEL_LOG_SD


def test_a_pool_gauge_rises_by_a_part_of_the_change_of_depth(
    basin: Basin, twin: Twin, runs: tuple[TwinRun, TwinRun]
) -> None:
    station = next(i for i in basin.stations if i.startswith("G"))
    stations = {**basin.stations, station: replace(basin.stations[station], kind=StationKind.POOL)}
    views = StationViews(replace(basin, stations=stations), twin)
    anchor = heard(views, {}, {station: 1.2})
    flat, sloped = (
        course(
            views.publish(*runs, anchor, replace(no_errors(views), slope=np.full(MEMBERS, part, np.float32))),
            station,
            Variable.LEVEL,
        )
        for part in (0.0, 1.0)
    )
    # No weir of the model holds this pool: flat, it stays where it was read.
    np.testing.assert_allclose(flat, 1.2, atol=1e-5)
    node = basin.stations[station].node_id
    flow = np.concatenate((runs[0].discharge_at(node)[-1:], runs[1].discharge_at(node)))
    rising = np.sign(np.round(flow[-1] - flow[0], 3))
    assert (np.sign(np.round(sloped[-1] - 1.2, 3)) == rising).all()
    assert np.abs(sloped[-1] - 1.2).max() > 0.01
    silent_pool = views.publish(*runs, silent(views), no_errors(views))
    assert SeriesKey(station, Variable.LEVEL) not in silent_pool.keys


def test_the_anchor_is_the_newest_reading_and_knows_its_age(views: StationViews) -> None:
    shape = (4, len(views.stations))
    discharge, level = np.full(shape, np.nan), np.full(shape, np.nan)
    discharge[:3, 0] = (1.0, 2.0, 3.0)
    anchor = views.anchor(ObservedWater(discharge, level))
    assert (anchor.flow[0], anchor.age_h[0], anchor.at_step[0]) == (3.0, 0.25, 2)
    assert np.isnan(anchor.age_h[1])


def test_members_are_told_the_flow_that_their_own_rating_reads(basin: Basin, twin: Twin, views: StationViews) -> None:
    station = rated(views)
    row = [s.station_id for s in views.stations].index(station)
    level = np.full((1, len(views.stations)), np.nan)
    level[0, row] = 2.4
    told = views.assimilated(ObservedWater(np.full_like(level, np.nan), level), twin)
    expected = sampled_ratings(basin, twin.topology, twin.parameters)[station].discharge(np.array([2.4]))
    np.testing.assert_allclose(told.discharge_m3s[0, row], expected, rtol=1e-4)
    others = np.delete(told.discharge_m3s[0], row, axis=0)
    assert np.isnan(others).all()


def test_lake_levels_are_told_above_the_dams_datum(twin: Twin, views: StationViews) -> None:
    row = [s.station_id for s in views.stations].index("DAM")
    level = np.full((1, len(views.stations)), np.nan)
    level[0, row] = 301.0
    told = views.assimilated(ObservedWater(np.full_like(level, np.nan), level), twin)
    assert told.dam_ids == ("DAM",)
    assert told.dam_level_m is not None
    assert told.dam_level_m.tolist() == [[301.0]]


def test_the_outflow_of_a_lake_is_a_release_not_a_flow_to_nudge(twin: Twin, views: StationViews) -> None:
    shape = (2, len(views.stations))
    water = ObservedWater(np.full(shape, 4.0), np.full(shape, np.nan))
    water.discharge[0] = -1.0
    row = [s.station_id for s in views.stations].index("DAM")
    assert np.isnan(views.assimilated(water, twin).discharge_m3s[:, row]).all()
    outflow = views.outflows(water, twin)["DAM"]
    assert np.isnan(outflow[0])
    assert outflow[1] == 4.0
