"""The cycle: pure in time, store and configuration; honest where nothing is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from benchmarks.memory_store import MemoryStore
from domain.basin import Basin
from domain.errors import ModelError
from domain.event_pack import RainForecast
from domain.forecasts import LEAD_MINUTES, QUANTILE_LEVELS, ForecastIssue, ForecastKind
from domain.hourly import HourlyTable
from domain.readings import SeriesKey
from domain.variables import Variable
from forecast.analysis import MOST_CORRECTION, configuration_hash
from forecast.cycle import UPPER_BOUND, ForecastCycle, KnownStatements, RunStamp
from forecast.memory import Remembered
from twin.model import Twin
from twin.network import Topology
from twin.parameters import sample_parameters

from .conftest import BEGIN, MEMBERS

NOW = BEGIN + timedelta(hours=3)
MEDIAN = QUANTILE_LEVELS.index(0.5)


def quantiles(issue: ForecastIssue, station_id: str, variable: Variable = Variable.DISCHARGE) -> np.ndarray:
    return next(s.quantiles for s in issue.series if s.series == SeriesKey(station_id, variable))


def width(issue: ForecastIssue, station_id: str, lead_minutes: int) -> float:
    """Width of the 5-95 % band in the logarithm."""
    row = quantiles(issue, station_id)[LEAD_MINUTES.index(lead_minutes)]
    return float(np.log(row[-1] / row[0]))


def gauge(basin: Basin) -> str:
    return next(i for i in basin.stations if i.startswith("G"))


def everything(issue: ForecastIssue) -> bytes:
    arrays = [s.quantiles for s in issue.series] + [a for p in issue.peaks for a in (p.value, p.lead_minutes)]
    words = (issue.scheme, issue.label, issue.issued_at, [(c.probability, c.lead_minutes) for c in issue.crossings])
    return b"".join(a.tobytes() for a in arrays) + repr(words).encode()


def test_an_issue_is_whole(cycle: ForecastCycle, store: MemoryStore, observe: Callable[..., None]) -> None:
    observe(Variable.RAIN, 0.1, (0, 3))
    observe(Variable.DISCHARGE, 2.0, (0, 3))
    issue = cycle.run(NOW)
    assert (issue.issued_at, issue.kind, issue.members, issue.label) == (
        NOW,
        ForecastKind.ENSEMBLE,
        MEMBERS,
        "synthetic",
    )
    assert [s.series for s in issue.series] == [p.series for p in issue.peaks]
    assert all(np.isfinite(s.quantiles).all() and (np.diff(s.quantiles) >= 0).all() for s in issue.series)
    assert len(issue.crossings) == len(cycle.basin.thresholds)
    assert all(0.0 <= c.probability <= 1.0 for c in issue.crossings)
    assert store.issues[NOW, "ensemble"] is issue
    assert "no rain forecast known" in issue.scheme


def test_a_gauge_heard_binds_the_first_leads(cycle: ForecastCycle, basin: Basin, observe: Callable[..., None]) -> None:
    observe(Variable.RAIN, 0.0, (0, 3))
    observe(Variable.DISCHARGE, 2.0, (0, 3), gauge(basin))
    first = quantiles(cycle.run(NOW), gauge(basin))[0]
    assert first[MEDIAN] == pytest.approx(2.0, rel=0.05)


def test_silent_gauges_widen_the_band_and_are_told(
    basin: Basin, twin: Twin, cycle: ForecastCycle, observe: Callable[..., None]
) -> None:
    observe(Variable.RAIN, 0.0, (0, 3))
    silent = cycle.run(NOW)
    observe(Variable.DISCHARGE, 2.0, (0, 3), gauge(basin))
    heard = cycle.run(NOW)
    assert width(silent, gauge(basin), 15) > 3.0 * width(heard, gauge(basin), 15)
    assert "0 of 5 flow gauges heard" in silent.scheme
    assert "1 of 5 flow gauges heard" in heard.scheme


def test_without_any_rain_gauge_there_is_still_a_forecast(cycle: ForecastCycle) -> None:
    issue = cycle.run(NOW)
    assert "no rain gauge reported" in issue.scheme
    assert all(np.isfinite(s.quantiles).all() for s in issue.series)


def test_gauges_that_fail_in_a_storm_do_not_end_it(
    basin: Basin, twin: Twin, cycle: ForecastCycle, store: MemoryStore, observe: Callable[..., None]
) -> None:
    storm = RainForecast(
        BEGIN, "RMI", BEGIN, BEGIN + timedelta(hours=12), "all", None, 80.0, 120.0, None, "", "test", "high"
    )
    told = KnownStatements((storm,), {"all": tuple(basin.network.nodes)})
    later = BEGIN + timedelta(hours=12)
    blind = ForecastCycle(basin, twin, store, told, cycle.stamp).run(later)
    store.states = {key: state for key, state in store.states.items() if key[1] == BEGIN}
    observe(Variable.RAIN, 0.0, (0, 12))
    dry = ForecastCycle(basin, twin, store, told, cycle.stamp).run(later)
    assert quantiles(blind, gauge(basin))[0, MEDIAN] > 3.0 * quantiles(dry, gauge(basin))[0, MEDIAN]
    assert width(blind, gauge(basin), 15) > 1.2 * width(dry, gauge(basin), 15)


def test_the_same_store_gives_the_same_forecast(cycle: ForecastCycle, observe: Callable[..., None]) -> None:
    observe(Variable.RAIN, 0.4, (0, 3))
    assert everything(cycle.run(NOW)) == everything(cycle.run(NOW))


def test_going_step_by_step_or_at_once_gives_the_same_forecast(
    basin: Basin, twin: Twin, cycle: ForecastCycle, store: MemoryStore, observe: Callable[..., None]
) -> None:
    observe(Variable.RAIN, 0.4, (0, 3))
    observe(Variable.DISCHARGE, 2.0, (0, 3))
    at_once = cycle.run(NOW)
    again = ForecastCycle(basin, twin, store, KnownStatements(), cycle.stamp)
    for step in range(1, 13):
        by_step = again.run(BEGIN + timedelta(minutes=15 * step))
    assert everything(by_step) == everything(at_once)


def test_states_are_saved_on_the_hour(cycle: ForecastCycle, store: MemoryStore) -> None:
    cycle.run(BEGIN + timedelta(hours=2, minutes=30))
    assert sorted(at for _, at in store.states) == [BEGIN + timedelta(hours=h) for h in range(3)]


def test_late_readings_enter_from_where_the_caller_says(
    cycle: ForecastCycle, basin: Basin, store: MemoryStore, observe: Callable[..., None]
) -> None:
    observe(Variable.RAIN, 0.0, (0, 3))
    early = cycle.run(NOW)
    observe(Variable.DISCHARGE, 20.0, (0.5, 1.5), gauge(basin))
    unaware = cycle.run(NOW)
    aware = cycle.run(NOW, late_since=BEGIN + timedelta(minutes=45))
    assert everything(unaware) == everything(early)
    assert quantiles(aware, gauge(basin))[0, MEDIAN] > quantiles(early, gauge(basin))[0, MEDIAN]
    # The states on the way were written anew, so the next cycle knows too.
    assert everything(cycle.run(NOW)) == everything(aware)


def test_a_correction_is_carried_ahead_within_bounds(
    cycle: ForecastCycle, basin: Basin, observe: Callable[..., None]
) -> None:
    observe(Variable.RAIN, 0.0, (0, 3))
    observe(Variable.DISCHARGE, 300.0, (0, 3), gauge(basin))
    analysis = cycle.analyst.analyse(NOW, None)
    assert analysis.run.state.correction.max() > MOST_CORRECTION
    assert analysis.state_ahead.correction.max() == MOST_CORRECTION
    assert analysis.state_ahead.volume_m3 is analysis.run.state.volume_m3


def test_a_dam_that_was_seen_to_release_goes_on_for_hours_then_some_members_follow_the_rule(
    cycle: ForecastCycle, observe: Callable[..., None]
) -> None:
    observe(Variable.RAIN, 0.0, (0, 3))
    observe(Variable.DISCHARGE, 1.0, (0, 3), "DAM")
    issue = cycle.run(NOW)
    early = quantiles(issue, "DAM")[LEAD_MINUTES.index(660)]
    late = quantiles(issue, "DAM")[LEAD_MINUTES.index(1440)]
    assert early[MEDIAN] == pytest.approx(1.0, rel=0.2)
    # Those that follow the rule let out a fifth of the mean flow, the others what they did.
    assert late[0] < 0.5
    assert late[-1] > 0.8


def test_perfect_rain_is_labelled_and_wetter_when_it_rained(
    cycle: ForecastCycle, basin: Basin, observe: Callable[..., None]
) -> None:
    observe(Variable.RAIN, 0.0, (0, 3))
    hours = tuple(NOW + timedelta(hours=h + 1) for h in range(24))
    ids = tuple(s.station_id for s in basin.stations.values() if Variable.RAIN in s.variables)
    rain = HourlyTable(hours, ids, np.full((24, len(ids)), 6.0))
    known, perfect = cycle.run(NOW), cycle.run_perfect(NOW, rain)
    assert perfect.kind is ForecastKind.PERFECT_RAIN
    assert perfect.label == f"synthetic. {UPPER_BOUND}"
    assert "rain of the coming 24 h" in perfect.scheme
    lead = LEAD_MINUTES.index(1440)
    assert quantiles(perfect, gauge(basin))[lead, 0] > quantiles(known, gauge(basin))[lead, MEDIAN]


def test_a_rain_forecast_known_now_lifts_the_band(
    basin: Basin, twin: Twin, cycle: ForecastCycle, store: MemoryStore, observe: Callable[..., None]
) -> None:
    observe(Variable.RAIN, 0.0, (0, 3))
    known = RainForecast(NOW, "RMI", NOW, NOW + timedelta(hours=24), "all", None, 80.0, 120.0, None, "", "test", "high")
    later = replace(known, issued_at=NOW + timedelta(minutes=1))
    areas = {"all": tuple(basin.network.nodes)}
    before, told, unaware = (
        ForecastCycle(basin, twin, store, KnownStatements(forecasts, areas), cycle.stamp).run(NOW)
        for forecasts in ((), (known,), (later,))
    )
    lead = LEAD_MINUTES.index(1440)
    assert quantiles(told, gauge(basin))[lead, MEDIAN] > 3.0 * quantiles(before, gauge(basin))[lead, MEDIAN]
    assert everything(unaware) == everything(before)
    assert "RMI amounts of 10 Jul 03:00Z" in told.scheme


def test_warm_up_ends_in_a_saved_state_and_is_done_once(cycle: ForecastCycle, basin: Basin, store: MemoryStore) -> None:
    hours = tuple(BEGIN - timedelta(hours=239 - h) for h in range(240))
    rain_ids = tuple(s.station_id for s in basin.stations.values() if Variable.RAIN in s.variables)
    store.states.clear()
    rain = HourlyTable(hours, rain_ids, np.full((240, len(rain_ids)), 0.1))
    inflow = HourlyTable(hours, cycle.twin.inflow_ids, np.full((240, len(cycle.twin.inflow_ids)), 1.0))
    state = cycle.warm_up(rain, inflow)
    assert state.valid_at == BEGIN
    saved = store.newest_state(cycle.configuration_hash, BEGIN)
    assert saved is not None
    assert Remembered.from_bytes(saved.blob).state.to_bytes() == state.to_bytes()
    wetter = replace(rain, values=rain.values + 1.0)
    assert cycle.warm_up(wetter, inflow).to_bytes() == state.to_bytes()
    cycle.run(NOW)


def test_warm_up_refuses_histories_that_do_not_match(cycle: ForecastCycle) -> None:
    hours = (BEGIN, BEGIN + timedelta(hours=1))
    with pytest.raises(ModelError, match="same hours"):
        cycle.warm_up(HourlyTable(hours, (), np.empty((2, 0))), HourlyTable(hours[:1], (), np.empty((1, 0))))


def test_a_cycle_begins_from_ordinary_weather_where_no_state_is(cycle: ForecastCycle, store: MemoryStore) -> None:
    store.states.clear()
    cycle.ensure_state(NOW - timedelta(minutes=15))
    begin = NOW - timedelta(hours=1)
    assert [at for _, at in store.states] == [begin]
    cycle.run(NOW)
    saved = dict(store.states)
    cycle.ensure_state(NOW)
    assert store.states == saved
    cycle.ensure_state(NOW + timedelta(days=11))
    assert max(at for _, at in store.states) == NOW + timedelta(days=11)


def test_without_a_state_a_warm_up_is_asked_for(cycle: ForecastCycle, store: MemoryStore) -> None:
    store.states.clear()
    with pytest.raises(ModelError, match="warm-up is needed"):
        cycle.run(NOW)


def test_a_state_of_another_configuration_is_not_used(basin: Basin, twin: Twin, cycle: ForecastCycle) -> None:
    other = Twin(basin, sample_parameters(Topology.of(basin), MEMBERS, seed=6))
    assert configuration_hash(basin, other) != cycle.configuration_hash
    rewidened = replace(basin, ratings=[replace(r, sd_relative=0.5) for r in basin.ratings])
    assert configuration_hash(rewidened, twin) != cycle.configuration_hash
    assert configuration_hash(basin, twin) == cycle.configuration_hash


def test_a_step_that_is_not_finite_leaves_everything_as_it_was(
    cycle: ForecastCycle, twin: Twin, store: MemoryStore
) -> None:
    broken = twin.cold_state(BEGIN)
    broken.volume_m3[:] = np.nan
    cycle.analyst.begin_from(broken)
    with pytest.raises(ModelError, match="not finite"):
        cycle.run(NOW)
    assert list(store.states) == [(cycle.configuration_hash, BEGIN)]
    assert store.issues == {}


@pytest.mark.parametrize("now", [NOW + timedelta(minutes=1), NOW.replace(tzinfo=None)])
def test_issue_times_are_aware_full_quarters(cycle: ForecastCycle, now: datetime) -> None:
    with pytest.raises(ValueError, match=r"quarter of an hour|without zone"):
        cycle.run(now)


def test_the_label_is_the_runs_own(basin: Basin, twin: Twin, cycle: ForecastCycle, store: MemoryStore) -> None:
    live = ForecastCycle(basin, twin, store, KnownStatements(), RunStamp("v1"))
    issue = live.run(NOW)
    assert (issue.label, issue.code_version) == ("", "v1")
