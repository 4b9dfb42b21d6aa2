"""Hyetographs, climatology, displacement and border flows: shapes, sums and spread."""

from datetime import UTC, datetime

import numpy as np
import pytest

from forecast.boundary import BorderFlow, border_flow, border_members
from forecast.climatology import climatology_members, wet_hours
from forecast.displacement import EDGE_KM, RainGeography, build_geography, positions_km, rain_zones
from forecast.hyetographs import draw_storms, unit_hyetographs

NOW = datetime(2021, 7, 13, 12, tzinfo=UTC)


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def full(value: float, members: int = 50) -> np.ndarray:
    return np.full(members, value)


# --- hyetographs


def test_a_window_within_the_horizon_gets_its_whole_total() -> None:
    plan = draw_storms(rng(), 50, 192)
    shares = unit_hyetographs(plan, full(40.0), full(120.0))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    assert (shares >= 0.0).all()


def test_a_window_past_the_horizon_leaves_rain_for_later() -> None:
    plan = draw_storms(rng(), 200, 192)
    shares = unit_hyetographs(plan, full(0.0, 200), full(384.0, 200)).sum(axis=1)
    assert shares.max() <= 1.0
    assert 0.35 < shares.mean() < 0.65


def test_storms_are_no_drizzle() -> None:
    plan = draw_storms(rng(), 50, 192)
    shares = unit_hyetographs(plan, full(0.0), full(192.0))
    hourly = shares.reshape(50, 48, 4).sum(axis=2)
    # A uniform drizzle would put 2 % of the total into every hour.
    assert np.median(hourly.max(axis=1)) > 0.05


def test_timing_errors_differ_among_members() -> None:
    plan = draw_storms(rng(), 200, 192)
    start = np.argmax(unit_hyetographs(plan, full(80.0, 200), full(160.0, 200)) > 0.0, axis=1)
    assert 8.0 < start.std() < 16.0


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="end after it starts"):
        unit_hyetographs(draw_storms(rng(), 2, 10), full(5.0, 2), full(5.0, 2))


# --- climatology


def test_climatology_keeps_the_stated_wet_hours() -> None:
    rain = climatology_members(rng(), NOW, 192, 4000, raining=False)
    wetting = rain[np.arange(4000) % 10 != 0]
    season = wet_hours(NOW)
    # From dry weather the chain needs some hours to reach its share; the second day has it.
    second_day = wetting[:, 96:].reshape(len(wetting), 24, 4).sum(axis=2)
    assert (second_day > 0.0).mean() == pytest.approx(season.share, rel=0.06)
    assert second_day[second_day > 0.0].mean() == pytest.approx(season.mean_mm, rel=0.06)


def test_every_tenth_member_stays_dry() -> None:
    rain = climatology_members(rng(), NOW, 192, 50, raining=True)
    assert (rain[::10] == 0.0).all()
    assert rain.sum() > 0.0


def test_rain_now_makes_the_first_hours_wetter() -> None:
    wet = climatology_members(rng(), NOW, 8, 2000, raining=True).sum()
    dry = climatology_members(rng(), NOW, 8, 2000, raining=False).sum()
    assert wet > 3.0 * dry


# --- displacement


def geography() -> tuple[RainGeography, tuple[str, ...], np.ndarray]:
    """Two areas side by side, 40 km each, cut at x = 0."""
    x, y = np.meshgrid(np.linspace(-40.0, 40.0, 17), np.linspace(-20.0, 20.0, 9))
    places = np.stack((x.ravel(), y.ravel()), axis=1)
    ids = tuple(f"n{i}" for i in range(len(places)))
    areas = {
        "west": [i for i, p in zip(ids, places, strict=True) if p[0] < 0.0],
        "east": [i for i, p in zip(ids, places, strict=True) if p[0] >= 0.0],
    }
    return build_geography(rain_zones(places), ids, areas), ids, places


def test_areas_share_every_catchment() -> None:
    found, _, _ = geography()
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-5)


