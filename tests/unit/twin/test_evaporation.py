from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from twin.evaporation import potential_evaporation_mm


def times(begin: datetime, step_s: int, count: int) -> list[datetime]:
    return [begin + timedelta(seconds=step_s * (k + 1)) for k in range(count)]


def test_year_and_seasons_are_those_of_the_region() -> None:
    year = potential_evaporation_mm(times(datetime(2021, 1, 1, tzinfo=UTC), 3600, 8760), 3600)
    assert 550 < year.sum() < 680
    days = year.reshape(365, 24).sum(axis=1)
    assert days[15] < 0.4
    assert 3.0 < days[190] < 4.5


def test_oudin_at_a_known_day() -> None:
    """21 June at 50.4 N: Re = 41.9 MJ/m2/d (FAO 56, table 2.6: 41.7 at 50 N), so 15 degC give 3.42 mm."""
    day = times(datetime(2021, 6, 21, tzinfo=UTC), 3600, 24)
    given = potential_evaporation_mm(day, 3600, air_temperature_degc=np.full(24, 15.0)).sum()
    assert given == pytest.approx(0.408 * 41.8 * 20 / 100, rel=0.01)


def test_step_length_does_not_change_the_sum() -> None:
    begin = datetime(2021, 4, 3, tzinfo=UTC)
    hourly = potential_evaporation_mm(times(begin, 3600, 48), 3600)
    fine = potential_evaporation_mm(times(begin, 900, 192), 900)
    np.testing.assert_allclose(fine.reshape(48, 4).sum(axis=1), hourly, atol=1e-6)


def test_night_and_frost_evaporate_nothing() -> None:
    night = potential_evaporation_mm([datetime(2021, 6, 21, 1, tzinfo=UTC)], 3600)
    assert night[0] == 0.0
    noon = [datetime(2021, 1, 15, 12, tzinfo=UTC)]
    assert potential_evaporation_mm(noon, 3600, air_temperature_degc=np.array([-8.0]))[0] == 0.0


def test_a_missing_temperature_falls_back_on_the_climatology() -> None:
    noon = [datetime(2021, 7, 15, 12, tzinfo=UTC)]
    missing = potential_evaporation_mm(noon, 3600, air_temperature_degc=np.array([np.nan]))
    assert missing[0] == potential_evaporation_mm(noon, 3600)[0] > 0


def test_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="without zone"):
        potential_evaporation_mm([datetime(2021, 7, 15, 12)], 3600)  # noqa: DTZ001 - the fault under test
    with pytest.raises(ValueError, match="positive"):
        potential_evaporation_mm([], 0)
