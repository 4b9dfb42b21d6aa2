"""Rating curves with their uncertainty: discharge from level, level from discharge, for every member.

A rating is Q = a (h - h0)^b with a log-normal error. Inside the gauged range each member has one offset, a
constant factor; above the highest gauging its exponent deviates too, so that the spread grows with the log
of the depth: doubling the relative error about where the depth is e times the gauged one. In log space a
member's rating is two straight lines, so both directions are exact inverses.

References
----------
Le Coz et al. (2014), doi:10.1016/j.jhydrol.2013.11.016 (BaRatin: power-law ratings with their error).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Rating
from twin.network import Topology
from twin.parameters import Parameters

FloatArray = NDArray[np.float64]

# Growth of the relative error above the gauged range, per unit of log depth.
INFLATION = 1.0
# However wrong, a rating rises: the exponent of no member falls below this.
LEAST_EXPONENT = 0.8


@dataclass(frozen=True)
class SampledRating:
    """A rating as each member believes it.

    ``offset`` and ``exponent_offset`` [member] are in standard deviations of the rating's stated error.
    """

    rating: Rating
    offset: FloatArray
    exponent_offset: FloatArray

    def discharge(self, level_m: FloatArray) -> FloatArray:
        """Return discharge [..., member] m3/s for levels [..., member or 1] m above station zero.

        Below the level of no flow the discharge is 0; a missing level (NaN) stays missing.
        """
        depth = np.asarray(level_m, np.float64) - self.rating.h0_m
        with np.errstate(divide="ignore", invalid="ignore"):
            log_ratio = np.log(np.maximum(depth, 0.0) / self._gauged_depth)
        exponent = np.where(log_ratio > 0, self._upper_exponent, self.rating.b)
        flow = self._gauged_discharge * np.exp(np.where(np.isneginf(log_ratio), 0.0, exponent * log_ratio))
        return np.asarray(np.where(np.isneginf(log_ratio), 0.0, flow))

    def level(self, discharge_m3s: FloatArray) -> FloatArray:
        """Return level [..., member] m above station zero for discharges [..., member or 1] m3/s."""
        with np.errstate(divide="ignore", invalid="ignore"):
            log_ratio = np.log(np.maximum(discharge_m3s, 0.0) / self._gauged_discharge)
        exponent = np.where(log_ratio > 0, self._upper_exponent, self.rating.b)
        return np.asarray(self.rating.h0_m + self._gauged_depth * np.exp(log_ratio / exponent))

    @property
    def _gauged_depth(self) -> float:
        return max(self.rating.h_gauged_max_m - self.rating.h0_m, 0.05)

    @property
    def _gauged_discharge(self) -> FloatArray:
        """Discharge [member] at the highest gauging."""
        central = self.rating.a * self._gauged_depth**self.rating.b
        return np.asarray(central * np.exp(self.rating.sd_relative * self.offset))

    @property
    def _upper_exponent(self) -> FloatArray:
        deviation = self.rating.sd_relative * INFLATION * self.exponent_offset
        return np.asarray(np.maximum(self.rating.b + deviation, LEAST_EXPONENT))


def sampled_ratings(basin: Basin, topology: Topology, parameters: Parameters) -> Mapping[str, SampledRating]:
    """Return the newest rating of every station that has one and stands on a node, by station id."""
    ratings = {}
    for station_id, rating in basin.rating_of.items():
        node_id = basin.stations[station_id].node_id
        if node_id is not None:
            row = topology.position[node_id]
            offsets = (parameters.rating_offset[row], parameters.rating_exponent_offset[row])
            ratings[station_id] = SampledRating(rating, *(o.astype(np.float64) for o in offsets))
    return ratings


def central_rating(rating: Rating) -> SampledRating:
    """Return a rating taken at its word, as one member."""
    return SampledRating(rating, np.zeros(1), np.zeros(1))
