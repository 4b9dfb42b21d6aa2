"""Hourly rain of the event at every gauge: spatial day totals by kriging, then hourly patterns of two bursts.

1. Totals of the climatological days of 13 and 14 July (8 h to 8 h local) are kriged from the public figures
   and from assumed support values (``SUPPORTS``) by a Gaussian process in east, north and elevation
   (scikit-learn). The free supports are scaled, group by group, until the areal means of Vesdre, Amblève
   and Belgian Meuse and the regional median of 13 July agree with the public figures.
2. Each day total is spread over its hours by envelopes (night burst, morning, second burst) that travel
   over the region, roughened by correlated noise, so that hourly sums return the day total exactly.
3. The share of the second burst is chosen so that the wettest six hours on the Hautes Fagnes bring 70 mm.
4. Before and after, light showers are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from geography import (
    Floats,
    areal_weights,
    belgian_meuse,
    gauge_elevations,
    gauge_positions,
    kilometres,
    rain_gauges,
    south_of_sambre_meuse,
    upstream_of,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from domain.basin import Basin, Station

DAY_13 = datetime(2021, 7, 13, 6, tzinfo=UTC)
DAY_14 = datetime(2021, 7, 14, 6, tzinfo=UTC)
DAY_15 = datetime(2021, 7, 15, 6, tzinfo=UTC)

# Wanted areal means [mm] that differ from the public figure. Vesdre, 175: with the ridge gauges as high as they
# were, the last few millimetres could only be taken from the valley gauges, which would then stand too dry.
AIMS = {"rain_vesdre": 181.0}

HAUTES_FAGNES = ("RAIN_MONT_RIGI", "RAIN_NEU_HATTLICH", "RAIN_HOCKAI", "RAIN_JALHAY")


@dataclass(frozen=True)
class Support:
    """Totals [mm] of the climatological days of 13 and 14 July at a place.

    ``group`` says who may scale it: ``fixed`` nobody (a public figure stands behind one of the totals or
    their sum), ``vesdre``, ``ambleve`` or ``rest`` the areal mean of that group.
    """

    place: str
    latitude: float
    longitude: float
    elevation_m: float
    day_13: float
    day_14: float
    group: str


# Where a sum or a day is public, the split between the two days is assumed: 100 mm pockets on 13 July at Spa
# and Jalhay (Spa was flooded that night) and at Rochefort. All other values are assumptions; Ternell is held so
# that the catchment of the Eupen dam, most of which it speaks for, can yield the inflow volume reported there.
SUPPORTS = (
    Support("Jalhay", 50.54697, 6.0056, 480.6, 98.0, 173.5, "fixed"),
    Support("Spa", 50.47864, 5.91, 484.0, 97.0, 120.1, "fixed"),
    Support("Mont Rigi", 50.5117, 6.0747, 673.0, 52.0, 140.4, "fixed"),
    Support("Neu-Hattlich", 50.5861, 6.0897, 560.0, 48.0, 141.0, "fixed"),
    Support("Hockai", 50.4797, 5.9811, 520.0, 60.0, 179.0, "fixed"),
    Support("Rochefort", 50.16508, 5.21433, 193.0, 100.0, 62.0, "fixed"),
    Support("Maasmechelen", 50.965, 5.694, 40.0, 25.0, 45.0, "fixed"),
    Support("Ransberg", 50.87, 5.03, 60.0, 30.0, 47.0, "fixed"),
    Support("Pepinster", 50.5675, 5.8037, 150.0, 65.0, 85.0, "vesdre"),
    Support("Chaudfontaine", 50.5895, 5.6536, 100.0, 48.0, 58.0, "vesdre"),
    Support("Battice", 50.64461, 5.82794, 332.3, 42.0, 62.0, "vesdre"),
    Support("Verviers", 50.589, 5.8453, 180.0, 55.0, 72.0, "vesdre"),
    Support("Eupen", 50.63, 6.04, 280.0, 45.0, 95.0, "vesdre"),
    Support("Ternell", 50.57327, 6.15793, 579.5, 42.0, 105.0, "fixed"),
    Support("Malmedy", 50.426, 6.028, 340.0, 48.0, 86.0, "ambleve"),
    Support("Bütgenbach", 50.427, 6.205, 560.0, 40.0, 72.0, "ambleve"),
    Support("Stavelot", 50.395, 5.931, 300.0, 50.0, 78.0, "ambleve"),
    Support("Vielsalm", 50.285, 5.915, 380.0, 44.0, 52.0, "ambleve"),
    Support("Remouchamps", 50.48, 5.713, 130.0, 54.0, 70.0, "ambleve"),
    Support("Tailles", 50.22245, 5.75713, 625.0, 48.0, 50.0, "ambleve"),
    Support("Houffalize", 50.131, 5.79, 370.0, 42.0, 42.0, "rest"),
    Support("Saint-Hubert", 50.039, 5.40386, 557.0, 52.0, 50.0, "rest"),
    Support("La Roche", 50.183, 5.576, 250.0, 45.0, 48.0, "rest"),
    Support("Durbuy", 50.353, 5.456, 180.0, 47.0, 64.0, "rest"),
    Support("Ouffet", 50.4388, 5.45456, 260.0, 46.0, 64.0, "rest"),
    Support("Liège", 50.6412, 5.5718, 80.0, 42.0, 54.0, "rest"),
    Support("Ciney", 50.29141, 5.11335, 295.0, 52.0, 64.0, "rest"),
    Support("Nassogne", 50.13498, 5.34773, 397.0, 72.0, 58.0, "rest"),
    Support("Gedinne", 49.97853, 4.97884, 400.0, 50.0, 48.0, "rest"),
    Support("Bouillon", 49.7871, 5.06994, 233.1, 44.0, 40.0, "rest"),
    Support("Arlon", 49.68191, 5.82381, 407.4, 38.0, 24.0, "rest"),
    Support("Namur", 50.466, 4.867, 120.0, 46.0, 56.0, "rest"),
    Support("Charleroi", 50.4108, 4.4446, 120.0, 38.0, 40.0, "rest"),
    Support("Couvin", 50.053, 4.494, 220.0, 46.0, 38.0, "rest"),
    Support("Momignies", 50.03481, 4.17007, 234.9, 38.0, 28.0, "rest"),
    Support("Solre", 50.30949, 4.14989, 125.8, 34.0, 30.0, "rest"),
    Support("Waremme", 50.70502, 5.26131, 112.0, 34.0, 50.0, "rest"),
    Support("Visé", 50.737, 5.696, 60.0, 32.0, 50.0, "rest"),
    Support("Burg-Reuland", 50.196, 6.137, 400.0, 36.0, 46.0, "rest"),
)


@dataclass(frozen=True)
class DayTotals:
    """Rain [mm] of the climatological days of 13, 14 and 15 July at the gauges, shape [gauge] each."""

    day_13: Floats
    day_14: Floats
    day_15: Floats


def event_rain(
    basin: Basin, times: Sequence[datetime], wanted: Mapping[str, float], rng: np.random.Generator
) -> Floats:
    """Return hourly rain [mm], shape [time, gauge]; ``wanted`` holds the public figures by anchor id."""
    gauges = rain_gauges(basin)
    totals = day_totals(basin, gauges, wanted, rng)
    roughness = _roughness(gauges, len(times), rng)
    fagnes = [i for i, gauge in enumerate(gauges) if gauge.station_id in HAUTES_FAGNES]
    share = 0.5
    for _ in range(40):
        rain = _bursts(gauges, times, totals, roughness, share)
        share *= wanted["rain_hautes_fagnes"] / wettest_hours(rain[:, fagnes].mean(axis=1), 6)
        share = min(share, 0.8)
    return rain + _showers(gauges, times, rng)


def wettest_hours(series: Floats, hours: int) -> float:
    """Return the highest sum [mm] over consecutive hours."""
    return float(np.convolve(series, np.ones(hours), mode="valid").max())


def day_totals(
    basin: Basin, gauges: Sequence[Station], wanted: Mapping[str, float], rng: np.random.Generator
) -> DayTotals:
    """Krige the day totals and scale the free supports until areal means and the regional median agree."""
    network = basin.network
    mean_of = {
        "vesdre": areal_weights(basin, gauges, upstream_of(network, "VES_CHAUDFONTAINE")),
        "ambleve": areal_weights(basin, gauges, upstream_of(network, "AMB_MARTINRIVE")),
        "rest": areal_weights(basin, gauges, belgian_meuse(network)),
    }
    south = south_of_sambre_meuse(gauges)
    # Gauges differ from a smooth field by a few per cent; those with a public figure keep it.
    fixed = _nearest_fixed_support(gauges)
    gauge_noise = np.where(fixed, 1.0, np.exp(0.04 * rng.standard_normal(len(gauges))))
    day_15 = 4.0 + 4.0 / (1.0 + np.exp(-gauge_positions(gauges)[:, 0] / 25.0)) * gauge_noise
    factor = {"vesdre": [1.0, 1.0], "ambleve": [1.0, 1.0], "rest": [1.0, 1.0]}
    for _ in range(60):
        first = _kriged(gauges, [s.day_13 * factor.get(s.group, [1.0, 1.0])[0] for s in SUPPORTS]) * gauge_noise
        second = _kriged(gauges, [s.day_14 * factor.get(s.group, [1.0, 1.0])[1] for s in SUPPORTS]) * gauge_noise
        both = first + second
        for group in ("vesdre", "ambleve"):
            aim = AIMS.get(f"rain_{group}", wanted[f"rain_{group}"])
            step = aim / float(mean_of[group] @ (both + day_15))
            factor[group] = [f * step for f in factor[group]]
        factor["rest"][0] *= wanted["rain_south_widespread"] / float(np.median(first[south]))
        factor["rest"][1] *= wanted["rain_belgian_meuse"] / float(mean_of["rest"] @ both)
    return DayTotals(first, second, day_15)


def _nearest_fixed_support(gauges: Sequence[Station]) -> Floats:
    fixed = [s for s in SUPPORTS if s.group == "fixed"]
    places = kilometres([s.latitude for s in fixed], [s.longitude for s in fixed])
    distance = np.linalg.norm(gauge_positions(gauges)[:, None] - places[None], axis=2).min(axis=1)
    return np.asarray(distance < 0.5)


def _kriged(gauges: Sequence[Station], values: Sequence[float]) -> Floats:
    """Return a day's total [mm] at the gauges from its values at the supports."""
    places = kilometres([s.latitude for s in SUPPORTS], [s.longitude for s in SUPPORTS])
    at_supports = np.column_stack([places, [s.elevation_m for s in SUPPORTS]])
    at_gauges = np.column_stack([gauge_positions(gauges), gauge_elevations(gauges)])
    # Fixed length scales (km, km, m): too few values to fit them.
    kernel = ConstantKernel(1.0, "fixed") * Matern([28.0, 28.0, 500.0], "fixed", nu=1.5)
    surface = GaussianProcessRegressor(kernel, alpha=1e-6, optimizer=None, normalize_y=True)
    surface.fit(at_supports, np.asarray(values))
    return np.asarray(np.maximum(surface.predict(at_gauges), 5.0))


