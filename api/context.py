"""What every router needs, made once when the application is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from api.broadcast import Broadcast
from api.geometry_documents import GeometryDocument, Layer
from api.metrics_registry import ApiMetrics
from api.ports import ApiStore, NoticeSource
from api.problems import Problem, not_found
from api.security import LOOPBACK_HOSTS
from domain.basin import Basin, Station
from domain.clock import Clock
from domain.records import RunClock, RunMode


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What may be chosen.

    ``web_dist`` is the folder of built pages, ``allowed_hosts`` the names under which the service answers
    (without port), ``keep_alive_s`` the longest silence of an event stream, ``queue_length`` how many
    notices a page may be behind before it is told to read everything again.
    """

    web_dist: Path | None = None
    allowed_hosts: frozenset[str] = LOOPBACK_HOSTS
    keep_alive_s: float = 15.0
    queue_length: int = 64


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Basin, store and what was computed from the basin once."""

    basin: Basin
    store: ApiStore
    notices: NoticeSource
    wall: Clock
    settings: ApiSettings
    broadcast: Broadcast
    metrics: ApiMetrics
    station_of_reach: Mapping[str, str | None]
    geometry: Mapping[Layer, GeometryDocument]

    def station(self, station_id: str) -> Station:
        """Return a station, or raise the problem that there is none."""
        station = self.basin.stations.get(station_id)
        if station is None:
            raise not_found(f"There is no station {station_id} in {self.basin.name}.")
        return station

    def run_clock(self) -> RunClock:
        """Return the clock of the run, or raise the problem that it has not started."""
        clock = self.store.run_clock()
        if clock is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-started", "The run has not started yet.")
        return clock

    def now(self, clock: RunClock | None = None) -> datetime:
        """Return the run's time: the machine's in live mode, the event's otherwise."""
        clock = clock or self.run_clock()
        return self.wall.now() if clock.mode is RunMode.LIVE else clock.at


def _context(request: Request) -> ApiContext:
    context = request.app.state.context
    if not isinstance(context, ApiContext):
        raise TypeError("the application was not made by create_app")
    return context


Context = Annotated[ApiContext, Depends(_context)]
