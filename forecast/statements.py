"""What others say and decide about the coming days, and from when it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.event_pack import DamDecision, RainForecast


@dataclass(frozen=True)
class KnownStatements:
    """Rain forecasts and dam decisions, each with the time from which it is known.

    ``areas`` are the node ids of each area that a rain forecast may name. All statements of a run may stand
    here, also those still to come: none enters a forecast before its time.
    """

    rain_forecasts: Sequence[RainForecast] = ()
    areas: Mapping[str, Sequence[str]] | None = None
    dam_decisions: Sequence[DamDecision] = ()