def _roughness(gauges: Sequence[Station], hours: int, rng: np.random.Generator) -> Floats:
    """Return log-normal factors [time, gauge], correlated over 25 km and from hour to hour."""
    positions = gauge_positions(gauges)
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    root = np.linalg.cholesky(np.exp(-distance / 25.0) + 1e-9 * np.eye(len(gauges)))
    field = np.empty((hours, len(gauges)))
    field[0] = root @ rng.standard_normal(len(gauges))
    for hour in range(1, hours):
        field[hour] = 0.5 * field[hour - 1] + np.sqrt(0.75) * (root @ rng.standard_normal(len(gauges)))
    return np.asarray(np.exp(0.4 * field))


def _bursts(
    gauges: Sequence[Station], times: Sequence[datetime], totals: DayTotals, roughness: Floats, share: float
) -> Floats:
    """Spread the day totals over their hours; ``share`` of 14 July falls in the second burst."""
    east, north = gauge_positions(gauges).T
    hours = np.array([(t - DAY_13).total_seconds() / 3600 - 0.5 for t in times])[:, None]
    # The first rain comes from south-west at 15 km/h and reaches the Vesdre at 14 July 2 h UTC.
    first = 20.0 + (0.7 * (east - 53.0) + 0.7 * (north - 27.0)) / 15.0
    afternoon = 0.10 * _bell(hours, first - 9.0, 3.0)
    night = _bell(hours, first, 3.2)
    morning = _bell(hours, np.maximum(first + 6.5, 26.5), 2.6)
    # The second comes from the north against the Hautes Fagnes: 14 July 21 h UTC there, later further south.
    second = _bell(hours, 39.0 - (north - 27.0) / 14.0, 2.0)
    clearing = _bell(hours, 50.0 + 0.0 * north, 4.0)
    rain = np.zeros_like(roughness)
    for start, parts in (
        (DAY_13, ((totals.day_13, afternoon + night),)),
        (DAY_14, ((totals.day_14 * (1 - share), morning + 0.15 * night), (totals.day_14 * share, second))),
        (DAY_15, ((totals.day_15, clearing),)),
    ):
        inside = np.array([start < t <= start + timedelta(days=1) for t in times])[:, None]
        for total, envelope in parts:
            weight = np.where(inside, envelope * roughness, 0.0)
            rain += total * weight / weight.sum(axis=0)
    return rain


def _bell(hours: Floats, centre: Floats, spread: float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((hours - centre) / spread) ** 2))


# Light showers around the event: start, hours, mean total [mm]. Assumed.
SHOWERS = (
    (datetime(2021, 7, 9, 12, tzinfo=UTC), 7, 3.0),
    (datetime(2021, 7, 11, 13, tzinfo=UTC), 6, 2.0),
    (datetime(2021, 7, 12, 14, tzinfo=UTC), 9, 5.0),
    (datetime(2021, 7, 16, 10, tzinfo=UTC), 5, 0.6),
)


def _showers(gauges: Sequence[Station], times: Sequence[datetime], rng: np.random.Generator) -> Floats:
    rain = np.zeros((len(times), len(gauges)))
    for start, hours, mean in SHOWERS:
        cells = np.maximum(_roughness(gauges, hours, rng) ** 2 - 0.8, 0.0)
        first = times.index(start + timedelta(hours=1))
        rain[first : first + hours] += mean * cells / max(float(cells.sum(axis=0).mean()), 1e-9)
    return rain
