"""Readings, their quality, and the keys that make storing them idempotent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from domain.variables import Variable

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
DEFAULT_SOURCE: Final = "gauge"


def is_id(text: str) -> bool:
    """Tell whether ``text`` may be the id of a station, device, reach or basin.

    >>> is_id("VES_VERVIERS"), is_id("maastricht.sintpieter")
    (True, False)
    """
    return ID_PATTERN.fullmatch(text) is not None


class Flag(StrEnum):
    """Result of quality control. Nothing flagged is ever deleted."""

    GOOD = "GOOD"
    SUSPECT = "SUSPECT"
    BAD = "BAD"
    MISSING = "MISSING"


class Quality(NamedTuple):
    """A flag and the name of the rule that set it: empty for GOOD, unless the rule only informs (``late``)."""

    flag: Flag
    rule: str = ""


GOOD: Final = Quality(Flag.GOOD)


class SeriesKey(NamedTuple):
    """What a series is: one variable of one station by one source (gauge, camera, ...)."""

    station_id: str
    variable: Variable
    source_id: str = DEFAULT_SOURCE


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as received, in the variable's internal unit.

    ``value`` is None when the sender says that the sensor has no value.
    ``observed_at`` and ``received_at`` are aware UTC; the transport key is (device_id, boot_id, seq).
    """

    series: SeriesKey
    value: float | None
    observed_at: datetime
    received_at: datetime
    device_id: str
    boot_id: str
    seq: int


class Observation(NamedTuple):
    """A reading with its quality."""

    reading: Reading
    quality: Quality


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one value of it, that could not become a reading, kept with its raw bytes and the reason.

    ``accounted`` tells that the message's key is committed all the same, so that its sender's high-water
    mark passes it; a message that nobody could read is kept without.
    """

    topic: str
    payload: bytes
    reason: str
    detail: str
    device_id: str | None
    received_at: datetime
    accounted: bool = False


class MessageKey(NamedTuple):
    """Transport identity of one field message; serves to drop redelivered copies, nothing else."""

    device_id: str
    boot_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What one committed batch did to the store.

    ``stored`` new readings, ``duplicates`` identical ones seen before, ``conflicts`` kept as SUSPECT
    revisions, ``dead_lettered`` messages. ``high_water`` is the highest sequence number below which
    nothing is missing, by (device_id, boot_id), computed in the database.
    """

    stored: int
    duplicates: int
    conflicts: int
    dead_lettered: int
    high_water: dict[tuple[str, str], int]


class LastReading(NamedTuple):
    """Newest reading of a series by observed time, for rules that look back."""

    value: float | None
    observed_at: datetime
    flag: Flag
    unchanged_since: datetime
