"""The base of everything that goes over the wire: strict, finite, and aware of time zones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from domain.clock import as_utc


class Wire(BaseModel):
    """A message: unknown fields, NaN, infinities, naive times and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Instant = Annotated[
    AwareDatetime,
    AfterValidator(as_utc),
    Field(description="Aware time, written in UTC with Z.", examples=["2021-07-14T15:00:00Z"]),
]
Evidence = Annotated[
    Mapping[str, Any],
    Field(description="Why the state is what it is, in words (`text`) and numbers.", examples=[{"text": "..."}]),
]
StationId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Id of a station.", examples=["VES_CHAUDFONTAINE"])
]


def utc_or_none(instant: datetime | None) -> datetime | None:
    """Return an aware time in UTC, or None for None."""
    return None if instant is None else as_utc(instant)
