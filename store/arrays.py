"""Long arrays to PostgreSQL in its binary form, without a Python object or a text per element."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from psycopg import DataError
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

TEXT_OID: Final = 25
TEXT_ARRAY_OID: Final = 1009
REAL_OID: Final = 700
REAL_ARRAY_OID: Final = 1021
TIMESTAMPTZ_OID: Final = 1184
TIMESTAMPTZ_ARRAY_OID: Final = 1185
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here
NULL: Final = struct.pack(">i", -1)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RealArray:
    """Numbers to be sent as one flat ``real[]``, row after row when they have several dimensions."""

    values: NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class TimeArray:
    """Aware times to be sent as ``timestamptz[]``."""

    instants: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class TextArray:
    """Texts, or None where there is none, to be sent as ``text[]``."""

    texts: Sequence[str | None]


class RealArrayDumper(Dumper):
    """Writes a :class:`RealArray`."""

    format = Format.BINARY
    oid = REAL_ARRAY_OID

    def dump(self, obj: Any) -> bytes:
        """Return the binary form of the array."""
        return _binary(np.ravel(obj.values), ">f4", REAL_OID)


class TimeArrayDumper(Dumper):
    """Writes a :class:`TimeArray`."""

    format = Format.BINARY
    oid = TIMESTAMPTZ_ARRAY_OID

    def dump(self, obj: Any) -> bytes:
        """Return the binary form of the array."""
        microseconds = [(instant - EPOCH) // MICROSECOND for instant in obj.instants]
        return _binary(np.array(microseconds, np.int64), ">i8", TIMESTAMPTZ_OID)


class TextArrayDumper(Dumper):
    """Writes a :class:`TextArray`."""

    format = Format.BINARY
    oid = TEXT_ARRAY_OID

    def dump(self, obj: Any) -> bytes:
        """Return the binary form of the array.

        Raises
        ------
        psycopg.DataError
            If a text holds NUL, which PostgreSQL cannot store.
        """
        parts = [_header(TEXT_OID, len(obj.texts), holds_null=None in obj.texts)]
        for text in obj.texts:
            if text is None:
                parts.append(NULL)
                continue
            encoded = text.encode()
            if b"\0" in encoded:
                raise DataError("a text holds NUL, which the database cannot store")
            parts += (struct.pack(">i", len(encoded)), encoded)
        return b"".join(parts)


def register(adapters: AdaptersMap) -> None:
    """Let a connection send these arrays."""
    adapters.register_dumper(RealArray, RealArrayDumper)
    adapters.register_dumper(TimeArray, TimeArrayDumper)
    adapters.register_dumper(TextArray, TextArrayDumper)


def _binary(flat: NDArray[Any], kind: str, element_oid: int) -> bytes:
    """Return header and elements; each element is its length and its value, both big-endian."""
    elements = np.empty(flat.size, np.dtype([("length", ">i4"), ("value", kind)]))
    elements["length"] = elements.dtype["value"].itemsize
    elements["value"] = flat
    return _header(element_oid, flat.size, holds_null=False) + elements.tobytes()


def _header(element_oid: int, size: int, *, holds_null: bool) -> bytes:
    dimensions, lower_bound = 1, 1
    return struct.pack(">iiIii", dimensions, holds_null, element_oid, size, lower_bound)
