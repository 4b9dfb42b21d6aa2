"""Migrations against a real server: once, in order, together, never edited."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from domain.errors import ConfigurationError, StoreUnavailable
from store.migrations import FOLDER, migrate


def test_applies_each_migration_once(empty_database_url: str) -> None:
    first = migrate(empty_database_url, age_policies=True)
    assert first[0] == "0001_core"
    assert len(first) >= 4
    assert migrate(empty_database_url, age_policies=True) == []


def test_concurrent_starts_apply_each_migration_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(empty_database_url, age_policies=False), range(4)))
    assert sorted(map(len, applied))[:3] == [0, 0, 0]
    assert len(max(applied, key=len)) >= 4


def test_edited_migration_is_refused_and_named(empty_database_url: str, tmp_path: Path) -> None:
    migrate(empty_database_url, age_policies=False)
    folder = shutil.copytree(FOLDER, tmp_path / "migrations")
    with (folder / "0001_core.sql").open("a", encoding="utf-8") as stream:
        stream.write("-- a harmless remark\n")
    with pytest.raises(ConfigurationError, match="0001_core was edited"):
        migrate(empty_database_url, age_policies=False, folder=folder)


def test_database_of_a_newer_version_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url, age_policies=False)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("INSERT INTO schema_migration VALUES ('9999_future', NULL, 'x')")
    with pytest.raises(ConfigurationError, match=r"9999_future .* newer"):
        migrate(empty_database_url, age_policies=False)


def test_failing_migration_leaves_nothing(empty_database_url: str, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "migrations")
    (folder / "8000_broken.sql").write_text("CREATE TABLE half (a int); SELECT 1 / 0;", encoding="utf-8")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database_url, age_policies=False, folder=folder)
    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_file_that_is_no_migration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1_short.sql").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"1_short\.sql"):
        migrate("postgresql://", age_policies=False, folder=tmp_path)


def test_unreachable_database_is_said_in_words() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        migrate("postgresql://nobody:x@127.0.0.1:1/none", age_policies=False)
