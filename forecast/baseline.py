"""The forecast that any other must beat: what is, stays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.forecasts import LEAD_MINUTES


def persistence(observed: ArrayLike, lead_minutes: Sequence[int] = LEAD_MINUTES) -> NDArray[np.float64]:
    """Return the observed values at issue time as forecast of every lead time, shape [series, lead].

    NaN stays NaN: of a silent station persistence says nothing. The highest value that persistence
    expects is the present one.

    >>> persistence([1.5, float("nan")], (15, 30)).tolist()
    [[1.5, 1.5], [nan, nan]]
    """
    now = np.atleast_1d(np.asarray(observed, dtype=np.float64))
    return np.repeat(now[:, np.newaxis], len(lead_minutes), axis=1)
