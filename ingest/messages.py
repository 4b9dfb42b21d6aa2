"""From the bytes of a field message to readings in SI units, or to dead letters with a reason.

Pure: no I/O, no clock. A fault of the message as a whole makes one dead letter of it; a fault of one
value makes a dead letter of that value alone, and the good values beside it become readings.

Accounting. A message is *accounted* (its ``MessageKey`` is committed, so the sender's high-water mark
passes it and the sender never repeats it) when its header can be read and it speaks for the registered
device whose topic it came on; its values may be as bad as they like. A message that is not JSON, whose
header is unusable, or that came under another device's name is kept as a dead letter but not accounted:
a sequence number guessed out of damaged bytes could let a good message pass for a copy and be lost. The
mark then stays below it and its sender repeats it, which is the cure when the damage happened on the way.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from domain.clock import parse_utc
from domain.errors import RejectedMessage, RejectionReason
from domain.readings import DEFAULT_SOURCE, DeadLetter, MessageKey, Reading, SeriesKey, is_id
from domain.variables import VARIABLES, Variable, VariableSpec

PAYLOAD_LIMIT: Final = 16 * 1024
DETAIL_LIMIT: Final = 500
TOPIC_LIMIT: Final = 500

# Loggers send these for "no value" whatever the unit is. They are no quantities, so they are not
# converted: -999 in mm would become a stage of -0.999 m, which looks real.
MISSING_CODES: Final = frozenset({-888.0, -999.0, -8888.0, -9999.0, -99999.0})


class TimeWindow(NamedTuple):
    """How far back, and how far ahead of the time of receipt, an observed time is believed."""

    horizon: timedelta = timedelta(days=31)
    ahead: timedelta = timedelta(minutes=5)


class Decoded(NamedTuple):
    """What became of one message; ``key`` is None when it is not accounted (see the module's text)."""

    readings: tuple[Reading, ...]
    dead_letters: tuple[DeadLetter, ...]
    key: MessageKey | None


class _Envelope(msgspec.Struct):
    device: str
    boot: str
    seq: int
    values: msgspec.Raw


class _Value(msgspec.Struct):
    """One value as sent. Types are checked one by one, so that each fault has its own reason."""

    station: Any = None
    variable: Any = None
    value: Any = msgspec.UNSET
    unit: Any = None
    observed_at: Any = None
    source: Any = DEFAULT_SOURCE


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_VALUES: Final = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE: Final = msgspec.json.Decoder(_Value)

# NaN and Infinity are no JSON, but the standard encoders of several languages write them. Quoted, they
# spoil one value instead of the message.
_BARE_NOT_A_NUMBER: Final = re.compile(rb"(?<=[:,\[])(\s*)(-?(?:NaN|Infinity))(?=\s*[,}\]])")

# What msgspec raises on foreign bytes: its own errors and bad UTF-8 are ValueErrors, depth is recursion.
_UNREADABLE: Final = (ValueError, RecursionError)


def readings_topic(basin_id: str, device_id: str = "+") -> str:
    """Return the topic of a device's readings, or the filter that matches those of every device."""
    return f"hydronum/v1/{basin_id}/{device_id}/readings"


def ack_topic(basin_id: str, device_id: str) -> str:
    """Return the retained topic of a device's high-water mark."""
    return f"hydronum/v1/{basin_id}/{device_id}/ack"


def decode(
    topic: str,
    payload: bytes,
    received_at: datetime,
    *,
    basin_id: str,
    devices: Mapping[str, frozenset[str]],
    window: TimeWindow = TimeWindow(),  # noqa: B008  # an immutable tuple of constants
) -> Decoded:
    """Turn one field message into readings and dead letters, at least one of either.

    Parameters
    ----------
    topic, payload
        As received. At most ``PAYLOAD_LIMIT`` bytes are looked at; a longer payload is refused.
    received_at
        Aware UTC, the run's time of receipt.
    devices
        Stations that each registered device may report.

    Returns
    -------
    Decoded
        Readings have the variable's internal unit and aware UTC times. Never raises for foreign bytes.

    Examples
    --------
    >>> from datetime import UTC
    >>> noon = datetime(2021, 7, 14, 12, tzinfo=UTC)
    >>> text = b'''{"device": "D1", "boot": "b1", "seq": 7, "values": [
    ...   {"station": "S1", "variable": "level", "value": 123, "unit": "cm", "observed_at": "2021-07-14T11:59:00Z"},
    ...   {"station": "S1", "variable": "level", "value": "1,2", "unit": "m", "observed_at": "2021-07-14T11:59:00Z"}
    ... ]}'''
    >>> got = decode("hydronum/v1/wallonia/D1/readings", text, noon, basin_id="wallonia", devices={"D1": {"S1"}})
    >>> got.readings[0].value, got.dead_letters[0].reason, got.key.seq
    (1.23, 'not_a_number', 7)
    """
    device_id: str | None = None
    key: MessageKey | None = None
    try:
        device_id = _device_of(topic, basin_id)
        envelope = _read_envelope(payload)
        key = _account(envelope, device_id, devices)
        values = _read_values(envelope.values)
    except RejectedMessage as rejection:
        letter = dead_letter(topic, payload, received_at, rejection, device_id, accounted=key is not None)
        return Decoded((), (letter,), key)
    return _decode_values(values, topic, received_at, key, devices[device_id], window)


def dead_letter(
    topic: str,
    payload: bytes,
    received_at: datetime,
    rejection: RejectedMessage,
    device_id: str | None = None,
    *,
    accounted: bool,
) -> DeadLetter:
    """Keep raw bytes with the reason; the texts are made fit for any database."""
    return DeadLetter(
        topic=plain(topic, TOPIC_LIMIT),
        payload=bytes(payload[:PAYLOAD_LIMIT]),
        reason=rejection.reason.value,
        detail=plain(rejection.detail, DETAIL_LIMIT),
        device_id=device_id,
        received_at=received_at,
        accounted=accounted,
    )


def plain(text: str, limit: int) -> str:
    r"""Return foreign text without NUL and lone surrogates, which databases refuse, at most ``limit`` long.

    >>> plain("a\x00b\ud800c", 10)
    'a?b?c'
    """
    return text[:limit].replace("\x00", "?").encode("utf-8", "replace").decode("utf-8")


def _shown(foreign: object) -> str:
    """Return a short repr; printed whole, a foreign value may be deeper than Python can go."""
    return reprlib.repr(foreign)


def _device_of(topic: str, basin_id: str) -> str:
    match topic.split("/"):
        case ["hydronum", "v1", basin, device, "readings"] if basin == basin_id and is_id(device):
            return device
    raise RejectedMessage(RejectionReason.WRONG_TOPIC, f"expected {readings_topic(basin_id, '<device>')}")


def _read_envelope(payload: bytes) -> _Envelope:
    if len(payload) > PAYLOAD_LIMIT:
        raise RejectedMessage(RejectionReason.OVERSIZED, f"longer than {PAYLOAD_LIMIT} bytes, the rest is cut off")
    try:
        return _ENVELOPE.decode(payload)
    except _UNREADABLE as fault:
        repaired = _BARE_NOT_A_NUMBER.sub(rb'\1"\2"', payload)
        if repaired == payload:
            raise RejectedMessage(RejectionReason.MALFORMED, str(fault)) from fault
    try:
        return _ENVELOPE.decode(repaired)
    except _UNREADABLE as fault:
        raise RejectedMessage(RejectionReason.MALFORMED, str(fault)) from fault


def _account(envelope: _Envelope, device_id: str, devices: Mapping[str, frozenset[str]]) -> MessageKey:
    if envelope.device != device_id:
        detail = f"the message says it is from device {_shown(envelope.device)}"
        raise RejectedMessage(RejectionReason.WRONG_TOPIC, detail)
    if device_id not in devices:
        raise RejectedMessage(RejectionReason.UNKNOWN_DEVICE, f"device {device_id} is not registered")
    if not is_id(envelope.boot):
        raise RejectedMessage(RejectionReason.MALFORMED, f"boot {_shown(envelope.boot)} is no id")
    if not 1 <= envelope.seq < 2**63:
        raise RejectedMessage(RejectionReason.MALFORMED, f"seq must be at least 1, is {_shown(envelope.seq)}")
    return MessageKey(device_id, envelope.boot, envelope.seq)


def _read_values(raw: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        values = _VALUES.decode(raw)
    except _UNREADABLE as fault:
        raise RejectedMessage(RejectionReason.MALFORMED, f"values: {fault}") from fault
    if not values:
        raise RejectedMessage(RejectionReason.MALFORMED, "no values")
    return values


def _decode_values(
    values: list[msgspec.Raw],
    topic: str,
    received_at: datetime,
    key: MessageKey,
    stations: frozenset[str],
    window: TimeWindow,
) -> Decoded:
    readings: list[Reading] = []
    dead_letters: list[DeadLetter] = []
    for position, raw in enumerate(values):
        try:
            series, value, observed_at = _decode_value(raw, stations)
            _check_time(observed_at, received_at, window)
        except RejectedMessage as rejection:
            # Only the value's own bytes are kept: 200 bad values must not keep 200 copies of the message.
            where = f"boot {key.boot_id} seq {key.seq} value {position}: {rejection.detail}"
            rejected = RejectedMessage(rejection.reason, where)
            letter = dead_letter(topic, bytes(raw), received_at, rejected, key.device_id, accounted=True)
            dead_letters.append(letter)
        else:
            readings.append(Reading(series, value, observed_at, received_at, *key))
    return Decoded(tuple(readings), tuple(dead_letters), key)


def _decode_value(raw: msgspec.Raw, stations: frozenset[str]) -> tuple[SeriesKey, float | None, datetime]:
    try:
        sent = _VALUE.decode(raw)
    except msgspec.ValidationError as fault:
        reason = RejectionReason.NOT_A_NUMBER if "out of range" in str(fault) else RejectionReason.MALFORMED
        raise RejectedMessage(reason, str(fault)) from fault
    except _UNREADABLE as fault:
        raise RejectedMessage(RejectionReason.MALFORMED, str(fault)) from fault
    if not isinstance(sent.station, str) or sent.station not in stations:
        detail = f"station {_shown(sent.station)} does not belong to this device"
        raise RejectedMessage(RejectionReason.UNKNOWN_STATION, detail)
    spec = _spec_of(sent.variable)
    if not isinstance(sent.source, str) or not is_id(sent.source):
        raise RejectedMessage(RejectionReason.MALFORMED, f"source {_shown(sent.source)} is no id")
    series = SeriesKey(sent.station, spec.variable, sent.source)
    return series, _in_internal_unit(sent.value, sent.unit, spec), _instant(sent.observed_at)


def _spec_of(variable: object) -> VariableSpec:
    try:
        return VARIABLES[Variable(variable)]  # type: ignore[arg-type]  # anything may come; the error tells
    except (ValueError, TypeError) as fault:
        raise RejectedMessage(RejectionReason.UNKNOWN_VARIABLE, f"{_shown(variable)} is no variable") from fault


def _in_internal_unit(value: object, unit: object, spec: VariableSpec) -> float | None:
    """Return the value in the variable's internal unit; None, when sent, says that the sensor has no value."""
    if not isinstance(unit, str) or unit not in spec.units:
        detail = f"unit {_shown(unit)} of {spec.variable}: expected {' or '.join(spec.units)}"
        raise RejectedMessage(RejectionReason.WRONG_UNIT, detail)
    if value is None:
        return None
    # bool is an int to Python, but no sensor measures True.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RejectedMessage(RejectionReason.NOT_A_NUMBER, f"value {_shown(value)} is no number")
    if value in MISSING_CODES:
        return float(value)
    factor, offset = spec.units[unit]
    try:
        converted = value * factor + offset
    except OverflowError as fault:
        raise RejectedMessage(RejectionReason.NOT_A_NUMBER, "value is too large for a number") from fault
    if not math.isfinite(converted):
        raise RejectedMessage(RejectionReason.NOT_A_NUMBER, f"value {_shown(value)} {unit} is not finite")
    return converted


def _instant(text: object) -> datetime:
    if not isinstance(text, str):
        raise RejectedMessage(RejectionReason.MALFORMED, f"observed_at {_shown(text)} is no time")
    try:
        return parse_utc(text)
    except (ValueError, OverflowError) as fault:
        raise RejectedMessage(RejectionReason.MALFORMED, f"observed_at: {fault}") from fault


def _check_time(observed_at: datetime, received_at: datetime, window: TimeWindow) -> None:
    if observed_at - received_at > window.ahead:
        detail = f"observed at {observed_at.isoformat()}, received at {received_at.isoformat()}"
        raise RejectedMessage(RejectionReason.TIME_IN_FUTURE, detail)
    if received_at - observed_at > window.horizon:
        detail = f"observed at {observed_at.isoformat()}, received at {received_at.isoformat()}"
        raise RejectedMessage(RejectionReason.TIME_TOO_OLD, detail)
