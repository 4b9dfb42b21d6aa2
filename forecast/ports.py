"""What the forecast cycle needs of a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.forecasts import ForecastIssue
from domain.records import ObservedWindow, SavedState
from domain.variables import Variable

__all__ = ["ForecastStore", "ObservedWindow", "SavedState"]


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
