"""Whatever bytes arrive: nothing raises, everything is accounted for, good messages survive the journey."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.readings import DEFAULT_SOURCE, ID_PATTERN, MessageKey, Reading, SeriesKey
from domain.variables import VARIABLES, Variable
from ingest.messages import Decoded, decode
from tests.unit.ingest.field_messages import BASIN, DEVICES, NOON, message, topic, value

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ids = st.from_regex(ID_PATTERN, fullmatch=True)
moments = st.datetimes(
    NOON.replace(tzinfo=None) - timedelta(days=31), NOON.replace(tzinfo=None), timezones=st.just(UTC)
)


def near(fields: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a valid object in which some fields are replaced by anything or left out."""

    def damage(changes: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
        return {name: part for name, part in {**fields, **changes}.items() if name not in left_out}

    names = st.sampled_from(sorted(fields))
    return st.builds(damage, st.dictionaries(names, anything, max_size=3), st.sets(names, max_size=1))


def decoded(payload: bytes, to: str | None = None) -> Decoded:
    return decode(to or topic(), payload, NOON, basin_id=BASIN, devices=DEVICES)


def assert_accounted_for(result: Decoded) -> None:
    assert len(result.readings) + len(result.dead_letters) >= 1
    for letter in result.dead_letters:
        assert letter.reason
        assert len(letter.payload) <= 16 * 1024
        for text in (letter.topic, letter.detail):
            assert "\x00" not in text
            text.encode("utf-8")
    for reading in result.readings:
        assert reading.value is None or math.isfinite(reading.value)
        assert reading.observed_at.utcoffset() == timedelta()
        assert MessageKey(reading.device_id, reading.boot_id, reading.seq) == result.key


@given(st.binary(max_size=400))
def test_any_bytes(payload: bytes) -> None:
    result = decoded(payload)
    assert_accounted_for(result)
    assert not result.readings


@given(st.text(max_size=80), st.binary(max_size=40))
def test_any_topic(to: str, payload: bytes) -> None:
    assert_accounted_for(decoded(payload, to or "?"))


@given(anything)
def test_any_json(content: Any) -> None:
    assert_accounted_for(decoded(json.dumps(content).encode("utf-8", "surrogatepass")))


envelope: dict[str, Any] = {"device": "D1", "boot": "b1", "seq": 1, "values": [value(), value(value=2.0)]}


@given(near(envelope))
def test_nearly_right_envelopes(content: Any) -> None:
    assert_accounted_for(decoded(json.dumps(content).encode("utf-8", "surrogatepass")))


@given(st.lists(near({**value(), "source": "gauge"}), min_size=1, max_size=4))
def test_nearly_right_values_never_harm_the_good_one_beside_them(values: list[dict[str, Any]]) -> None:
    payload = json.dumps({**envelope, "values": [*values, value(value=42.0)]}).encode("utf-8", "surrogatepass")
    result = decoded(payload)
    assert_accounted_for(result)
    assert result.key == MessageKey("D1", "b1", 1)
    assert len(result.readings) + len(result.dead_letters) == len(values) + 1
    assert result.readings[-1].value == 42.0


@given(st.data())
def test_damaged_on_the_way(draws: st.DataObject) -> None:
    payload = bytearray(message())
    for _ in range(draws.draw(st.integers(1, 4))):
        payload[draws.draw(st.integers(0, len(payload) - 1))] = draws.draw(st.integers(0, 255))
    assert_accounted_for(decoded(bytes(payload[: draws.draw(st.integers(0, len(payload)))])))


def encode(readings: list[Reading], write: Callable[[datetime], str]) -> bytes:
    first = readings[0]
    values = [
        {
            "station": reading.series.station_id,
            "variable": reading.series.variable,
            "source": reading.series.source_id,
            "value": reading.value,
            "unit": VARIABLES[reading.series.variable].unit,
            "observed_at": write(reading.observed_at),
        }
        for reading in readings
    ]
    whole = {"device": first.device_id, "boot": first.boot_id, "seq": first.seq, "values": values}
    return json.dumps(whole).encode()


@given(
    boot=ids,
    seq=st.integers(1, 2**63 - 1),
    parts=st.lists(
        st.tuples(
            st.sampled_from(["S2", "S3"]),
            st.sampled_from(list(Variable)),
            st.just(DEFAULT_SOURCE) | ids,
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            moments,
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_decoding_undoes_encoding(
    boot: str, seq: int, parts: list[tuple[str, Variable, str, float | None, Any]]
) -> None:
    readings = [
        Reading(SeriesKey(station, variable, source), level, observed_at, NOON, "D2", boot, seq)
        for station, variable, source, level, observed_at in parts
    ]
    result = decoded(encode(readings, datetime.isoformat), topic("D2"))
    assert list(result.readings) == readings
    assert result.key == MessageKey("D2", boot, seq)
    assert not result.dead_letters
