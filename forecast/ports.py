"""What the forecast cycle needs of a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.forecasts import ForecastIssue
from domain.variables import Variable


@dataclass(frozen=True)
class ObservedWindow:
    """Observations of one variable on a regular grid.

    ``values`` has shape [time, station]; NaN where nothing usable (GOOD) was known. A value stands at
    the grid time at or just after its observed time.
    """

    times: tuple[datetime, ...]
    station_ids: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class SavedState:
    """A model state as stored, with what is needed to know whether it may be used again."""

    valid_at: datetime
    code_version: str
    configuration_hash: str
    seed: int
    blob: bytes


class ForecastStore(Protocol):
    """Observations in, states and forecasts out."""

    def observed_window(
        self, variable: Variable, station_ids: Sequence[str], after: datetime, until: datetime, step_s: int
    ) -> ObservedWindow:
        """Return usable observations with after < observed_at <= until, on a grid of ``step_s`` ending at ``until``."""
        ...

    def save_state(self, state: SavedState) -> None:
        """Store a model state; the same instant replaces it."""
        ...

    def newest_state(self, configuration_hash: str, until: datetime) -> SavedState | None:
        """Return the newest state of this configuration valid at or before ``until``."""
        ...

    def save_forecast(self, issue: ForecastIssue) -> int:
        """Store a forecast and return its run id; the same (issued_at, kind) replaces the older run."""
        ...
