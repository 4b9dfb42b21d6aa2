"""Small parts of the store that need no server."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import psycopg
import pytest

from domain.records import Notice, Topic
from store.arrays import RealArray, RealArrayDumper, TextArray, TextArrayDumper, TimeArray, TimeArrayDumper
from store.connection import in_words
from store.json_column import to_json
from store.migrations import Form, read_migrations
from store.notices import parse_notice


def test_real_array_has_the_binary_form_of_postgresql() -> None:
    dumped = RealArrayDumper(RealArray).dump(RealArray(np.array([[1.0], [np.nan]])))
    header = bytes.fromhex("00000001 00000000 000002bc 00000002 00000001")  # 1 dimension, no null, oid 700, 2 from 1
    assert dumped[:20] == header
    assert dumped[20:28] == bytes.fromhex("00000004 3f800000")
    assert math.isnan(np.frombuffer(dumped[32:36], ">f4")[0])


def test_time_array_counts_microseconds_from_2000_in_any_zone() -> None:
    brussels = timezone(timedelta(hours=2))
    instants = [datetime(2000, 1, 1, 2, 0, 1, tzinfo=brussels), datetime(1999, 12, 31, 23, 59, 59, 999999, UTC)]
    dumped = TimeArrayDumper(TimeArray).dump(TimeArray(instants))
    assert dumped[24:32] == (1_000_000).to_bytes(8, "big")
    assert dumped[36:44] == (-1).to_bytes(8, "big", signed=True)


def test_text_array_holds_null_and_any_letter_but_no_nul() -> None:
    dumped = TextArrayDumper(TextArray).dump(TextArray([None, 'Ourthe {à \\"}', ""]))
    assert dumped[:24] == bytes.fromhex("00000001 00000001 00000019 00000003 00000001 ffffffff")
    assert dumped[24:].startswith(b"\0\0\0\x0e" + "Ourthe {à".encode())
    with pytest.raises(psycopg.DataError, match="NUL"):
        TextArrayDumper(TextArray).dump(TextArray(["a\0"]))


def test_evidence_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"value": math.nan})
    with pytest.raises(TypeError, match="object has no form in JSON"):
        to_json({"value": object()})
    assert to_json({"a": {"b": np.int64(3)}}) == '{"a": {"b": 3}}'


def test_every_number_has_one_form_or_both() -> None:
    forms: dict[str, set[Form | None]] = {}
    for migration in read_migrations():
        forms.setdefault(migration.name, set()).add(migration.form)
    assert list(forms) == sorted(forms)
    assert [name[:4] for name in forms] == [f"{number:04d}" for number in range(1, len(forms) + 1)]
    assert all(found in ({None}, {Form.TIMESCALEDB, Form.POSTGRESQL}) for found in forms.values())


def test_no_migration_asks_the_machine_for_the_time() -> None:
    code = [line for item in read_migrations() for line in item.sql.splitlines() if not line.startswith("--")]
    asked = [line for line in code if "now()" in line.lower() or "current_timestamp" in line.lower()]
    assert asked == []


def test_notice_without_reference_or_with_an_unknown_topic() -> None:
    assert parse_notice('{"topic": "readings", "id": null, "at": "2021-07-14T00:00:00Z"}') == Notice(
        Topic.READINGS, None, datetime(2021, 7, 14, tzinfo=UTC)
    )
    with pytest.raises(ValueError, match="gossip"):
        parse_notice('{"topic": "gossip", "id": null, "at": "2021-07-14T00:00:00Z"}')


def test_failures_of_the_database_are_said_in_words() -> None:
    assert "disk of the database is full" in in_words(psycopg.errors.DiskFull("could not extend"))
    assert "no connection left" in in_words(psycopg.errors.TooManyConnections("sorry"))
    assert in_words(psycopg.OperationalError("gone\n")) == "the database cannot be reached: gone"
