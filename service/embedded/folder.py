"""The folder of one embedded server: claimed by one supervisor at a time, with remembered secrets and port."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from domain.errors import ServerError

LEAST_FREE_BYTES = 64 * 1024 * 1024
LOG_LIMIT_BYTES = 10 * 1024 * 1024
LOOPBACK = "127.0.0.1"


class ServerFolder:
    """A private folder that holds everything one embedded server keeps.

    Parameters
    ----------
    path
        Created with mode 0700 when it does not exist.
    server
        Name of the server for error sentences.
    """

    def __init__(self, path: Path, server: str) -> None:
        self.path = path.absolute()
        self._server = server
        self._lock_fd: int | None = None

    def claim(self) -> None:
        """Take the folder for this process; taking it twice from the same object changes nothing.

        Raises
        ------
        ServerError
            When the folder cannot be written or another process runs a server in it.
        """
        if self._lock_fd is not None:
            return
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ServerError(f"{self._server}: the folder {self.path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise ServerError(
                f"{self._server}: the folder {self.path} is in use by another running HydroNum; "
                "stop that one or choose another data folder"
            ) from error
        self._lock_fd = descriptor

    def release(self) -> None:
        """Let another process claim the folder."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def secret(self, name: str) -> str:
        """Return the secret of this name, made at random on first use and kept in a file of mode 0600."""
        file = self.path / name
        with contextlib.suppress(FileNotFoundError):
            if text := file.read_text(encoding="ascii").strip():
                return text
        text = secrets.token_urlsafe(24)
        self.write_private(name, text)
        return text

    def write_private(self, name: str, text: str) -> Path:
        """Write a file of mode 0600 in one step, so that a crash leaves the old or the new one."""
        file = self.path / name
        draft = self.path / f"{name}.new"
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            draft.replace(file)
        except OSError as error:
            raise ServerError(f"{self._server}: {file} cannot be written: {error.strerror}") from error
        return file

    def port(self, name: str, *, again: bool = True) -> int:
        """Return the port used last time if it is free (and ``again``), otherwise a free one; remember it."""
        file = self.path / name
        with contextlib.suppress(FileNotFoundError, ValueError):
            last = int(file.read_text(encoding="ascii"))
            if again and _is_free(last):
                return last
        port = _free_port()
        self.write_private(name, str(port))
        return port

    def open_log(self, name: str) -> int:
        """Open a log file for appending; one that has grown large is set aside once."""
        file = self.path / name
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_size > LOG_LIMIT_BYTES:
                file.replace(self.path / f"{name}.1")
        try:
            return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ServerError(f"{self._server}: {file} cannot be written: {error.strerror}") from error


def _is_free(port: int) -> bool:
    # Servers bind with SO_REUSEADDR; without it a port just left by our own server would look taken.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def command_of(pid: int) -> str:
    """Return the command line of a process, empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    listing = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout


def stop_orphan(pid_file: Path, marker: str, signal_number: int, patience_s: float = 60.0) -> None:
    """Stop a server that outlived its killed supervisor; forget a pid that is no server of ours.

    Parameters
    ----------
    pid_file
        Its first line is the pid. Removed when it names no process whose command holds ``marker``.
    marker
        Text that only the command line of this folder's server contains.
    """
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if marker in command_of(pid):
        os.kill(pid, signal_number)
        if not wait_until(lambda: marker not in command_of(pid), patience_s):
            raise ServerError(f"process {pid} still serves this folder and does not stop; end it and start again")
    pid_file.unlink(missing_ok=True)


def disk_is_full(folder: Path) -> bool:
    """Tell whether too little room is left for a server to start; its own words on that are many."""
    return shutil.disk_usage(folder).free < LEAST_FREE_BYTES


def wait_until(is_true: Callable[[], bool], patience_s: float) -> bool:
    """Ask every 20 ms until the answer is yes; return whether it came in time."""
    deadline = time.monotonic() + patience_s
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def tail(log: Path, since: int, lines: int = 6) -> str:
    """Return the last lines that a log file gained after byte ``since``."""
    try:
        with log.open("rb") as stream:
            stream.seek(since)
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])
