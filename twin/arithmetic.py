"""Cheap single-precision functions that vectorise over members.

Library powers and hyperbolic tangents are calls that break a vector loop; these are a few multiplications.
Every division is meant to be fast, so callers compile with ``error_model="numpy"``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Members are swept in blocks of fixed width: the compiler then knows every loop's length, and every
# member meets the same instructions whatever its place, so results do not depend on the order.
LANES = 32

F = np.float32


@njit(error_model="numpy", fastmath={"contract"}, inline="always")
def inverse_cube_root(x):  # type: ignore[no-untyped-def]  # compiled by numba
    """Return x**(-1/3) for x > 0 to 4e-6; finite at 0, so that x times the result is 0 there."""
    # The exponent field of the bits is nearly log2(x): a third of it, negated, is a first guess within 4 %.
    bits = F(x).view(np.int32)
    r = np.int32(np.int32(0x54A2FA8C) - np.int32(F(bits) * F(1.0 / 3.0))).view(np.float32)
    # The rest is the series of (1 - c)^(-1/3).
    c = F(1.0) - x * r * r * r
    return r + r * c * (F(1 / 3) + c * (F(2 / 9) + c * (F(14 / 81) + c * F(35 / 243))))


@njit(error_model="numpy", fastmath={"contract"}, inline="always")
def tanh_fraction(w):  # type: ignore[no-untyped-def]  # compiled by numba
    """Return numerator and denominator of tanh(w) for w >= 0: within 3e-6 below 0.5, 1 % up to 2, at most 1."""
    square = w * w
    denominator = F(15.0) + F(6.0) * square
    return min(w * (F(15.0) + square), denominator), denominator


@njit(error_model="numpy", fastmath={"contract"}, inline="always")
def fourth_root_drain(x):  # type: ignore[no-untyped-def]  # compiled by numba
    """Return 1 - (1 + x)**(-1/4) for x >= 0 without cancellation at small x."""
    y = np.sqrt(np.sqrt(F(1.0) + x))
    return x / ((y + F(1.0)) * (y * y + F(1.0)) * y)


@njit(error_model="numpy", fastmath={"contract"}, inline="always")
def fourth_root_drain_small(x):  # type: ignore[no-untyped-def]  # compiled by numba
    """Return 1 - (1 + x)**(-1/4) for 0 <= x < 0.05, by its series, within 1e-6."""
    return x * (F(0.25) - x * (F(5.0 / 32.0) - x * F(15.0 / 128.0)))
