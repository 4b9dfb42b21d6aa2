"""``hydronum run``: all roles on live input under one supervisor, on embedded servers where none are named."""

from __future__ import annotations

import contextlib
import threading
from typing import Final

from rich.console import Console

from api.security import require_loopback
from domain.errors import ConfigurationError
from ingest.mqtt import BrokerAddress
from service.embedded.broker import EmbeddedBroker
from service.embedded.folder import ServerFolder
from service.embedded.postgres import EmbeddedPostgres
from service.roles import bind, migrate_database
from service.settings import Settings, read_settings
from service.supervisor import StopSignal, Supervisor

DATABASE_NAME: Final = "hydronum"
WATCH_EVERY_S: Final = 0.5
ROLES: Final = ("ingest", "model", "api")


def run_all(settings: Settings) -> int:
    """Run the service until it is told to stop; return the exit code.

    Raises
    ------
    ConfigurationError
        When the port is in use, the address is not loopback, or the basin folder or a setting has faults.
    ServerError
        When the data folder cannot be used or a server does not start.
    """
    console = Console(stderr=True, highlight=False)
    stop = threading.Event()
    StopSignal(stop).install()
    require_loopback(settings.host)
    bind(settings.host, settings.port).close()  # a busy port is said before anything is started
    folder = settings.data_dir / "live"
    with contextlib.ExitStack() as on_exit:
        lock = ServerFolder(folder, "service")
        lock.claim()
        on_exit.callback(lock.release)
        postgres, database_url = _database(settings, on_exit)
        broker, broker_url = _broker(settings, on_exit)
        environment = {
            "HYDRONUM_DATABASE_URL": database_url,
            "HYDRONUM_BROKER_URL": broker_url,
            "HYDRONUM_BASIN": str(settings.basin.absolute()),
            "HYDRONUM_PORT": str(settings.port),
        }
        migrate_database(read_settings(basin=settings.basin, database_url=database_url))
        supervisor = Supervisor(environment, folder / "logs")
        on_exit.callback(supervisor.stop)
        supervisor.start(ROLES)
        console.print(f"HydroNum is on http://{settings.host}:{settings.port}")
        if broker is not None:
            console.print(f"Devices publish to {broker.url('field')}", soft_wrap=True)
        while not stop.wait(WATCH_EVERY_S):
            for server in (postgres, broker):
                if server is not None and not server.is_alive():
                    server.start()
            supervisor.check()
        console.print("Stopping ...")
    return 0


def _database(settings: Settings, on_exit: contextlib.ExitStack) -> tuple[EmbeddedPostgres | None, str]:
    if settings.database_url is not None:
        return None, settings.database_url.get_secret_value()
    server = EmbeddedPostgres(settings.data_dir / "live" / "database")
    server.start()
    on_exit.callback(server.stop)
    return server, server.create_database(DATABASE_NAME)


def _broker(settings: Settings, on_exit: contextlib.ExitStack) -> tuple[EmbeddedBroker | None, str]:
    if settings.broker_url is not None:
        url = settings.broker_url.get_secret_value()
        BrokerAddress.parse(url)  # said here once, not by a role that is started again and again
        return None, url
    if settings.shared_subscription:
        raise ConfigurationError(["setting shared_subscription needs an MQTT 5 broker; the embedded one speaks 3.1.1"])
    server = EmbeddedBroker(settings.data_dir / "live" / "broker")
    server.start()
    on_exit.callback(server.stop)
    return server, server.url("ingest")
