"""Field messages as devices write them, for the tests of ingest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clock import format_utc
from domain.readings import Reading, SeriesKey
from domain.variables import Variable

BASIN = "testland"
NOON = datetime(2021, 7, 14, 12, tzinfo=UTC)
DEVICES = {"D1": frozenset({"S1"}), "D2": frozenset({"S2", "S3"})}
LEVEL = SeriesKey("S1", Variable.LEVEL)


def topic(device: str = "D1", basin: str = BASIN) -> str:
    return f"hydronum/v1/{basin}/{device}/readings"


def value(**changes: Any) -> dict[str, Any]:
    sent = {"station": "S1", "variable": "level", "value": 1.23, "unit": "m", "observed_at": format_utc(NOON)}
    return {**sent, **changes}


def message(values: Sequence[Any] | None = None, **changes: Any) -> bytes:
    envelope = {"device": "D1", "boot": "b1", "seq": 1, "values": [value()] if values is None else values}
    return json.dumps({**envelope, **changes}).encode()


def reading(
    level: float | None = 1.0,
    minutes: float = 0.0,
    *,
    variable: Variable = Variable.LEVEL,
    late: timedelta = timedelta(),
    seq: int = 1,
) -> Reading:
    """Return a reading of S1, ``minutes`` after noon, received ``late`` after it was observed."""
    observed_at = NOON + timedelta(minutes=minutes)
    return Reading(SeriesKey("S1", variable), level, observed_at, observed_at + late, "D1", "b1", seq)
