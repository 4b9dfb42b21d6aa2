"""Keeps the role processes of one run alive and ends them cleanly."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from domain.errors import ServerError

log = logging.getLogger(__name__)

RESTART_PAUSE_S = 1.0
RESTART_PAUSE_MAX_S = 30.0
STOP_GRACE_S = 10.0


@dataclass
class Child:
    """One role as a process, and how often it had to be started again."""

    role: str
    running: subprocess.Popen[bytes]
    started_at: float
    restarts: int = 0


class Supervisor:
    """Starts roles as child processes, starts a dead one again, stops all together.

    Parameters
    ----------
    environment
        Variables that the children get on top of ours (URLs of database and broker, settings).
    log_folder
        Each role writes ``<role>.log`` there.
    """

    def __init__(self, environment: Mapping[str, str], log_folder: Path) -> None:
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        self._log_folder = log_folder
        self._children: dict[str, Child] = {}

    def start(self, roles: Sequence[str]) -> None:
        """Start the roles."""
        self._log_folder.mkdir(parents=True, exist_ok=True)
        for role in roles:
            self._children[role] = Child(role, self._spawn(role), time.monotonic())

    def _spawn(self, role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "service.cli", "run", "--role", role]
        with (self._log_folder / f"{role}.log").open("ab") as sink:
            # A session of its own: Ctrl-C reaches us alone, and we stop the children in order.
            return subprocess.Popen(
                command,
                env=self._environment,
                stdout=sink,
                stderr=sink,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def check(self) -> None:
        """Start every role that has died again, at growing intervals.

        A role that does not live for a minute is tried at most every 30 seconds.
        """
        for child in self._children.values():
            code = child.running.poll()
            if code is None:
                continue
            lived = time.monotonic() - child.started_at
            pause = min(RESTART_PAUSE_S * 2 ** min(child.restarts, 5), RESTART_PAUSE_MAX_S)
            if lived < pause:
                continue
            log.warning("role %s ended with code %d, starting it again", child.role, code)
            child.restarts = 0 if lived > 60 else child.restarts + 1
            child.running = self._spawn(child.role)
            child.started_at = time.monotonic()

    def require_alive(self, role: str) -> None:
        """Raise when a role has died.

        Raises
        ------
        ServerError
            With the last lines of the role's log.
        """
        child = self._children[role]
        if child.running.poll() is not None:
            tail = (self._log_folder / f"{role}.log").read_text(errors="replace").splitlines()[-15:]
            raise ServerError(f"role {role} ended with code {child.running.returncode}:\n" + "\n".join(tail))

    def stop(self) -> None:
        """Ask all children to end, then end those that do not."""
        for child in self._children.values():
            if child.running.poll() is None:
                child.running.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_GRACE_S
        for child in self._children.values():
            try:
                child.running.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("role %s did not stop in time and was killed", child.role)
                child.running.kill()
                child.running.wait()


class StopSignal:
    """Turns SIGINT and SIGTERM into an event that loops look at; a second signal interrupts at once."""

    def __init__(self, requested: threading.Event) -> None:
        self._requested = requested

    def install(self) -> None:
        """Catch the signals from now on."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._requested.is_set():
            raise KeyboardInterrupt
        self._requested.set()
