"""The supervisor of PostgreSQL: killed, doubled, orphaned, misled by stale files."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from domain.errors import ServerError, StoreUnavailable
from service.embedded.folder import wait_until
from service.embedded.postgres import EmbeddedPostgres
from store.connection import Database
from store.migrations import migrate
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import at, message, observed


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "server"


@pytest.fixture(scope="module")
def shared_server(shared_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(shared_folder) as running:
        yield running


@pytest.fixture
def server(shared_server: EmbeddedPostgres) -> EmbeddedPostgres:
    """One server for all tests of this file, running when a test begins; each may kill it."""
    shared_server.start()
    return shared_server


@pytest.fixture
def url(server: EmbeddedPostgres) -> str:
    """URL of a fresh, migrated database of that server."""
    fresh = server.create_database(f"flood_{next(NUMBERS)}")
    migrate(fresh, age_policies=False)
    return fresh


NUMBERS = itertools.count()


def kill_all(server: EmbeddedPostgres) -> None:
    """Kill the server with all its sessions, as a power cut would."""
    assert server.pid is not None
    os.killpg(server.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_alive(), 10)


def kill_postmaster(server: EmbeddedPostgres) -> None:
    """Kill the server's first process alone; its sessions notice and end by themselves."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_alive(), 10)


def under_way(acknowledged: list[int], first: int) -> bool:
    return wait_until(lambda: bool(acknowledged) and acknowledged[-1] > first + 30, 60)


def test_killed_in_the_middle_of_commits_it_keeps_everything_acknowledged(server: EmbeddedPostgres, url: str) -> None:
    acknowledged: list[int] = []
    refused = threading.Event()

    def write(first: int) -> None:
        with Database(url, pool_size=1, wait_s=1.0) as database:
            repository = ReadingRepository(database)
            for seq in range(first, first + 20_000):
                try:
                    repository.commit_batch([observed(seq / 60, seq)], [], [message(seq)], at(0))
                except StoreUnavailable:
                    refused.set()
                    return
                acknowledged.append(seq)

    for kill in (kill_all, kill_postmaster):
        first = max(acknowledged, default=0) + 100  # leave a gap: what was in doubt is not sent again
        refused.clear()
        writer = threading.Thread(target=write, args=(first,))
        writer.start()
        assert under_way(acknowledged, first)
        kill(server)
        writer.join(30)
        assert refused.is_set()
        server.start()
    with psycopg.connect(url) as connection:
        stored = {int(value) for (value,) in connection.execute("SELECT value FROM reading")}
    lost = set(acknowledged) - stored
    assert not lost
    assert len(stored) <= len(acknowledged) + 2  # at most the batch in doubt, once a kill


def test_commit_to_a_dead_server_is_refused_and_works_after_its_restart(server: EmbeddedPostgres, url: str) -> None:
    with Database(url, wait_s=5.0) as database:
        repository = ReadingRepository(database)
        assert repository.commit_batch([observed(0, 1.0)], [], [], at(0)).stored == 1
        kill_all(server)
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            repository.commit_batch([observed(15, 1.0)], [], [], at(15))
        server.start()
        result = repository.commit_batch([observed(0, 1.0), observed(15, 1.0)], [], [], at(15))
        assert (result.stored, result.duplicates) == (1, 1)
        assert Queries(database).stored_readings() == 2


def test_server_killed_behind_an_idle_pool_is_no_failure_once_it_is_back(server: EmbeddedPostgres, url: str) -> None:
    with Database(url) as database:
        repository = ReadingRepository(database)
        repository.commit_batch([observed(0, 1.0)], [], [], at(0))
        kill_postmaster(server)
        server.start()
        assert repository.commit_batch([observed(0, 1.0)], [], [], at(15)).duplicates == 1


def test_restart_keeps_port_password_and_rows(server: EmbeddedPostgres, url: str) -> None:
    with Database(url) as database:
        ReadingRepository(database).commit_batch([observed(0, 1.0)], [], [], at(0))
    before = server.dsn("postgres")
    server.stop()
    assert not server.is_alive()
    assert server.start() == before
    assert server.create_database(url.rsplit("/", 1)[1]) == url
    with Database(url) as database:
        assert Queries(database).stored_readings() == 1


def test_port_that_was_taken_meanwhile_is_left_to_its_owner(server: EmbeddedPostgres, shared_folder: Path) -> None:
    before = server.dsn("postgres")
    server.stop()
    port = int((shared_folder / "port").read_text())
    with socket.create_server(("127.0.0.1", port)):
        server.start()
        assert server.dsn("postgres") != before
        with psycopg.connect(server.dsn("postgres")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_second_start_on_the_same_folder_is_refused_in_words(server: EmbeddedPostgres, shared_folder: Path) -> None:
    with pytest.raises(ServerError, match="in use by another running HydroNum"):
        EmbeddedPostgres(shared_folder).start()
    assert server.is_alive()


def test_stale_pid_of_a_living_stranger_is_forgotten(server: EmbeddedPostgres, shared_folder: Path) -> None:
    lock_file = shared_folder / "cluster" / "postmaster.pid"
    as_left_behind = lock_file.read_text()
    server.stop()
    lines = as_left_behind.splitlines()
    lock_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    assert server.is_alive()


def test_server_that_outlived_its_killed_supervisor_is_replaced(server_folder: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from service.embedded.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1])); server.start(); print(server.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(server_folder)], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        orphan = int(supervisor.stdout.readline())
        supervisor.kill()
    os.kill(orphan, 0)  # it lives
    with EmbeddedPostgres(server_folder) as server:
        assert server.pid != orphan
        with psycopg.connect(server.dsn("postgres")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_interrupted_first_start_is_begun_again(server_folder: Path) -> None:
    half = server_folder / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(server_folder) as server:
        assert server.is_alive()
    assert not half.exists()


def test_broken_cluster_says_what_the_server_said(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder) as server:
        server.stop()
        (server_folder / "cluster" / "global" / "pg_control").write_bytes(b"")
        with pytest.raises(ServerError, match=r"ended while starting:(?s:.)*pg_control"):
            server.start()


def test_folder_that_cannot_be_used_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match="cannot be used: Not a directory"):
        EmbeddedPostgres(tmp_path / "file" / "server").start()


def test_it_is_our_server_whatever_the_environment_says(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.stop()
    monkeypatch.setenv("PGDATA", str(tmp_path / "foreign"))
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "/nowhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib/postgresql/15/lib")
    with psycopg.connect(server.start()) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, current_setting('data_checksums'), "
            "current_setting('listen_addresses'), current_setting('fsync'), current_setting('synchronous_commit')"
        ).fetchone()
    assert row == (18, "on", "127.0.0.1", "on", "on")


def test_wrong_password_is_refused_on_every_way_in(server: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn("postgres"), password="guessed", connect_timeout=5)
    with psycopg.connect(server.dsn("postgres")) as connection:
        methods = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert methods == [("scram-sha-256",)]


def test_password_is_readable_by_nobody_else(server: EmbeddedPostgres, shared_folder: Path) -> None:
    assert (shared_folder / "password").stat().st_mode & 0o077 == 0
    assert shared_folder.stat().st_mode & 0o077 == 0
