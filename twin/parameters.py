"""Parameters of the twin: stated a-priori ranges, and members sampled from them.

Nothing here was fitted to the July 2021 flood. The ranges come from general regional hydrology (middle
hills of the Ardenne, loam plateaus, Condroz limestone) and from hydraulic handbooks; each row of
:data:`RANGES` says why. A member draws every parameter log-uniformly (or uniformly, where a parameter may
be negative) within its range. A part of the draw is common to the whole region: what is unknown about a
formula is unknown everywhere at once, so members must not average it away over the catchments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.network import Topology

ParameterArray = NDArray[np.float32]

GRAVITY = 9.81  # m/s2


class Range(NamedTuple):
    """A-priori range of one parameter. ``shared`` is the part of its variance common to the whole region."""

    unit: str
    low: float
    high: float
    shared: float
    reason: str


RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "interception_mm": Range("mm", 0.8, 2.5, 0.5, "canopy and litter of meadow to spruce forest"),
        "evaporation_factor": Range("1", 0.85, 1.15, 0.7, "temperature formula against local evaporation"),
        "production_mm": Range("mm", 180.0, 480.0, 0.5, "soil water of shallow Ardenne soils to loam (GR4 X1)"),
        "exchange_mm_h": Range("mm/h", -0.02, 0.02, 0.2, "no known regional loss or gain but karst (GR4 X2)"),
        "routing_mm": Range("mm", 45.0, 130.0, 0.5, "GR4H routing store of hilly humid catchments (X3)"),
        "lag_factor": Range("1", 0.65, 1.55, 0.5, "scatter about lag [h] = 1.4 area[km2]^0.33 (X4)"),
        "roughness": Range("s/m^(1/3)", 0.030, 0.055, 0.5, "gravel to boulder beds with bank growth"),
        "width_factor": Range("1", 0.75, 1.33, 0.2, "reach widths are estimated within about a quarter"),
        "bankfull_flow_factor": Range("1", 5.0, 14.0, 0.3, "two-year flood over mean flow of Ardenne rivers"),
        "floodplain_width_factor": Range("1", 1.5, 6.0, 0.3, "valley floor over channel width, incised to open"),
        "floodplain_roughness": Range("s/m^(1/3)", 0.06, 0.14, 0.5, "meadow, hedges, gardens and buildings"),
        "pool_depth_m": Range("m", 3.5, 5.5, 0.3, "navigable depth of canalised rivers with margin"),
        "weir_head_m": Range("m", 3.8, 5.2, 0.3, "retention height of movable weirs above their sill"),
        "weir_coefficient": Range("m^0.5/s", 1.6, 2.1, 0.5, "free overfall Q = c b H^1.5, broad to sharp sill"),
        "drawdown_days": Range("d", 1.5, 5.0, 0.5, "time in which a dam gives back its flood reserve"),
        "spillway_start": Range("1", 0.35, 0.85, 0.2, "crest between normal (0) and maximum level (1)"),
        "rating_offset": Range("sd", -1.7, 1.7, 0.0, "position of a rating within its stated error"),
        "rating_exponent_offset": Range("sd", -1.7, 1.7, 0.0, "the same, growing above the gauged range"),
        "gauge_offset": Range("sd", -1.7, 1.7, 0.0, "position of a published discharge within its error"),
    }
)

_CATCHMENT = ("interception_mm", "evaporation_factor", "production_mm", "exchange_mm_h", "routing_mm", "lag_factor")
_REACH = (
    "roughness",
    "width_factor",
    "bankfull_flow_factor",
    "floodplain_width_factor",
    "floodplain_roughness",
    "pool_depth_m",
)
_WEIR = ("weir_head_m", "weir_coefficient")
_RESERVOIR = ("drawdown_days", "spillway_start")
_NODE = ("rating_offset", "rating_exponent_offset", "gauge_offset")


@dataclass(frozen=True)
class Parameters:
    """Sampled parameters, each array of shape [place, member], float32.

    The place is the catchment for runoff, the node that a reach leaves for hydraulics (with unused rows at
    the ends of rivers), the weir, the reservoir, or the node of a gauge. Units stand in :data:`RANGES`;
    ``lag_h`` is the mean delay of the unit hydrograph, the widths and depths are metres.
    """

    seed: int
    interception_mm: ParameterArray
    evaporation_factor: ParameterArray
    production_mm: ParameterArray
    exchange_mm_h: ParameterArray
    routing_mm: ParameterArray
    lag_h: ParameterArray
    roughness: ParameterArray
    width_m: ParameterArray
    bankfull_depth_m: ParameterArray
    floodplain_width_m: ParameterArray
    floodplain_roughness: ParameterArray
    pool_depth_m: ParameterArray
    weir_head_m: ParameterArray
    weir_coefficient: ParameterArray
    drawdown_days: ParameterArray
    spillway_start: ParameterArray
    rating_offset: ParameterArray
    rating_exponent_offset: ParameterArray
    gauge_offset: ParameterArray

    @property
    def members(self) -> int:
        """Number of members."""
        return int(self.roughness.shape[1])

    def choose(self, members: NDArray[np.intp]) -> Parameters:
        """Return the parameters of some members, in the order given."""
        arrays = {
            name: np.ascontiguousarray(value[:, members])
            for name, value in vars(self).items()
            if isinstance(value, np.ndarray)
        }
        return Parameters(seed=self.seed, **arrays)


def sample_parameters(topology: Topology, members: int, seed: int) -> Parameters:
    """Sample parameters for an ensemble.

    The same seed gives the same parameters bit for bit, and a smaller ensemble is the beginning of a
    larger one.

    Raises
    ------
    ValueError
        If ``members`` is not positive or ``seed`` is negative.
    """
    if members < 1 or seed < 0:
        raise ValueError(f"an ensemble needs members >= 1 and a seed >= 0, got {members} and {seed}")
    counts = {
        **dict.fromkeys(_CATCHMENT, len(topology.catchment_ids)),
        **dict.fromkeys((*_REACH, *_NODE), len(topology.node_ids)),
        **dict.fromkeys(_WEIR, len(topology.weirs)),
        **dict.fromkeys(_RESERVOIR, len(topology.reservoirs)),
    }
    drawn = {
        name: _draw(spec, counts[name], members, np.random.default_rng((seed, key)))
        for key, (name, spec) in enumerate(RANGES.items())
    }
    area_km2 = topology.area_m2[topology.catchment_nodes] / 1e6
    lag_h = drawn.pop("lag_factor") * lag_of_area(area_km2)[:, None]
    width_m = drawn.pop("width_factor") * np.maximum(topology.width_m, 0.5)[:, None]
    bankfull_flow = drawn.pop("bankfull_flow_factor") * np.maximum(topology.mean_discharge_m3s, 0.05)[:, None]
    slope = np.maximum(topology.slope, 1e-5)[:, None]
    bankfull_depth = (bankfull_flow * drawn["roughness"] / (width_m * np.sqrt(slope))) ** 0.6
    derived = {
        "lag_h": lag_h,
        "width_m": width_m,
        "bankfull_depth_m": bankfull_depth,
        "floodplain_width_m": drawn.pop("floodplain_width_factor") * width_m,
    }
    return Parameters(seed=seed, **{name: value.astype(np.float32) for name, value in {**drawn, **derived}.items()})


def lag_of_area(area_km2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the typical delay [h] between rain and flow of catchments of the given areas [km2].

    >>> lag_of_area(np.array([10.0, 100.0])).round(1).tolist()
    [3.0, 6.4]
    """
    return 1.4 * np.maximum(area_km2, 0.5) ** 0.33


def _draw(spec: Range, places: int, members: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw [place, member] uniformly within a range, in the logarithm where the range is positive."""
    # Members are the slow axis of the draw, so that a smaller ensemble is a prefix of a larger one.
    normal = rng.standard_normal((members, places + 1))
    mixed = np.sqrt(spec.shared) * normal[:, :1] + np.sqrt(1.0 - spec.shared) * normal[:, 1:]
    # The logistic curve stands in for the normal distribution function; they differ by less than 0.01.
    uniform = 1.0 / (1.0 + np.exp(-1.702 * mixed.T))
    if spec.low > 0:
        return np.asarray(spec.low * (spec.high / spec.low) ** uniform)
    return np.asarray(spec.low + (spec.high - spec.low) * uniform)
