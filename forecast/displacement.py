"""Where forecast rain falls: areas with soft edges, displaced as a whole, with local texture.

A province's total is known for the province, its storms are not bound to it. Each member moves the
map of areas by a vector and reads every rain zone from the moved map; edges are blended by a Gaussian
kernel. A smooth random field lets neighbouring zones differ within an area. A zone is a sub-catchment,
or a handful of close ones where the network is much finer than any rain that can be known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Positions = NDArray[np.float64]

SHIFTS: Final = 16
SHIFT_SD_KM: Final = 20.0
EDGE_KM: Final = 10.0
FIELD_LENGTH_KM: Final = 18.0
FIELD_CENTRES: Final = 36
MOST_ZONES: Final = 400
_GOLDEN_ANGLE: Final = math.pi * (3.0 - math.sqrt(5.0))
_KM_PER_DEGREE: Final = 111.2


@dataclass(frozen=True)
class RainZones:
    """Where rain is drawn: ``positions`` [zone, 2] in km, and the zone of each catchment."""

    positions: Positions
    zone_of: NDArray[np.int32]


@dataclass(frozen=True)
class RainGeography:
    """Weights that turn rain by area into rain by zone.

    ``weights`` [shift, area, zone] is how much of a zone reads from an area when the map is moved by a
    shift (in [0, 1]; areas may overlap); ``membership`` [area, zone] is the same without any shift or
    soft edge; ``basis`` [centre, zone] has unit sum of squares over centres, so that standard normal
    coefficients give a field of variance 1.
    """

    areas: tuple[str, ...]
    weights: FloatArray
    membership: FloatArray
    basis: FloatArray

    def local_field(self, rng: np.random.Generator, members: int) -> FloatArray:
        """Draw smooth standard normal fields, shape [member, zone]."""
        coefficients = rng.standard_normal((members, self.basis.shape[0])).astype(np.float32)
        return np.asarray(coefficients @ self.basis, dtype=np.float32)


def positions_km(latitudes: Sequence[float], longitudes: Sequence[float]) -> Positions:
    """Return plane positions [km], shape [place, 2], by an equirectangular projection about their middle."""
    latitude, longitude = np.asarray(latitudes, dtype=float), np.asarray(longitudes, dtype=float)
    scale = _KM_PER_DEGREE * math.cos(math.radians(float(latitude.mean())))
    return np.stack(((longitude - longitude.mean()) * scale, (latitude - latitude.mean()) * _KM_PER_DEGREE), axis=1)


def shift_vectors() -> Positions:
    """Return the displacement vectors [km], shape [shift, 2]: Gaussian radii, evenly turned.

    >>> vectors = shift_vectors()
    >>> bool(abs(vectors.mean(axis=0)).max() < 3.0), round(float((vectors**2).sum(axis=1).mean() ** 0.5))
    (True, 28)
    """
    rank = (np.arange(SHIFTS) + 0.5) / SHIFTS
    radius = SHIFT_SD_KM * np.sqrt(-2.0 * np.log1p(-rank))
    angle = _GOLDEN_ANGLE * np.arange(SHIFTS)
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)


def rain_zones(catchments: Positions) -> RainZones:
    """Gather catchments into at most about :data:`MOST_ZONES` zones by a square grid; few stay single."""
    if len(catchments) <= MOST_ZONES:
        return RainZones(catchments, np.arange(len(catchments), dtype=np.int32))
    extent = catchments.max(axis=0) - catchments.min(axis=0)
    side = max(float(np.sqrt(extent.prod() / MOST_ZONES)), 1e-3)
    cell = np.floor((catchments - catchments.min(axis=0)) / side).astype(np.int64)
    _, zone_of = np.unique(cell[:, 0] * 1_000_003 + cell[:, 1], return_inverse=True)
    count = np.bincount(zone_of)
    middle = np.stack([np.bincount(zone_of, catchments[:, axis]) / count for axis in range(2)], axis=1)
    return RainZones(middle, zone_of.astype(np.int32))


def build_geography(
    zones: RainZones, catchment_ids: Sequence[str], areas: Mapping[str, Sequence[str]]
) -> RainGeography:
    """Prepare the weights of areas at displaced zones.

    Parameters
    ----------
    zones
        Of the catchments, in their order.
    catchment_ids
        Their node ids.
    areas
        Node ids by area name; nodes that have no catchment are passed over.
    """
    row = {node_id: i for i, node_id in enumerate(catchment_ids)}
    names = tuple(sorted(areas))
    count = np.bincount(zones.zone_of)
    membership = np.zeros((len(names), len(zones.positions)), dtype=np.float32)
    for i, name in enumerate(names):
        inside = zones.zone_of[[row[node_id] for node_id in areas[name] if node_id in row]]
        membership[i] = np.bincount(inside, minlength=len(count)) / count
    # Rain read at a place from a map moved by v stood, unmoved, at the place minus v.
    moved = (zones.positions[np.newaxis] - shift_vectors()[:, np.newaxis]).reshape(-1, 2)
    kernel = _kernel(moved, zones.positions, EDGE_KM)
    weights = (kernel @ membership.T).reshape(SHIFTS, len(zones.positions), len(names))
    by_area = np.ascontiguousarray(weights.transpose(0, 2, 1))
    return RainGeography(names, by_area, membership, _field_basis(zones.positions))


def _kernel(places: Positions, supports: Positions, length_km: float) -> FloatArray:
    """Return Gaussian weights [place, support] with sum 1 over supports; far away the nearest decides."""
    square = np.zeros((len(places), len(supports)), dtype=np.float32)
    for axis in range(2):
        square += (places[:, axis, np.newaxis] - supports[:, axis]).astype(np.float32) ** 2
    square -= square.min(axis=1, keepdims=True)
    kernel = np.exp(square / np.float32(-2.0 * length_km**2))
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True), dtype=np.float32)


def _field_basis(positions: Positions) -> FloatArray:
    """Return Gaussian bumps on a grid over the basin, scaled to unit variance at every catchment."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    side = math.isqrt(FIELD_CENTRES)
    grid = np.stack(np.meshgrid(*(np.linspace(low[i], high[i], side) for i in range(2))), axis=-1).reshape(-1, 2)
    length = max(FIELD_LENGTH_KM, float((high - low).max()) / side)
    square = ((positions[:, np.newaxis] - grid) ** 2).sum(axis=-1)
    # The same shift as in the kernel: outside the grid the nearest bump must not vanish.
    bump = np.exp(-(square - square.min(axis=1, keepdims=True)) / (2.0 * length**2))
    scaled = bump / np.sqrt((bump**2).sum(axis=1, keepdims=True))
    return np.ascontiguousarray(scaled.T, dtype=np.float32)
