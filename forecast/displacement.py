"""Where forecast rain falls: areas with soft edges, displaced as a whole, with local texture.

A province's total is known for the province, its storms are not bound to it. Each member moves the
map of areas by a vector and reads every sub-catchment from the moved map; edges are blended by a
Gaussian kernel. A smooth random field lets neighbouring sub-catchments differ within an area.
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
_MOST_SUPPORTS: Final = 600
_GOLDEN_ANGLE: Final = math.pi * (3.0 - math.sqrt(5.0))
_KM_PER_DEGREE: Final = 111.2


@dataclass(frozen=True)
class RainGeography:
    """Weights that turn rain by area into rain by sub-catchment.

    ``weights`` [shift, area, catchment] is how much of a catchment reads from an area when the map is
    moved by a shift (in [0, 1]; areas may overlap); ``basis`` [centre, catchment] has unit sum of
    squares over centres, so that standard normal coefficients give a field of variance 1.
    """

    areas: tuple[str, ...]
    weights: FloatArray
    basis: FloatArray

    def local_field(self, rng: np.random.Generator, members: int) -> FloatArray:
        """Draw smooth standard normal fields, shape [member, catchment]."""
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


def build_geography(positions: Positions, node_ids: Sequence[str], areas: Mapping[str, Sequence[str]]) -> RainGeography:
    """Prepare the weights of areas at displaced sub-catchments.

    Parameters
    ----------
    positions
        Plane position of each sub-catchment [km], shape [catchment, 2].
    node_ids
        Their node ids, in the model's order.
    areas
        Node ids by area name; nodes that have no sub-catchment are passed over.
    """
    row = {node_id: i for i, node_id in enumerate(node_ids)}
    names = tuple(sorted(areas))
    membership = np.zeros((len(names), len(node_ids)), dtype=np.float32)
    for i, name in enumerate(names):
        membership[i, [row[node_id] for node_id in areas[name] if node_id in row]] = 1.0
    # Thousands of catchments say no more about the shape of a province than some hundred do.
    supports = np.arange(0, len(node_ids), max(1, len(node_ids) // _MOST_SUPPORTS))
    # Rain read at a place from a map moved by v stood, unmoved, at the place minus v.
    moved = (positions[np.newaxis] - shift_vectors()[:, np.newaxis]).reshape(-1, 2)
    kernel = _kernel(moved, positions[supports], EDGE_KM)
    weights = (kernel @ membership[:, supports].T).reshape(SHIFTS, len(node_ids), len(names))
    return RainGeography(names, np.ascontiguousarray(weights.transpose(0, 2, 1)), _field_basis(positions))


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
