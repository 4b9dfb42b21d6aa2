"""Windows of observations, model states and forecasts, on both kinds of database."""

from __future__ import annotations

import numpy as np
import pytest

from domain.basin import Phase
from domain.forecasts import LEAD_MINUTES, QUANTILE_LEVELS, Crossing, ForecastKind
from domain.readings import Flag, Quality, SeriesKey
from domain.records import IssueStamp, SavedState
from domain.variables import Variable
from store.alerts import AlertRepository
from store.connection import Database
from store.forecasts import ForecastRepository
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at, issue, observed, threshold

STATION = LEVEL.station_id


def window(database: Database, variable: Variable, after: float, until: float) -> list[float]:
    found = ForecastRepository(database).observed_window(variable, [STATION], at(after), at(until), 900)
    assert found.times[-1] == at(until)
    return [float(value) for value in found.values[:, 0]]


def test_value_stands_at_the_grid_time_at_or_just_after_it(any_database: Database) -> None:
    batch = [observed(0, 9.0), observed(0.1, 1.0), observed(15, 2.0), observed(16, 3.0), observed(29, 4.0)]
    ReadingRepository(any_database).commit_batch(batch, [], [], at(30))
    np.testing.assert_array_equal(window(any_database, Variable.LEVEL, 0, 45), [2.0, 4.0, np.nan])


def test_only_good_values_are_usable(any_database: Database) -> None:
    batch = [
        observed(15, 1.0, quality=Quality(Flag.SUSPECT, "rate_of_rise")),
        observed(30, None, quality=Quality(Flag.MISSING, "no_value")),
        observed(45, 3.0),
    ]
    ReadingRepository(any_database).commit_batch(batch, [], [], at(45))
    np.testing.assert_array_equal(window(any_database, Variable.LEVEL, 0, 45), [np.nan, np.nan, 3.0])


def test_rain_inside_one_step_adds_up(any_database: Database) -> None:
    rain = SeriesKey(STATION, Variable.RAIN)
    batch = [observed(minute, 0.5, series=rain) for minute in (5, 10, 15, 20)]
    ReadingRepository(any_database).commit_batch(batch, [], [], at(30))
    np.testing.assert_array_equal(window(any_database, Variable.RAIN, 0, 45), [1.5, 0.5, np.nan])


def test_unknown_stations_and_empty_windows_are_all_missing(any_database: Database) -> None:
    found = ForecastRepository(any_database).observed_window(Variable.LEVEL, ["A", "B"], at(0), at(30), 900)
    assert found.station_ids == ("A", "B")
    assert found.values.shape == (2, 2)
    assert np.isnan(found.values).all()
    empty = ForecastRepository(any_database).observed_window(Variable.LEVEL, ["A"], at(30), at(30), 900)
    assert empty.values.shape == (0, 1)


def test_a_second_source_of_a_station_is_not_mixed_in(any_database: Database) -> None:
    camera = SeriesKey(STATION, Variable.LEVEL, "camera")
    ReadingRepository(any_database).commit_batch([observed(15, 9.0, series=camera)], [], [], at(15))
    assert np.isnan(window(any_database, Variable.LEVEL, 0, 15)).all()


def test_forecast_comes_back_as_it_was_saved(any_database: Database) -> None:
    crossings = [Crossing(threshold(), 0.4, (60.0, 90.0, 120.0)), Crossing(threshold(phase=Phase.PRE_ALERT), 0.0, None)]
    saved = issue([STATION, "OUR_HAMOIR"], crossings=crossings)
    ForecastRepository(any_database).save_forecast(saved)
    found = Queries(any_database).station_forecast(LEVEL, ForecastKind.ENSEMBLE, None)
    assert found is not None
    np.testing.assert_array_equal(found.quantiles, saved.series[0].quantiles)
    np.testing.assert_array_equal(found.peak_value, saved.peaks[0].value)
    np.testing.assert_array_equal(found.peak_lead_minutes, saved.peaks[0].lead_minutes)
    assert (found.lead_minutes, found.quantile_levels) == (LEAD_MINUTES, QUANTILE_LEVELS)
    assert (found.issued_at, found.scheme, found.label, found.members) == (at(0), "test", "made up", 50)
    issued_at, newest = AlertRepository(any_database).newest_crossings(ForecastKind.ENSEMBLE)
    assert issued_at == at(0)
    assert [crossing.threshold for crossing in newest] == [threshold(), threshold(phase=Phase.PRE_ALERT)]
    assert newest[0].probability == pytest.approx(0.4)
    assert [crossing.lead_minutes for crossing in newest] == [(60.0, 90.0, 120.0), None]
    assert found.crossings == newest


