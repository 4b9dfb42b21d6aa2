"""Real servers for tests: PostgreSQL, a broker, TimescaleDB. Each starts once a session, on loopback."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from service.embedded.broker import EmbeddedBroker
from service.embedded.postgres import EmbeddedPostgres
from store.connection import Database
from store.migrations import migrate

TEMPLATE = "hydronum_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Return a running PostgreSQL server with a migrated template database."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
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


@pytest.fixture
def server_folder(tmp_path: Path) -> Path:
    """Folder for a server that a test starts and ends itself."""
    return tmp_path / "server"


def _drop(server: EmbeddedPostgres, name: str) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
