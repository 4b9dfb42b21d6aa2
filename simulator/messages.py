"""Field messages: what the devices send, as bytes, with the faults of clocks and lines in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Station
from domain.clock import format_utc
from domain.variables import VARIABLES, Variable
from simulator.faults import PlannedFault
from simulator.scenario import FaultKind
from simulator.sensors import INSTRUMENTS

Array = NDArray[np.float64]
WRONG_UNIT = "ft"
# A cut message ends inside its header, so nobody can read it.
CUT_AT = 40


class FieldMessage(NamedTuple):
    """One MQTT message of a device. ``seq`` counts from 1 within a boot of the device."""

    topic: str
    payload: bytes
    device_id: str
    boot_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class _Sending:
    """One message to be built: read at ``step``, number ``seq`` of ``boot``."""

    step: int
    boot: int
    seq: int


class Mailroom:
    """Knows which messages go out at which step, and builds them.

    Parameters
    ----------
    basin
        Its stations are the devices; one device serves one station.
    steps
        Moments of reading.
    values
        What the sensors say, shape [step, station] by variable.
    faults
        All planned faults; those of messages matter here.
    """

    def __init__(
        self,
        basin: Basin,
        steps: Sequence[datetime],
        values: Mapping[Variable, Array],
        faults: Sequence[PlannedFault],
    ) -> None:
        self._basin_id = basin.basin_id
        self._steps = steps
        self._values = values
        self._stations = list(basin.stations.values())
        self._at: dict[tuple[FaultKind, str], dict[int, PlannedFault]] = {}
        for fault in faults:
            if fault.variable is None:
                struck = self._at.setdefault((fault.kind, fault.station_id), {})
                struck.update(dict.fromkeys(range(fault.first, fault.last + 1), fault))
        self._outgoing = [self._schedule(station) for station in self._stations]

    def at(self, step: int) -> tuple[FieldMessage, ...]:
        """Return all messages that reach the broker at a step, in the order of the stations."""
        found: list[FieldMessage] = []
        for column, station in enumerate(self._stations):
            for sending in self._leaving(column, step):
                found.extend(self._build(column, station, sending, step))
        return tuple(found)

    def _schedule(self, station: Station) -> dict[int, list[_Sending]] | None:
        """Decide which reading leaves when; None: one a step, as it should be.

        Silence restarts the device, a dropout loses the reading, a late line keeps messages back.
        """
        silent, lost, late = (
            self._at.get((kind, station.station_id), {})
            for kind in (FaultKind.OUTAGE, FaultKind.DROPOUT, FaultKind.LATE)
        )
        if not (silent or lost or late):
            return None
        outgoing: dict[int, list[_Sending]] = {}
        boot, seq, was_silent = 1, 0, False
        waiting: list[_Sending] = []
        for step in range(len(self._steps)):
            if step in silent:
                was_silent = True
                continue
            if was_silent:
                boot, seq, was_silent = boot + 1, 0, False
            if step not in lost:
                seq += 1
                waiting.append(_Sending(step, boot, seq))
            if waiting and step not in late:
                outgoing[step], waiting = waiting, []
        if waiting:
            outgoing.setdefault(len(self._steps) - 1, []).extend(waiting)
        return outgoing

    def _leaving(self, column: int, step: int) -> Sequence[_Sending]:
        schedule = self._outgoing[column]
        return (_Sending(step, 1, step + 1),) if schedule is None else schedule.get(step, ())

    def _struck(self, kind: FaultKind, station: Station, step: int) -> PlannedFault | None:
        return self._at.get((kind, station.station_id), {}).get(step)

    def _build(self, column: int, station: Station, sending: _Sending, now: int) -> list[FieldMessage]:
        """Build one message and the faulty copies that go with it."""
        device_id, boot = station.station_id, f"b{sending.boot}"
        topic = f"hydronum/v1/{self._basin_id}/{device_id}/readings"
        message = FieldMessage(topic, self._payload(column, station, sending, now), device_id, boot, sending.seq)
        found = [message]
        if self._struck(FaultKind.MALFORMED, station, sending.step):
            found.insert(0, message._replace(payload=message.payload[:CUT_AT]))
        if self._struck(FaultKind.DUPLICATE, station, sending.step):
            found.append(message)
        return found

    def _payload(self, column: int, station: Station, sending: _Sending, now: int) -> bytes:
        skew = self._struck(FaultKind.CLOCK_SKEW, station, sending.step)
        clock_error = timedelta(seconds=skew.size if skew else 0.0)
        observed = format_utc(self._steps[sending.step] + clock_error)
        delay = timedelta(seconds=3 + column % 7)
        sent = format_utc(self._steps[now] + clock_error + delay)
        has_wrong_unit = self._struck(FaultKind.WRONG_UNIT, station, sending.step) is not None
        values = ",".join(
            f'{{"station":"{station.station_id}","variable":"{variable.value}",'
            f'"value":{self._number(column, variable, sending.step)},'
            f'"unit":"{WRONG_UNIT if has_wrong_unit else VARIABLES[variable].unit}","observed_at":"{observed}"}}'
            for variable in station.variables
        )
        head = f'"device":"{station.station_id}","boot":"b{sending.boot}","seq":{sending.seq},"sent_at":"{sent}"'
        return f'{{{head},"values":[{values}]}}'.encode()

    def _number(self, column: int, variable: Variable, step: int) -> str:
        value = self._values[variable][step, column]
        if np.isnan(value):
            return "null"
        return f"{value:.{INSTRUMENTS[variable].decimals}f}"