def test_same_issue_time_and_kind_replaces_the_older_run(any_database: Database) -> None:
    repository = ForecastRepository(any_database)
    first = repository.save_forecast(issue([STATION], seed=1, crossings=[Crossing(threshold(), 0.1, None)]))
    second = repository.save_forecast(issue([STATION], seed=2))
    assert second > first
    assert AlertRepository(any_database).newest_crossings(ForecastKind.ENSEMBLE) == (at(0), [])
    with any_database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM forecast_series").fetchone() == (1,)


def test_issues_are_found_by_time_and_kind(any_database: Database) -> None:
    repository = ForecastRepository(any_database)
    queries = Queries(any_database)
    assert queries.newest_issue(ForecastKind.ENSEMBLE) is None
    assert queries.station_forecast(LEVEL, ForecastKind.ENSEMBLE, None) is None
    for minutes in (15, 0):
        repository.save_forecast(issue([STATION], minutes=minutes, seed=int(minutes)))
    assert queries.newest_issue(ForecastKind.ENSEMBLE) == IssueStamp(at(15), "made up")
    assert queries.newest_issue(ForecastKind.PERFECT_RAIN) is None
    assert AlertRepository(any_database).newest_crossings(ForecastKind.PERFECT_RAIN) == (None, ())
    older = queries.station_forecast(LEVEL, ForecastKind.ENSEMBLE, at(0))
    assert older is not None
    assert older.issued_at == at(0)
    assert queries.station_forecast(LEVEL, ForecastKind.ENSEMBLE, at(1)) is None


def test_peaks_of_other_series_are_refused(any_database: Database) -> None:
    whole = issue([STATION, "OUR_HAMOIR"])
    object.__setattr__(whole, "peaks", whole.peaks[:1])
    with pytest.raises(ValueError, match="one peak for each series"):
        ForecastRepository(any_database).save_forecast(whole)
    assert Queries(any_database).newest_issue(ForecastKind.ENSEMBLE) is None


def test_array_of_another_shape_is_refused(any_database: Database) -> None:
    whole = issue([STATION])
    object.__setattr__(whole.series[0], "quantiles", whole.series[0].quantiles.T)
    with pytest.raises(ValueError, match="shape"):
        ForecastRepository(any_database).save_forecast(whole)
    assert Queries(any_database).newest_issue(ForecastKind.ENSEMBLE) is None


def test_newest_state_of_a_configuration_until_an_instant(any_database: Database) -> None:
    repository = ForecastRepository(any_database)
    for minutes in (0, 360, 720):
        repository.save_state(SavedState(at(minutes), "1", "a", 7, bytes([minutes % 251])))
    repository.save_state(SavedState(at(360), "1", "b", 8, b"other"))
    assert repository.newest_state("a", at(719)) == SavedState(at(360), "1", "a", 7, bytes([360 % 251]))
    assert repository.newest_state("a", at(-1)) is None
    repository.save_state(SavedState(at(360), "2", "a", 9, b"again"))
    assert repository.newest_state("a", at(360)) == SavedState(at(360), "2", "a", 9, b"again")


def test_states_older_than_a_week_go(any_database: Database) -> None:
    repository = ForecastRepository(any_database)
    repository.save_state(SavedState(at(0), "1", "a", 7, b"old"))
    repository.save_state(SavedState(at(7 * 1440), "1", "a", 7, b"week"))
    assert repository.newest_state("a", at(60)) is not None
    repository.save_state(SavedState(at(7 * 1440 + 1), "1", "a", 7, b"later"))
    assert repository.newest_state("a", at(60)) is None
