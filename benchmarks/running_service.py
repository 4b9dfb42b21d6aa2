"""A service of its own for a benchmark: embedded servers and all roles, on a temporary folder."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

START_PATIENCE_S = 90.0


class RunningService(NamedTuple):
    """Where a running service answers and where its devices publish."""

    url: str
    broker_url: str


@contextmanager
def running_service() -> Iterator[RunningService]:
    """Run ``hydronum run`` on a free port and a temporary folder until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("wb") as sink:
            command = [sys.executable, "-m", "service.cli", "run", "--data-dir", folder, "--port", str(port)]
            process = subprocess.Popen(command, stderr=sink, stdout=sink)
        try:
            broker_url = _broker_url(process, said)
            _await_port(process, port, said)
            yield RunningService(f"http://127.0.0.1:{port}", broker_url)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _broker_url(process: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"Devices publish to (mqtt://\S+)", said.read_text())
        if found:
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"the service did not start:\n{said.read_text()}")


def _await_port(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the page did not come up:\n{said.read_text()}")
