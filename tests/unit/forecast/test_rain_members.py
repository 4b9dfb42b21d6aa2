"""Rain members drawn from statements: amounts, elapsed windows, warnings, persistence, silence."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.event_pack import RainForecast
from forecast.displacement import RainGeography, RainZones, build_geography
from forecast.rain_members import PastRain, RainMembers, draw_rain

NOW = datetime(2021, 7, 13, 12, tzinfo=UTC)
MEMBERS = 400
STEPS = 192
IDS = tuple(f"n{i}" for i in range(40))
# West and east are so far apart that no displacement mixes them.
PLACES = np.array([[(-300.0 if i < 20 else 300.0) + 5.0 * (i % 20 % 5), 5.0 * (i % 20 // 5)] for i in range(40)])
AREAS = {"west": IDS[:20], "east": IDS[20:], "all": IDS}
WEST, EAST = slice(0, 20), slice(20, 40)


@pytest.fixture(scope="module")
def geography() -> RainGeography:
    return build_geography(RainZones(PLACES, np.arange(len(IDS), dtype=np.int32)), IDS, AREAS)


def statement(
    area: str,
    totals: tuple[float | None, float | None],
    window_h: tuple[float, float] = (0.0, 40.0),
    provider: str = "RMI",
    issued_h: float = -1.0,
    probability: float | None = None,
    accumulation_h: float | None = None,
) -> RainForecast:
    hours = [NOW + timedelta(hours=h) for h in (issued_h, *window_h)]
    return RainForecast(
        hours[0], provider, hours[1], hours[2], area, accumulation_h, *totals, probability, "", "test", "high"
    )


def past(mm_per_h: float = 0.0, hours: int = 48) -> PastRain:
    return PastRain(np.full((hours * 4, len(IDS)), mm_per_h / 4.0))


def draw(geography: RainGeography, *statements: RainForecast, fallen: PastRain | None = None) -> RainMembers:
    rng = np.random.default_rng([3, 7])
    return draw_rain(rng, NOW, (STEPS, MEMBERS), geography, statements, fallen or past())


def areal_total(rain: RainMembers, part: slice) -> np.ndarray:
    return np.asarray(rain.mm.sum(axis=0)[part].mean(axis=0))


def test_members_spread_about_the_stated_amounts(geography: RainGeography) -> None:
    rain = draw(geography, statement("west", (80.0, 150.0)))
    totals = areal_total(rain, WEST)
    # 80 to 150 mm is the 10-90 % range about 110 mm; timing errors let a little fall beyond, the amount
    # error and the local field widen it.
    assert 85.0 < np.median(totals) < 120.0
    assert np.quantile(totals, 0.1) < 80.0
    assert np.quantile(totals, 0.9) > 140.0
    assert np.median(areal_total(rain, EAST)) < 10.0


def test_rain_is_finite_and_never_negative(geography: RainGeography) -> None:
    rain = draw(geography, statement("west", (80.0, 150.0)), statement("all", (None, None), provider="EFAS"))
    assert np.isfinite(rain.mm).all()
    assert (rain.mm >= 0.0).all()
    assert rain.mm.shape == (STEPS, len(IDS), MEMBERS)


def test_what_fell_already_does_not_fall_again(geography: RainGeography) -> None:
    begun = statement("west", (80.0, 150.0), window_h=(-20.0, 20.0), issued_h=-21.0)
    dry_so_far = areal_total(draw(geography, begun), WEST)
    mostly_fallen = areal_total(draw(geography, begun, fallen=past(4.0)), WEST)
    assert np.median(mostly_fallen) < 0.9 * np.median(dry_so_far)
    # Half of the members keep the total: after a dry first half all of it is still to come.
    assert np.quantile(dry_so_far, 0.75) > 80.0
    # 80 mm have fallen: the stated range leaves up to 70 mm, and more only as its tail.
    assert np.quantile(mostly_fallen, 0.9) < 110.0


def test_a_statement_far_exceeded_still_lets_rain_fall(geography: RainGeography) -> None:
    begun = statement("west", (20.0, 30.0), window_h=(-20.0, 20.0), issued_h=-21.0)
    totals = areal_total(draw(geography, begun, fallen=past(15.0)), WEST)
    assert np.median(totals) > 5.0


def test_the_newest_statement_of_a_provider_holds(geography: RainGeography) -> None:
    old = statement("west", (80.0, 150.0), issued_h=-12.0)
    new = statement("west", (10.0, 20.0), issued_h=-1.0)
    assert np.quantile(areal_total(draw(geography, old, new), WEST), 0.9) < 45.0


def test_an_older_statement_holds_where_the_newer_is_silent(geography: RainGeography) -> None:
    old = statement("west", (80.0, 120.0), window_h=(0.0, 46.0), issued_h=-12.0)
    new = statement("west", (10.0, 12.0), window_h=(0.0, 12.0), issued_h=-1.0)
    rain = draw(geography, old, new).mm[:, WEST].mean(axis=1)
    assert np.median(rain[:48].sum(axis=0)) < 20.0
    assert np.median(rain[64:].sum(axis=0)) > 30.0


def test_two_providers_share_the_members(geography: RainGeography) -> None:
    rain = draw(
        geography, statement("west", (80.0, 100.0)), statement("west", (5.0, 8.0), provider="ELSE", issued_h=-3.0)
    )
    believed = (areal_total(rain, WEST) > 30.0).mean()
    assert 0.35 < believed < 0.65


def test_a_warning_without_amounts_only_raises_the_chance(geography: RainGeography) -> None:
    quiet = areal_total(draw(geography), WEST)
    warned = areal_total(draw(geography, statement("west", (None, None), provider="EFAS", probability=0.4)), WEST)
    assert (quiet > 30.0).mean() < 0.03
    assert 0.25 < (warned > 30.0).mean() < 0.42
    assert np.median(warned) < 15.0


def test_amounts_go_before_mere_warnings(geography: RainGeography) -> None:
    amounts = statement("west", (10.0, 14.0))
    both = draw(geography, amounts, statement("all", (None, None), provider="EFAS", probability=1.0))
    assert np.quantile(areal_total(both, WEST), 0.9) < 35.0
    assert np.median(areal_total(both, EAST)) > 35.0


def test_an_accumulation_falls_somewhere_in_its_window(geography: RainGeography) -> None:
    rain = draw(geography, statement("west", (50.0, 60.0), window_h=(0.0, 46.0), accumulation_h=12.0))
    course = rain.mm[:, WEST].mean(axis=1)
    middle = (course * np.arange(STEPS)[:, np.newaxis]).sum(axis=0) / course.sum(axis=0)
    assert middle.std() > 25.0
    assert 38.0 < np.median(course.sum(axis=0)) < 70.0


def test_rain_of_the_last_hour_goes_on_and_decays(geography: RainGeography) -> None:
    mean = draw(geography, fallen=past(6.0)).mm.mean(axis=(1, 2)) * 4.0
    assert 4.0 < mean[0] < 7.5
    assert 1.0 < mean[10] < 4.0
    assert mean[60] < 0.5


def test_gauges_silent_everywhere_are_told_and_nothing_persists(geography: RainGeography) -> None:
    silent = PastRain(np.full((192, len(IDS)), np.nan))
    rain = draw(geography, statement("west", (80.0, 150.0), window_h=(-4.0, 40.0), issued_h=-5.0), fallen=silent)
    assert "no rain gauge reported" in rain.scheme
    assert np.median(areal_total(rain, WEST)) > 60.0


def test_some_catchments_unseen_are_told(geography: RainGeography) -> None:
    mm = np.full((192, len(IDS)), 0.5)
    mm[-8:, :5] = np.nan
    rain = draw(geography, fallen=PastRain(mm))
    assert "5 of 40 rain zones unseen" in rain.scheme
    # The unseen are not dry: they are given the rain of the others.
    first = rain.mm[0].mean(axis=1)
    assert first[:5].mean() == pytest.approx(first[5:20].mean(), rel=0.2)


def test_fallen_rain_is_unknown_when_too_much_was_unseen() -> None:
    mm = np.full((40, len(IDS)), 0.25)
    mm[:20] = np.nan
    rain = PastRain(mm)
    west = np.array([i < 20 for i in range(len(IDS))], np.float32)
    assert rain.fallen(west, timedelta(hours=5)) == pytest.approx(5.0)
    assert rain.fallen(west, timedelta(hours=10)) is None
    assert rain.fallen(west, timedelta(hours=11)) is None
    assert rain.fallen(np.zeros(len(IDS), np.float32), timedelta(hours=5)) is None


def test_the_same_seed_draws_the_same_rain(geography: RainGeography) -> None:
    one, two = (draw(geography, statement("west", (80.0, 150.0))) for _ in range(2))
    assert one.mm.tobytes() == two.mm.tobytes()
    assert one.scheme == two.scheme


def test_a_later_statement_changes_no_byte(geography: RainGeography) -> None:
    known = statement("west", (80.0, 150.0))
    later = statement("west", (1.0, 2.0), issued_h=0.001)
    assert draw(geography, known).mm.tobytes() == draw(geography, known, later).mm.tobytes()
