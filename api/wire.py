"""The base of everything that goes over the wire: strict, finite, and aware of time zones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from domain.clock import as_utc


class Wire(BaseModel):
    """A message: unknown fields, NaN, infinities, naive times and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


_YEARS: Final = range(1800, 2201)


def _askable(instant: datetime) -> datetime:
    """Return a time that somebody asks for in UTC; beyond these years arithmetic runs off the calendar."""
    if instant.year not in _YEARS:
        raise ValueError(f"the year must lie between {_YEARS[0]} and {_YEARS[-1]}")
    return as_utc(instant)


def _storable(text: str) -> str:
    """Return a text that the database can keep."""
    if "\x00" in text:
        raise ValueError("a text must not contain NUL")
    return text


AskedTime = Annotated[AwareDatetime, AfterValidator(_askable)]
Storable = AfterValidator(_storable)
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
