"""Hourly series side by side, and reading them from wide CSV tables."""

from __future__ import annotations

import csv
import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.clock import format_utc, parse_utc

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class HourlyTable:
    """Hourly series side by side: ``values`` has shape [time, column]; a time is the END of its hour."""

    times: tuple[datetime, ...]
    column_ids: tuple[str, ...]
    values: NDArray[np.float64]

    def column(self, column_id: str) -> NDArray[np.float64]:
        """Return one series, shape [time].

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        if column_id not in self.column_ids:
            raise KeyError(column_id)
        return self.values[:, self.column_ids.index(column_id)]


def read_hourly_table(
    path: Path, expected: frozenset[str], span: tuple[datetime, datetime], faults: list[str]
) -> HourlyTable:
    """Read a wide hourly table (``.csv`` or ``.csv.gz``) and add a fault for everything wrong with it.

    Parameters
    ----------
    path
        The table: ``time``, then one column a series.
    expected
        Ids that must be the columns, in any order.
    span
        The times must be every full hour with start < time <= end.
    faults
        Sentences are appended here.
    """
    header, rows = _wide_rows(path, faults)
    if not header:
        return HourlyTable((), (), np.empty((0, 0)))
    column_ids = tuple(header[1:])
    for column_id in sorted(expected.symmetric_difference(column_ids)):
        what = "is missing" if column_id in expected else "belongs to nothing in the basin"
        faults.append(f"{path.name}: column {column_id} {what}")
    if len(set(column_ids)) < len(column_ids):
        faults.append(f"{path.name}: a column stands there twice")
    times: list[datetime] = []
    values = np.full((len(rows), len(column_ids)), np.nan)
    bad: list[str] = []
    for index, row in enumerate(rows):
        try:
            times.append(parse_utc(row[0] if row else ""))
            values[index] = _row_values(row, len(column_ids))
        except ValueError as error:
            bad.append(f"{path.name} line {index + 2}: {error}")
    faults.extend(_shortened(bad))
    faults.extend(_shortened([f"{path.name}: {fault}" for fault in _grid_faults(times, span)]))
    return HourlyTable(tuple(times), column_ids, values)


def _row_values(row: Sequence[str], columns: int) -> NDArray[np.float64]:
    if len(row) != columns + 1:
        raise ValueError(f"has {len(row)} fields, the first line has {columns + 1}")
    values = np.array(row[1:], dtype=np.float64)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError("every value must be a number and not negative")
    return values


def _shortened(faults: Sequence[str]) -> list[str]:
    """Keep the first five: a wrong column or a shifted clock would repeat its fault in thousands of lines."""
    more = len(faults) - 5
    return [*faults[:5], f"{faults[4]}, and so in {more} further lines"] if more > 0 else list(faults)


def _wide_rows(path: Path, faults: list[str]) -> tuple[list[str], list[list[str]]]:
    opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as handle:
            rows = list(csv.reader(handle, strict=True))
    except FileNotFoundError:
        faults.append(f"{path.name}: file is missing")
        return [], []
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        faults.append(f"{path.name}: {error}")
        return [], []
    if not rows or rows[0][:1] != ["time"]:
        faults.append(f"{path.name}: the first column must be time")
        return [], []
    return rows[0], rows[1:]


def _grid_faults(times: Sequence[datetime], span: tuple[datetime, datetime]) -> Iterator[str]:
    """Yield what keeps the times from being every hour with start < time <= end."""
    start, end = span
    if not times:
        yield "no hour stands in it"
        return
    if times[0] != start + HOUR or times[-1] != end:
        asked = f"{format_utc(start + HOUR)} to {format_utc(end)}"
        yield f"must cover {asked}, covers {format_utc(times[0])} to {format_utc(times[-1])}"
    for before, after in itertools.pairwise(times):
        if after - before != HOUR:
            yield f"{format_utc(after)} does not follow {format_utc(before)} by one hour"
