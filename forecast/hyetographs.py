"""How a total falls within its window: a few storms, not a uniform drizzle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

STORMS: Final = 3
TIMING_SD_STEPS: Final = 12.0  # three hours of 15-minute steps
RECESSION_TO_RISE: Final = 1.6  # rain sets in faster than it ends
_SHORTEST_WINDOW_STEPS: Final = 4.0


@dataclass(frozen=True)
class StormPlan:
    """Storms of each member, relative to the window that they fall in.

    ``position`` in [0, 1] and ``share`` (sum 1) have shape [member, storm]; ``width_steps`` is the rise
    time of a storm in 15-minute steps, same shape; ``shift_steps`` [member] moves the whole window;
    ``texture`` [member, step] is a positive factor of mean about 1 that makes neighbouring steps differ.
    """

    position: NDArray[np.float64]
    share: NDArray[np.float64]
    width_steps: NDArray[np.float64]
    shift_steps: NDArray[np.float64]
    texture: FloatArray


def draw_storms(rng: np.random.Generator, members: int, steps: int) -> StormPlan:
    """Draw storms: three a window with gamma-distributed shares, 1.5 to 8 h to rise, +-3 h timing error."""
    share = rng.gamma(0.8, 1.0, (members, STORMS)) + 1e-3
    return StormPlan(
        position=rng.uniform(0.0, 1.0, (members, STORMS)),
        share=share / share.sum(axis=1, keepdims=True),
        width_steps=rng.uniform(6.0, 32.0, (members, STORMS)),
        shift_steps=rng.normal(0.0, TIMING_SD_STEPS, members),
        texture=rng.gamma(2.0, 0.5, (members, steps)).astype(np.float32),
    )


def unit_hyetographs(plan: StormPlan, start_step: NDArray[np.float64], end_step: NDArray[np.float64]) -> FloatArray:
    """Return the share of a total that falls in each step, shape [member, step].

    A member's window reaches from ``start_step`` to ``end_step`` [15-minute steps after issue, shape
    [member]], moved by its timing error and cut at the issue time: what is still to fall falls later.
    A window that ends beyond the plan's steps leaves the rest of its total there.

    Raises
    ------
    ValueError
        If a window is empty.
    """
    if (end_step <= start_step).any():
        raise ValueError("a rain window must end after it starts")
    steps = plan.texture.shape[1]
    end = np.maximum(end_step + plan.shift_steps, _SHORTEST_WINDOW_STEPS)
    start = np.clip(start_step + plan.shift_steps, 0.0, end - _SHORTEST_WINDOW_STEPS)
    # The grid reaches past the horizon so that the part of the window beyond it takes its share.
    reach = max(steps, int(np.ceil(end.max())) + 1)
    middle = np.arange(reach, dtype=np.float64) + 0.5
    inside = (middle > start[:, np.newaxis]) & (middle <= end[:, np.newaxis])
    shape = _storm_shape(plan, start, end, middle) * inside
    shape[:, :steps] *= plan.texture
    total = shape.sum(axis=1, keepdims=True)
    return np.asarray(shape[:, :steps] / np.maximum(total, 1e-12), dtype=np.float32)


def _storm_shape(
    plan: StormPlan, start: NDArray[np.float64], end: NDArray[np.float64], middle: NDArray[np.float64]
) -> NDArray[np.float64]:
    length = end - start
    shape = np.zeros((len(start), len(middle)))
    for storm in range(plan.share.shape[1]):
        centre = start + plan.position[:, storm] * length
        # A short window holds short storms.
        rise = np.minimum(plan.width_steps[:, storm], length / 3.0)
        distance = middle - centre[:, np.newaxis]
        scale = np.where(distance < 0.0, rise[:, np.newaxis], RECESSION_TO_RISE * rise[:, np.newaxis])
        shape += (plan.share[:, storm] / rise)[:, np.newaxis] * np.exp(-np.abs(distance) / scale)
    return shape
