"""The roles as processes, each wired from the settings: ``ingest``, ``model``, ``api``."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Final

from domain.basin_files import read_basin
from domain.clock import format_utc
from domain.errors import ConfigurationError, HydroNumError
from service.logs import configure_logging
from service.settings import Settings
from service.supervisor import StopSignal

log = logging.getLogger(__name__)


def run_role(role: str, settings: Settings) -> int:
    """Run one role until it is told to stop; return the exit code.

    Raises
    ------
    ConfigurationError
        When a URL that the role needs is not set, or the basin folder has faults.
    """
    configure_logging()
    stop = threading.Event()
    StopSignal(stop).install()
    log.info("role %s starts", role)
    _ROLES[role](settings, stop)
    log.info("role %s stopped", role)
    return 0


def database_url(settings: Settings) -> str:
    """Return the URL of the database.

    Raises
    ------
    ConfigurationError
        When none is set: a role by itself never starts an embedded server.
    """
    if settings.database_url is None:
        raise ConfigurationError(["setting database_url is empty; a single role needs a running database"])
    return settings.database_url.get_secret_value()


def broker_url(settings: Settings) -> str:
    """Return the URL of the broker.

    Raises
    ------
    ConfigurationError
        When none is set.
    """
    if settings.broker_url is None:
        raise ConfigurationError(["setting broker_url is empty; the role ingest needs a running broker"])
    return settings.broker_url.get_secret_value()


def migrate_database(settings: Settings) -> None:
    """Bring the schema up to date, register the basin's devices and start the live clock."""
    from domain.clock import WallClock
    from domain.records import RunClock, RunMode
    from store.clock import ClockRepository
    from store.connection import Database
    from store.migrations import migrate
    from store.readings import ReadingRepository

    url = database_url(settings)
    basin = read_basin(settings.basin)
    migrate(url, age_policies=True)
    with Database(url) as database:
        ReadingRepository(database).register_devices({station_id: [station_id] for station_id in basin.stations})
        clocks = ClockRepository(database)
        if clocks.run_clock() is None:
            now = WallClock().now()
            clocks.start_clock(RunClock(RunMode.LIVE, settings.label, None, None, now, playing=True, speed=1.0))


def report_health(settings: Settings) -> tuple[bool, list[str]]:
    """Tell whether the database answers, and say how the service is, one line a fact."""
    from store.connection import Database
    from store.queries import Queries

    try:
        with Database(database_url(settings), pool_size=1, wait_s=5.0) as database:
            queries = Queries(database)
            newest = queries.newest_commit_at()
            return True, [
                "database: ok",
                f"newest commit: {format_utc(newest) if newest else 'none'}",
                f"dead letters: {queries.dead_letter_count()}",
            ]
    except HydroNumError as error:
        return False, [f"database: {error}"]


def _ingest(settings: Settings, stop: threading.Event) -> None:
    from prometheus_client import CollectorRegistry

    from ingest.role import IngestRole
    from ingest.settings import IngestSettings
    from service.run_clocks import run_clock
    from store.connection import Database
    from store.readings import ReadingRepository

    basin = read_basin(settings.basin)
    with Database(database_url(settings)) as database:
        role = IngestRole(
            ReadingRepository(database),
            broker_url(settings),
            basin.basin_id,
            run_clock(settings.clock, database),
            CollectorRegistry(),
            IngestSettings(share_group=settings.shared_subscription, client_id=settings.client_id),
        )
        role.run(stop)


def _api(settings: Settings, stop: threading.Event) -> None:
    del stop
    from api.app import create_app
    from api.context import ApiSettings
    from api.security import require_loopback
    from api.server import api_server
    from store.connection import Database
    from store.listening import NoticeListener
    from store.queries import Queries

    require_loopback(settings.host)
    url = database_url(settings)
    with bind(settings.host, settings.port) as listening, Database(url) as database:
        web_dist = settings.web_dist if (settings.web_dist / "index.html").exists() else None
        app = create_app(
            read_basin(settings.basin), Queries(database), NoticeListener(url), ApiSettings(web_dist=web_dist)
        )
        # While it runs, the server takes the signals itself; it passes them on to ours when it has ended.
        api_server(app).run(sockets=[listening])


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address.

    Raises
    ------
    ConfigurationError
        When the port is in use or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigurationError([f"port {port} on {host} cannot be used: {error.strerror}"]) from error
    return listening


def _model(settings: Settings, stop: threading.Event) -> None:
    from service.model_role import run_model

    run_model(settings, stop)


_ROLES: Final[Mapping[str, Callable[[Settings, threading.Event], None]]] = {
    "ingest": _ingest,
    "model": _model,
    "api": _api,
}
