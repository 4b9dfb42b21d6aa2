"""Reading hand-kept CSV tables: every faulty row becomes a sentence, the rest is still read."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from domain.clock import parse_utc

Row = Mapping[str, str]
T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)


def read_table(path: Path, what: str, parse: Callable[[Row], T], faults: list[str]) -> Sequence[T]:
    """Parse every row of a CSV table, adding a fault for each row that cannot be read.

    Parameters
    ----------
    path
        The table; its first line names the columns.
    what
        What a row describes, in the singular ("reach"), for the faults.
    parse
        Turns a row into an object; a ``KeyError`` means a missing column, a ``ValueError`` a bad value.
    faults
        Sentences are appended here.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = len(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        faults.append(f"{path.name}: file is missing")
        return ()
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        faults.append(f"{path.name}: {error}")
        return ()
    if not columns:
        faults.append(f"{path.name}: file is empty, not even column names stand in it")
    parsed: list[T] = []
    for number, row in rows:
        name = next(iter(row.values()), "") or "?"
        if None in row or None in row.values():
            faults.append(f"{path.name} line {number}: {what} {name}: the line does not have {columns} fields")
            continue
        try:
            parsed.append(parse(row))
        except KeyError as error:
            faults.append(f"{path.name}: column {error} is missing")
            break
        except ValueError as error:
            faults.append(f"{path.name} line {number}: {what} {name}: {error}")
    return parsed


def number(row: Row, column: str) -> float:
    """Return a finite number; an empty field is refused."""
    value = number_or_none(row, column)
    if value is None:
        raise ValueError(f"{column} is empty")
    return value


def number_or_none(row: Row, column: str) -> float | None:
    """Return a finite number, or None for an empty field."""
    text = row[column]
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{column} must be a number, is {text!r}") from None
    if not math.isfinite(value):
        raise ValueError(f"{column} must be a finite number, is {text}")
    return value


def count(row: Row, column: str) -> int:
    """Return a whole number; an empty field is refused."""
    value = count_or_none(row, column)
    if value is None:
        raise ValueError(f"{column} is empty")
    return value


def count_or_none(row: Row, column: str) -> int | None:
    """Return a whole number, or None for an empty field."""
    value = number_or_none(row, column)
    if value is not None and value != int(value):
        raise ValueError(f"{column} must be a whole number, is {row[column]}")
    return None if value is None else int(value)


def choice(row: Row, column: str, kinds: type[Choice]) -> Choice:
    """Return the member of an enumeration that a field names."""
    try:
        return kinds(row[column])
    except ValueError:
        allowed = ", ".join(kind.value for kind in kinds)
        raise ValueError(f"{column} must be one of {allowed}, is {row[column]!r}") from None


def listed(text: str) -> tuple[str, ...]:
    """Split a field at semicolons.

    >>> listed("level; discharge")
    ('level', 'discharge')
    """
    return tuple(part.strip() for part in text.split(";") if part.strip())


def instant(row: Row, column: str) -> datetime:
    """Return an aware UTC time."""
    try:
        return parse_utc(row[column])
    except ValueError as error:
        raise ValueError(f"{column} must be a time such as 2021-07-14T06:00:00Z: {error}") from None
