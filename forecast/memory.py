"""What a saved state remembers: the water of the twin, and the areal rain of the last days.

Statements about rain speak of totals since they were made. With the rain of the last days in the state, a
cycle reads a few new values of each gauge instead of days of them, again and again.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelError
from twin.state import TwinState

MEMORY_STEPS: Final = 4 * 96
_HEAD: Final = struct.Struct("<QI")


@dataclass(frozen=True)
class RainMemory:
    """Areal rain of the last four days [mm per 15 min], shape [step, zone], NaN where no gauge told.

    Half precision: what a gauge tells is known to some percent. The last row ends at the state's time.
    """

    mm: NDArray[np.float16]

    @classmethod
    def empty(cls, zones: int) -> RainMemory:
        """Return a memory in which nothing was seen."""
        return cls(np.full((MEMORY_STEPS, zones), np.nan, dtype=np.float16))

    def extended(self, mm: NDArray[np.floating]) -> RainMemory:
        """Return the memory after further steps [step, zone]; the oldest are forgotten."""
        return RainMemory(np.concatenate((self.mm, mm.astype(np.float16)))[-MEMORY_STEPS:])


@dataclass(frozen=True)
class Remembered:
    """Water and rain at one instant."""

    state: TwinState
    rain: RainMemory

    def to_bytes(self) -> bytes:
        """Pack both; equal content gives equal bytes."""
        water = self.state.to_bytes()
        rain = zlib.compress(np.ascontiguousarray(self.rain.mm).tobytes(), level=1)
        return _HEAD.pack(len(water), self.rain.mm.shape[1]) + water + rain

    @classmethod
    def from_bytes(cls, blob: bytes) -> Remembered:
        """Unpack what :meth:`to_bytes` packed.

        Raises
        ------
        ModelError
            If the bytes are no saved state.
        """
        try:
            length, zones = _HEAD.unpack_from(blob)
            water = blob[_HEAD.size : _HEAD.size + length]
            plain = zlib.decompress(blob[_HEAD.size + length :])
            rain = np.frombuffer(plain, dtype=np.float16).reshape(MEMORY_STEPS, zones)
        except (struct.error, zlib.error, ValueError) as error:
            raise ModelError(f"saved state cannot be read: {error}") from error
        return cls(TwinState.from_bytes(water), RainMemory(rain))