def test_edges_are_soft_and_move() -> None:
    found, _, places = geography()
    west = found.weights[:, found.areas.index("west")]
    centre = np.argmin(np.abs(places + np.array([EDGE_KM * 4.0, 0.0])).sum(axis=1))
    edge = np.argmin(np.abs(places).sum(axis=1))
    assert west[0, centre] > 0.9  # the first shift is small
    assert 0.2 < west[0, edge] < 0.8
    assert west[:, edge].min() < 0.1
    assert west[:, edge].max() > 0.9


def test_the_local_field_is_standard_normal_and_smooth() -> None:
    found, _, places = geography()
    field = found.local_field(rng(), 4000)
    np.testing.assert_allclose(field.std(axis=0), 1.0, atol=0.06)
    near = np.corrcoef(field[:, 0], field[:, 1])[0, 1]
    far = np.corrcoef(field[:, 0], field[:, -1])[0, 1]
    assert near > 0.8
    assert abs(far) < 0.2
    assert len(places) == field.shape[1]


def test_nodes_without_catchment_are_passed_over() -> None:
    found = build_geography(
        rain_zones(positions_km([50.0, 50.1], [5.0, 5.1])), ("a", "b"), {"all": ["a", "b", "elsewhere"]}
    )
    np.testing.assert_allclose(found.weights, 1.0)


def test_an_area_without_any_catchment_is_read_by_nobody() -> None:
    found = build_geography(rain_zones(positions_km([50.0, 50.1], [5.0, 5.1])), ("a", "b"), {"sea": ["elsewhere"]})
    assert found.weights.max() == 0.0


def test_a_fine_network_is_gathered_into_zones() -> None:
    places = rng().uniform(0.0, 100.0, (3000, 2))
    zones = rain_zones(places)
    assert 200 < len(zones.positions) <= 500
    own = zones.positions[zones.zone_of]
    assert np.abs(own - places).max() < 6.0
    found = build_geography(zones, [f"n{i}" for i in range(3000)], {"all": [f"n{i}" for i in range(0, 3000, 2)]})
    assert found.membership.mean() == pytest.approx(0.5, abs=0.05)


# --- border flows


def test_a_border_starts_at_its_last_value_and_spreads() -> None:
    flow = border_members(rng(), BorderFlow(100.0, 0.0, 0.0, 50.0), 192, 2000)
    spread = np.log(flow).std(axis=1)
    assert np.median(flow[0]) == pytest.approx(100.0, rel=0.02)
    assert spread[0] < 0.1
    assert spread[-1] > 0.3
    assert (np.diff(spread[::24]) > 0.0).all()


def test_a_silent_border_is_wide_from_the_start_and_never_zero() -> None:
    fresh = border_members(rng(), BorderFlow(100.0, 0.0, 0.0, 50.0), 192, 2000)
    silent = border_members(rng(), BorderFlow(100.0, 24.0, 0.0, 50.0), 192, 2000)
    unseen = border_members(rng(), BorderFlow(None, 0.0, 0.0, 50.0), 192, 2000)
    widths = [np.log(flow[0]).std() for flow in (fresh, silent, unseen)]
    assert widths[0] < widths[1] < widths[2]
    assert min(flow.min() for flow in (fresh, silent, unseen)) > 0.0


def test_a_rising_border_rises_on_for_some_hours() -> None:
    values = 100.0 * np.exp(0.05 * np.arange(48) * 0.25)
    border = border_flow(values, 50.0)
    assert border.trend_per_h == pytest.approx(0.05)
    flow = np.median(border_members(rng(), border, 192, 2000), axis=1)
    assert flow[23] > 1.2 * values[-1]
    assert flow[-1] < 1.6 * values[-1]


def test_the_age_of_a_border_value_is_seen() -> None:
    values = np.full(97, np.nan)
    values[:49] = 80.0
    border = border_flow(values, 50.0)
    assert (border.flow_m3s, border.age_h, border.trend_per_h) == (80.0, 12.0, pytest.approx(0.0))


def test_a_border_without_any_value() -> None:
    assert border_flow(np.full(10, np.nan), 50.0).flow_m3s is None
