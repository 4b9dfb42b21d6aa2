"""Errors of HydroNum.

::

    HydroNumError
    |-- ConfigurationError       start-up stops; carries every fault found, not the first
    |   `-- BasinError           a basin folder cannot be used
    |-- RejectedMessage          a field message became a dead letter (never a reading)
    |-- ModelError               a model step is not finite or does not converge; the last good state stays
    |-- StoreUnavailable         the database cannot be reached; nothing was acknowledged
    `-- ServerError              an embedded server (database, broker) did not start or stopped
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class HydroNumError(Exception):
    """Base of every error that HydroNum raises on purpose."""


class ConfigurationError(HydroNumError):
    """The configuration cannot be used; ``faults`` lists all reasons at once."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class BasinError(ConfigurationError):
    """A basin folder has faults; each is a sentence a hydrologist understands."""


class RejectionReason(StrEnum):
    """Why a message of the field side became a dead letter."""

    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_STATION = "unknown_station"
    UNKNOWN_VARIABLE = "unknown_variable"
    WRONG_UNIT = "wrong_unit"
    NOT_A_NUMBER = "not_a_number"
    TIME_IN_FUTURE = "time_in_future"
    TIME_TOO_OLD = "time_too_old"
    WRONG_TOPIC = "wrong_topic"
    INTERNAL = "internal"  # our fault, not the sender's: the traceback stands in the detail


class RejectedMessage(HydroNumError):
    """A field message cannot become readings; it is kept as a dead letter."""

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}")


class ModelError(HydroNumError):
    """A model step is not finite or does not converge."""


class StoreUnavailable(HydroNumError):
    """The database cannot be reached."""


class ServerError(HydroNumError):
    """An embedded server did not start or stopped."""
