"""Numbered migrations: SQL files applied once, in order, under a lock, and never edited afterwards.

``NNNN_name.sql`` is for every database. A number may instead come in two forms,
``NNNN_name.timescaledb.sql`` and ``NNNN_name.postgresql.sql``, of which exactly one is applied: the
first where the extension is at hand when the database is made. A database keeps its form for life.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import psycopg

from domain.errors import ConfigurationError, StoreUnavailable
from store.connection import Connection, in_words

FOLDER: Final = Path(__file__).parent / "migrations"
FILE_NAME: Final = re.compile(r"(?P<name>\d{4}_[a-z_]+)(?:\.(?P<form>timescaledb|postgresql))?\.sql")
LOCK: Final = 7_261_452  # any constant that all of us use

HISTORY_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name     text PRIMARY KEY,
    form     text,
    checksum text NOT NULL
)
"""


class Form(StrEnum):
    """Which kind of database the tables were made for."""

    TIMESCALEDB = "timescaledb"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema. ``form`` None: the same for every database."""

    name: str
    form: Form | None
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = FOLDER) -> Sequence[Migration]:
    """Return all migrations of a folder in order, both forms of those that have two.

    Raises
    ------
    ConfigurationError
        When a file name is no migration's.
    """
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        match = FILE_NAME.fullmatch(file.name)
        if match is None:
            raise ConfigurationError([f"{file.name}: a migration is named NNNN_name[.timescaledb|.postgresql].sql"])
        form = Form(match["form"]) if match["form"] else None
        found.append(Migration(match["name"], form, file.read_text(encoding="utf-8")))
    return found


def migrate(url: str, *, age_policies: bool, folder: Path = FOLDER) -> Sequence[str]:
    """Bring the schema of a database up to date; return the names of the migrations applied now.

    Everything pending is applied in one transaction. Several processes may start together: one
    migrates, the others wait and find nothing to do.

    Parameters
    ----------
    age_policies
        Whether readings change their storage with age. False for demo, replay and what-if, whose
        times are not those of the machine.

    Raises
    ------
    ConfigurationError
        When an applied migration was edited, or the database was made by a newer HydroNum.
    StoreUnavailable
        When the database cannot be reached.
    """
    migrations = read_migrations(folder)
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            connection.execute(HISTORY_TABLE)
            applied = _apply_pending(connection, migrations)
            connection.execute("SELECT set_age_policies(%s)", (age_policies,))
            return applied
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(in_words(error)) from error


def _apply_pending(connection: Connection, migrations: Sequence[Migration]) -> Sequence[str]:
    history = {
        name: (form, checksum)
        for name, form, checksum in connection.execute("SELECT name, form, checksum FROM schema_migration")
    }
    form = _form_of(connection, history)
    wanted = [migration for migration in migrations if migration.form in (None, form)]
    if faults := _faults(history, wanted):
        raise ConfigurationError(faults)
    pending = [migration for migration in wanted if migration.name not in history]
    for migration in pending:
        connection.execute(migration.sql.encode())
        connection.execute(
            "INSERT INTO schema_migration VALUES (%s, %s, %s)", (migration.name, migration.form, migration.checksum)
        )
    return [migration.name for migration in pending]


def _faults(history: Mapping[str, tuple[str | None, str]], wanted: Sequence[Migration]) -> Sequence[str]:
    known = {migration.name: migration.checksum for migration in wanted}
    edited = [
        f"migration {name} was edited after it had been applied to this database"
        for name, (_, checksum) in history.items()
        if known.get(name, checksum) != checksum
    ]
    foreign = [
        f"migration {name} of this database is unknown here: it was made by a newer HydroNum"
        for name in history
        if name not in known
    ]
    return edited + foreign


def _form_of(connection: Connection, history: Mapping[str, tuple[str | None, str]]) -> Form:
    """Return the form that the database has, or for a new one the form that it can have."""
    for form, _ in history.values():
        if form is not None:
            return Form(form)
    return Form.TIMESCALEDB if _has_timescaledb(connection) else Form.POSTGRESQL


def _has_timescaledb(connection: Connection) -> bool:
    """Tell whether the extension is there with its columnstore, creating it where it is merely at hand."""
    loaded = connection.execute(
        "SELECT current_setting('shared_preload_libraries', true) LIKE '%timescaledb%' "
        "AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') "
        "WHERE pg_has_role('pg_read_all_settings', 'MEMBER')"
    ).fetchone()
    if loaded == (True,):
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') "
        "AND EXISTS (SELECT FROM pg_proc WHERE proname = 'add_columnstore_policy')"
    ).fetchone()
    return row == (True,)
