"""One way to compile a numerical loop, typed for the rest of the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a loop over numpy arrays to machine code and keep the result on disk.

    ``error_model='numpy'`` leaves a division by zero to show as a non-finite number, which the truth
    refuses as a whole, instead of a branch at every division.
    """
    return cast("F", numba.njit(cache=True, error_model="numpy")(function))
