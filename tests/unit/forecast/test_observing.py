"""Which station tells the model what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks.memory_store import MemoryStore
from domain.basin import Basin, RiverNetwork, StationKind
from domain.variables import Variable
from forecast.observing import Gauging, ObservedWater, observed_flow, observed_rain, observed_water

NOW = datetime(2021, 7, 14, tzinfo=UTC)


def with_station(basin: Basin, station_id: str, **changes: object) -> Basin:
    stations = {**basin.stations, station_id: replace(basin.stations[station_id], **changes)}
    return replace(basin, stations=stations)


def water(gauging: Gauging, discharge: float, level: float) -> ObservedWater:
    shape = (1, len(gauging.water_stations))
    return ObservedWater(np.full(shape, discharge), np.full(shape, level))


def gauge(basin: Basin) -> str:
    return next(s.station_id for s in basin.stations.values() if s.kind is StationKind.RIVER)


def test_published_discharge_goes_before_level(basin: Basin) -> None:
    gauging = Gauging(basin)
    assert (observed_flow(water(gauging, 7.0, 2.0), gauging) == 7.0).all()


def test_a_negative_flow_tells_nothing(basin: Basin) -> None:
    gauging = Gauging(basin)
    assert np.isnan(observed_flow(water(gauging, -3.0, np.nan), gauging)).all()


def test_a_well_founded_rating_corrects_a_discharge_that_was_not_made_of_its_level(basin: Basin) -> None:
    station = gauge(basin)
    column = [s.station_id for s in Gauging(basin).water_stations].index(station)
    founded = replace(basin, ratings=[replace(r, confidence="medium") for r in basin.ratings])
    rating = founded.rating_of[station]
    rated = rating.a * (2.0 - rating.h0_m) ** rating.b
    gauging = Gauging(founded)
    assert observed_flow(water(gauging, 1.2 * rated, 2.0), gauging)[0, column] == pytest.approx(1.2 * rated)
    assert observed_flow(water(gauging, 2.0 * rated, 2.0), gauging)[0, column] == pytest.approx(rated)
    # An estimated one does not: the operator knows better.
    gauging = Gauging(basin)
    assert observed_flow(water(gauging, 2.0 * rated, 2.0), gauging)[0, column] == pytest.approx(2.0 * rated)


def test_level_stands_in_through_the_rating(basin: Basin) -> None:
    gauging, station = Gauging(basin), gauge(basin)
    rating = basin.rating_of[station]
    column = [s.station_id for s in gauging.water_stations].index(station)
    found = observed_flow(water(gauging, np.nan, 1.2), gauging)[0, column]
    assert found == pytest.approx(rating.a * (1.2 - rating.h0_m) ** rating.b)


def test_pool_and_lake_levels_never_go_through_a_rating(basin: Basin) -> None:
    station = gauge(basin)
    pooled = with_station(basin, station, kind=StationKind.POOL)
    gauging = Gauging(pooled)
    column = [s.station_id for s in gauging.water_stations].index(station)
    assert np.isnan(observed_flow(water(gauging, np.nan, 1.2), gauging)[0, column])
    lake = [s.kind for s in gauging.water_stations].index(StationKind.DAM)
    assert np.isnan(observed_flow(water(gauging, np.nan, 300.0), gauging)[0, lake])


def test_windows_arrive_by_station_and_time(basin: Basin, store: MemoryStore) -> None:
    gauging, station = Gauging(basin), gauge(basin)
    store.add(Variable.DISCHARGE, station, NOW - timedelta(minutes=15), 3.0)
    store.add(Variable.LEVEL, station, NOW, 0.5)
    store.add(Variable.LEVEL, station, NOW + timedelta(seconds=1), 9.0)
    found = observed_water(store, gauging, NOW - timedelta(minutes=30), NOW)
    column = [s.station_id for s in gauging.water_stations].index(station)
    assert found.discharge.shape == (2, len(gauging.water_stations))
    assert found.discharge[0, column] == 3.0
    assert found.level[1, column] == 0.5
    assert np.isfinite(found.discharge).sum() + np.isfinite(found.level).sum() == 2


def test_hourly_rain_gauges_are_spread(basin: Basin, store: MemoryStore) -> None:
    hourly = with_station(basin, "R0", interval_s=3600)
    store.add(Variable.RAIN, "R0", NOW, 4.0)
    store.add(Variable.RAIN, "R1", NOW, 4.0)
    rain = observed_rain(store, ("R0", "R1"), hourly, (NOW - timedelta(hours=1), NOW))
    assert rain[:, 0].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert np.isnan(rain[:3, 1]).all()
    assert rain[3, 1] == 4.0


def test_a_border_without_its_own_gauge_takes_the_next_one_below(basin: Basin) -> None:
    nodes = basin.network.nodes
    border = next(n for n in nodes.values() if n.role.value == "inflow")
    below = basin.network.path_down(border.node_id)[1]
    station = gauge(basin)
    moved = with_station(basin, station, node_id=below)
    large = {**nodes, border.node_id: replace(border, catchment_area_km2=0.9 * nodes[below].catchment_area_km2)}
    near = replace(moved, network=RiverNetwork(large, basin.network.reaches))
    source = Gauging(near).border_source(border.node_id)
    assert source.station_id == station
    assert source.factor == pytest.approx(0.9)


def test_a_border_that_nothing_near_measures_is_known_by_its_mean(basin: Basin) -> None:
    border = next(n for n in basin.network.nodes.values() if n.role.value == "inflow")
    source = Gauging(basin).border_source(border.node_id)
    assert source.station_id is None
    assert source.mean_m3s == border.mean_discharge_m3s
