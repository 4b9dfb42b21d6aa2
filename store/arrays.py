"""Arrays of real numbers to PostgreSQL in its binary form, without a Python object per number."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

REAL_OID: Final = 700
REAL_ARRAY_OID: Final = 1021
ELEMENT: Final = np.dtype([("length", ">i4"), ("value", ">f4")])


@dataclass(frozen=True, slots=True)
class RealArray:
    """Numbers to be sent as one flat ``real[]``, row after row when they have several dimensions."""

    values: NDArray[np.floating[Any]]


class RealArrayDumper(Dumper):
    """Writes a :class:`RealArray`: a header, then length and big-endian value of each element."""

    format = Format.BINARY
    oid = REAL_ARRAY_OID

    def dump(self, obj: Any) -> bytes:
        """Return the binary form of the array."""
        flat = np.ravel(obj.values)
        elements = np.empty(flat.size, ELEMENT)
        elements["length"] = 4
        elements["value"] = flat
        dimensions, holds_null, lower_bound = 1, 0, 1
        header = struct.pack(">iiIii", dimensions, holds_null, REAL_OID, flat.size, lower_bound)
        return header + elements.tobytes()


def register(adapters: AdaptersMap) -> None:
    """Let a connection send :class:`RealArray`."""
    adapters.register_dumper(RealArray, RealArrayDumper)
