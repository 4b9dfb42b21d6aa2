"""Every way a field message can be wrong has its reason, and none of them raises."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.readings import MessageKey, SeriesKey
from domain.variables import VARIABLES, Variable
from ingest.messages import PAYLOAD_LIMIT, Decoded, TimeWindow, decode, readings_topic
from tests.unit.ingest.field_messages import BASIN, DEVICES, LEVEL, NOON, message, topic, value


def decoded(payload: bytes, to: str | None = None, received_at: datetime = NOON) -> Decoded:
    return decode(to or topic(), payload, received_at, basin_id=BASIN, devices=DEVICES)


def only_reason(result: Decoded) -> str:
    assert not result.readings
    assert len(result.dead_letters) == 1
    return result.dead_letters[0].reason


class TestGoodMessages:
    def test_a_value_becomes_a_reading_in_aware_utc(self) -> None:
        late = value(observed_at="2021-07-14T13:59:00+02:00")
        (got,) = decoded(message([late], boot="x-9", seq=17)).readings
        assert got.series == LEVEL
        assert got.value == 1.23
        assert got.observed_at == datetime(2021, 7, 14, 11, 59, tzinfo=UTC)
        assert got.observed_at.tzinfo is UTC
        assert got.received_at == NOON
        assert (got.device_id, got.boot_id, got.seq) == ("D1", "x-9", 17)

    @pytest.mark.parametrize(
        ("variable", "unit", "sent", "internal"),
        [
            ("level", "cm", 123, 1.23),
            ("level", "mm", 1230.0, 1.23),
            ("discharge", "l/s", 12_500, 12.5),
            ("rain", "m", 0.004, 4.0),
            ("air_temperature", "K", 293.15, 20.0),
            ("humidity", "1", 0.5, 50.0),
            ("wind_speed", "km/h", 36, 10.0),
            ("turbidity", "FNU", 7, 7.0),
            ("ph", "1", 7.4, 7.4),
            ("conductivity", "mS/cm", 0.45, 450.0),
        ],
    )
    def test_units_of_the_table_are_converted(self, variable: str, unit: str, sent: float, internal: float) -> None:
        (got,) = decoded(message([value(variable=variable, unit=unit, value=sent)])).readings
        assert got.value == pytest.approx(internal, rel=1e-12)

    def test_every_variable_accepts_its_internal_unit_unchanged(self) -> None:
        values = [value(variable=spec.variable, unit=spec.unit, value=1.5) for spec in VARIABLES.values()]
        assert [got.value for got in decoded(message(values)).readings] == [1.5] * len(VARIABLES)

    def test_null_says_that_the_sensor_has_no_value(self) -> None:
        assert decoded(message([value(value=None)])).readings[0].value is None

    def test_a_missing_value_code_is_never_converted(self) -> None:
        # -999 mm would become a plausible stage of -0.999 m.
        assert decoded(message([value(value=-999, unit="mm")])).readings[0].value == -999.0

    def test_source_and_unknown_fields(self) -> None:
        (got,) = decoded(message([value(source="camera", battery=3.7)], firmware="2.1")).readings
        assert got.series == SeriesKey("S1", Variable.LEVEL, "camera")

    def test_a_device_may_report_several_stations(self) -> None:
        values = [value(station="S2"), value(station="S3")]
        assert len(decoded(message(values, device="D2"), topic("D2")).readings) == 2

    def test_the_subscription_is_the_topic_with_a_wildcard(self) -> None:
        assert readings_topic("wallonia") == "hydronum/v1/wallonia/+/readings"


class TestMessageFaults:
    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"\x00",
            b"{",
            b"[]",
            b"null",
            b"17",
            b"\xff\xfe\x00",
            b"\xef\xbb\xbf{}",
            b"[" * 10_000,
            b'{"device":' * 1600,
            b'{"a":' + b"[" * 8000 + b"]" * 8000 + b"}",
            message()[:-5],
            message() + b"x",
            message(device=None),
            message(seq="1"),
            message(seq=1.5),
            message(seq=True),
            message(seq=0),
            message(seq=-3),
            message(seq=2**63),
            message(seq=10**4000),
            message(boot=""),
            message(boot="b 1"),
            message(boot="b\x00"),
            message(boot="b" * 41),
            json.dumps({"device": "D1", "boot": "b1", "seq": 1}).encode(),
        ],
        ids=lambda payload: repr(payload[:24]) + f"...{len(payload)}",
    )
    def test_malformed_and_not_accounted(self, payload: bytes) -> None:
        result = decoded(payload)
        assert only_reason(result) == "malformed"
        assert result.key is None
        assert result.dead_letters[0].payload == payload
        assert result.dead_letters[0].device_id == "D1"

    @pytest.mark.parametrize("values", [[], {}, "x", 5, None])
    def test_a_readable_header_accounts_for_useless_values(self, values: Any) -> None:
        result = decoded(json.dumps({"device": "D1", "boot": "b1", "seq": 4, "values": values}).encode())
        assert only_reason(result) == "malformed"
        assert result.key == MessageKey("D1", "b1", 4)

    def test_oversized_is_refused_unread_and_kept_in_part(self) -> None:
        result = decoded(message() + b" " * PAYLOAD_LIMIT)
        assert only_reason(result) == "oversized"
        assert len(result.dead_letters[0].payload) == PAYLOAD_LIMIT

    def test_the_longest_accepted_message_passes(self) -> None:
        assert decoded(message().ljust(PAYLOAD_LIMIT)).readings

    @pytest.mark.parametrize(
        "wrong",
        [
            topic(basin="elsewhere"),
            topic("D 1"),
            topic("D1") + "/more",
            "hydronum/v2/testland/D1/readings",
            "hydronum/v1/testland/D1/status",
            "",
            "a\x00b\ud800",
        ],
    )
    def test_wrong_topic(self, wrong: str) -> None:
        result = decode(wrong, message(), NOON, basin_id=BASIN, devices=DEVICES)
        assert only_reason(result) == "wrong_topic"
        assert result.dead_letters[0].device_id is None
        result.dead_letters[0].topic.encode("utf-8")
        assert "\x00" not in result.dead_letters[0].topic

    def test_a_device_that_speaks_for_another_is_refused_and_not_accounted(self) -> None:
        result = decoded(message(device="D2", values=[value(station="S2")]), topic("D1"))
        assert only_reason(result) == "wrong_topic"
        assert result.key is None

    def test_an_unknown_device_keeps_its_buffer_until_it_is_registered(self) -> None:
        result = decoded(message(device="D9"), topic("D9"))
        assert only_reason(result) == "unknown_device"
        assert result.key is None


class TestValueFaults:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"value": "12,3"}, "not_a_number"),
            ({"value": "1.5"}, "not_a_number"),
            ({"value": True}, "not_a_number"),
            ({"value": []}, "not_a_number"),
            ({"value": {}}, "not_a_number"),
            ({"value": math.nan}, "not_a_number"),
            ({"value": math.inf}, "not_a_number"),
            ({"value": -math.inf}, "not_a_number"),
            ({"value": 10**400}, "not_a_number"),
            ({"variable": "rain", "unit": "m", "value": 1e308}, "not_a_number"),
            ({"station": "S2"}, "unknown_station"),
            ({"station": None}, "unknown_station"),
            ({"station": "S1\x00"}, "unknown_station"),
            ({"station": ["S1"]}, "unknown_station"),
            ({"variable": "depth"}, "unknown_variable"),
            ({"variable": None}, "unknown_variable"),
            ({"variable": ["level"]}, "unknown_variable"),
            ({"unit": "ft"}, "wrong_unit"),
            ({"unit": "M"}, "wrong_unit"),
            ({"unit": None}, "wrong_unit"),
            ({"unit": ["m"]}, "wrong_unit"),
            ({"unit": "degC"}, "wrong_unit"),
            ({"unit": "ft", "value": None}, "wrong_unit"),
            ({"observed_at": "2021-07-14T12:00:00"}, "malformed"),
            ({"observed_at": "yesterday"}, "malformed"),
            ({"observed_at": 1626264000}, "malformed"),
            ({"observed_at": None}, "malformed"),
            ({"observed_at": "2021-02-30T12:00:00Z"}, "malformed"),
            ({"observed_at": "0001-01-01T00:00:00+01:00"}, "malformed"),
            ({"source": "ca mera"}, "malformed"),
            ({"source": None}, "malformed"),
        ],
        ids=str,
    )
    def test_each_fault_has_its_reason(self, changes: dict[str, Any], reason: str) -> None:
        result = decoded(message([value(**changes)]))
        assert only_reason(result) == reason
        assert result.key == MessageKey("D1", "b1", 1)

    @pytest.mark.parametrize("raw", [b"5", b"null", b'"x"', b"[1]", b"[" * 200 + b"]" * 200])
    def test_a_value_that_is_no_object(self, raw: bytes) -> None:
        assert only_reason(decoded(message(["?"]).replace(b'"?"', raw))) == "malformed"

    def test_a_value_left_out_is_not_null(self) -> None:
        bare = value()
        del bare["value"]
        assert only_reason(decoded(message([bare]))) == "not_a_number"

    @pytest.mark.parametrize("raw", [b"1e309", b"-1e999", b"1" + b"0" * 5000])
    def test_numbers_beyond_any_number(self, raw: bytes) -> None:
        assert only_reason(decoded(message().replace(b"1.23", raw))) == "not_a_number"

    def test_a_huge_finite_number_is_a_reading_for_the_range_rule(self) -> None:
        assert decoded(message([value(value=1e308)])).readings[0].value == 1e308

    def test_invalid_utf8_in_one_value_spoils_that_value_only(self) -> None:
        payload = message([value(), value(unit="?")]).replace(b'"?"', b'"\xff"')
        result = decoded(payload)
        assert len(result.readings) == 1
        assert [letter.reason for letter in result.dead_letters] == ["malformed"]

    def test_good_values_survive_bad_ones(self) -> None:
        values = [value(), value(value=math.nan), value(unit="ft"), value(station="S9"), value(value=2.0)]
        result = decoded(message(values, seq=5))
        assert [got.value for got in result.readings] == [1.23, 2.0]
        assert [letter.reason for letter in result.dead_letters] == ["not_a_number", "wrong_unit", "unknown_station"]
        assert result.key == MessageKey("D1", "b1", 5)

    def test_a_dead_value_keeps_its_own_bytes_and_says_where_it_stood(self) -> None:
        (letter,) = decoded(message([value(), value(unit="ft")], seq=5)).dead_letters
        assert json.loads(letter.payload) == value(unit="ft")
        assert letter.detail == "boot b1 seq 5 value 1: unit 'ft' of level: expected m or cm or mm"
        assert letter.device_id == "D1"
        assert letter.received_at == NOON

    def test_details_fit_any_database(self) -> None:
        (letter,) = decoded(message([value(unit="\x00\ud800" + "u" * 5000)])).dead_letters
        assert "\x00" not in letter.detail
        assert len(letter.detail.encode()) <= 500


class TestTimes:
    @pytest.mark.parametrize(
        ("observed_at", "reason"),
        [
            (NOON + timedelta(minutes=5, seconds=1), "time_in_future"),
            (NOON + timedelta(days=1), "time_in_future"),
            (datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC), "time_in_future"),
            (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "time_in_future"),
            (NOON - timedelta(days=31, seconds=1), "time_too_old"),
            (datetime(1970, 1, 1, tzinfo=UTC), "time_too_old"),
            (datetime(1, 1, 1, tzinfo=UTC), "time_too_old"),
        ],
    )
    def test_beyond_the_window(self, observed_at: datetime, reason: str) -> None:
        assert only_reason(decoded(message([value(observed_at=observed_at.isoformat())]))) == reason

    @pytest.mark.parametrize("offset", [timedelta(minutes=5), timedelta(), timedelta(days=-31)])
    def test_the_window_includes_its_ends(self, offset: timedelta) -> None:
        assert decoded(message([value(observed_at=(NOON + offset).isoformat())])).readings

    def test_another_window(self) -> None:
        narrow = TimeWindow(horizon=timedelta(hours=1), ahead=timedelta())
        payload = message([value(observed_at="2021-07-14T10:59:59Z"), value(observed_at="2021-07-14T12:00:01Z")])
        result = decode(topic(), payload, NOON, basin_id=BASIN, devices=DEVICES, window=narrow)
        assert [letter.reason for letter in result.dead_letters] == ["time_too_old", "time_in_future"]
