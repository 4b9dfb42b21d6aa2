"""Real servers for tests: PostgreSQL, a broker, TimescaleDB. Each starts once a session, on loopback."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from service.embedded.broker import EmbeddedBroker
from service.embedded.postgres import EmbeddedPostgres
from store.connection import Database
from store.migrations import migrate
from tests.integration.timescale.server import BridgeUnavailable, timescale_server

TEMPLATE = "hydronum_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Return a running PostgreSQL server with a migrated template database."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            # Its databases live as long as a test: nothing is gained by waiting for the disk.
            for setting in ("fsync", "full_page_writes"):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")
        migrate(server.create_database(TEMPLATE), age_policies=False)
        yield server


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh database without any table."""
    name = f"test_{next(_numbers)}"
    yield postgres.create_database(name)
    _drop(postgres, name)


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    yield postgres.create_database(name, template=TEMPLATE)
    _drop(postgres, name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Connections to a fresh, migrated database."""
    with Database(database_url) as database:
        yield database


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """Return a running MQTT broker; use device ids of your own, its messages outlive a test."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as server:
        yield server


@pytest.fixture(scope="session")
def timescale_server_url() -> Iterator[str]:
    """URL of a migrated database with real TimescaleDB; it serves one client at a time."""
    try:
        with timescale_server() as url:
            migrate(url, age_policies=False)
            yield url
    except BridgeUnavailable as reason:
        if os.environ.get("HYDRONUM_REQUIRE_ALL") == "1":
            pytest.fail(f"TimescaleDB is required here: {reason}")
        pytest.skip(f"NOT TESTED AGAINST TIMESCALEDB: {reason}")


@pytest.fixture
def timescale_url(timescale_server_url: str) -> str:
    """URL of a migrated database with TimescaleDB and empty tables; close each connection before the next."""
    with psycopg.connect(timescale_server_url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migration'"
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(names))
    return timescale_server_url


@pytest.fixture(params=["postgresql", "timescaledb"])
def any_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Connections to an empty, migrated database: the same test runs on both kinds."""
    name = "database_url" if request.param == "postgresql" else "timescale_url"
    # One connection: TimescaleDB serves one client at a time here, and no test needs more.
    with Database(request.getfixturevalue(name), pool_size=1) as database:
        yield database


@pytest.fixture
def server_folder(tmp_path: Path) -> Path:
    """Folder for a server that a test starts and ends itself."""
    return tmp_path / "server"


def _drop(server: EmbeddedPostgres, name: str) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
