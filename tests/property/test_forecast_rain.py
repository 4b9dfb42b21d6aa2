"""Rain members of any set of statements: finite, never negative, silent about what is not known yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event_pack import RainForecast
from forecast.displacement import build_geography, rain_zones
from forecast.rain_members import PastRain, draw_rain

NOW = datetime(2021, 7, 14, 6, tzinfo=UTC)
PLACES = np.random.default_rng(5).uniform(0.0, 80.0, (24, 2))
IDS = tuple(f"n{i}" for i in range(24))
AREAS = {"west": IDS[:12], "east": IDS[12:], "all": IDS, "unknown": ("elsewhere",)}
GEOGRAPHY = build_geography(rain_zones(PLACES), IDS, AREAS)

amount = st.one_of(st.none(), st.floats(0.0, 200.0))


@st.composite
def statements(draw: st.DrawFn) -> RainForecast:
    begin = draw(st.integers(-120, 72))
    low = draw(amount)
    high = None if low is None and draw(st.booleans()) else draw(st.one_of(st.none(), st.floats(low or 0.0, 300.0)))
    return RainForecast(
        issued_at=NOW + timedelta(hours=draw(st.integers(-72, 24))),
        provider=draw(st.sampled_from(["RMI", "EFAS", "ELSE"])),
        valid_from=NOW + timedelta(hours=begin),
        valid_until=NOW + timedelta(hours=begin + draw(st.integers(1, 200))),
        area=draw(st.sampled_from([*AREAS, "nowhere"])),
        accumulation_h=draw(st.one_of(st.none(), st.floats(1.0, 72.0))),
        total_low_mm=low,
        total_high_mm=high,
        probability=draw(st.one_of(st.none(), st.floats(0.01, 1.0))),
        statement="",
        source="test",
        confidence="high",
    )


def draw_members(said: list[RainForecast], fallen: float) -> np.ndarray:
    past = PastRain(np.full((48, len(IDS)), fallen))
    return draw_rain(np.random.default_rng(1), NOW, (192, 20), GEOGRAPHY, said, past).mm


@settings(max_examples=60, deadline=None)
@given(st.lists(statements(), max_size=8), st.floats(0.0, 5.0))
def test_rain_is_finite_and_never_negative(said: list[RainForecast], fallen: float) -> None:
    rain = draw_members(said, fallen)
    assert rain.shape == (192, len(IDS), 20)
    assert np.isfinite(rain).all()
    assert (rain >= 0.0).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(statements(), max_size=8), st.floats(0.0, 5.0))
def test_statements_of_the_future_do_not_enter(said: list[RainForecast], fallen: float) -> None:
    known = [s for s in said if s.issued_at <= NOW]
    np.testing.assert_array_equal(draw_members(said, fallen), draw_members(known, fallen))


@settings(max_examples=30, deadline=None)
@given(st.permutations([0, 1, 2, 3]))
def test_the_order_in_which_statements_are_kept_does_not_matter(order: list[int]) -> None:
    said = [
        RainForecast(
            NOW - timedelta(hours=h), who, NOW, NOW + timedelta(hours=30), area, None, low, 2 * low, None, "", "", ""
        )
        for h, who, area, low in ((1, "RMI", "west", 20.0), (2, "RMI", "east", 30.0), (3, "ELSE", "all", 50.0))
    ]
    said.append(RainForecast(NOW, "EFAS", NOW, NOW + timedelta(hours=90), "all", None, None, None, 0.5, "", "", ""))
    np.testing.assert_array_equal(draw_members([said[i] for i in order], 0.1), draw_members(said, 0.1))
