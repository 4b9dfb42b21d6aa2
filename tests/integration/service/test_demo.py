"""The demo as a user runs it: the first hours of July 2021, undisturbed and with everything killed once."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
WANTED_KEYS = {
    "published",
    "stored",
    "dead_lettered",
    "lost",
    "forecasts_issued",
    "cycle_p50_s",
    "cycle_p95_s",
    "stations",
    "proposals",
}

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]


def hydronum(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as sink:
        return subprocess.Popen([sys.executable, "-m", "service.cli", *arguments], cwd=ROOT, stdout=sink, stderr=sink)


def headless(folder: Path, until: str) -> subprocess.Popen[bytes]:
    where = ["--data-dir", str(folder / "data"), "--out", str(folder / "out")]
    return hydronum("demo", "--headless", "--speed", "max", "--until", until, *where, log=folder / "log")


def summary_of(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))
    return read


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the demo ended early"
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_the_first_hours_lose_nothing_and_are_summed_up(tmp_path: Path) -> None:
    process = headless(tmp_path, "2021-07-09T00:00:00Z")
    wait_for(lambda: b"Playing" in (tmp_path / "log").read_bytes(), process)
    family = list(children(process.pid))
    assert len(family) >= 3
    assert process.wait(400) == 0, (tmp_path / "log").read_text()
    summary = summary_of(tmp_path)
    assert summary.keys() >= WANTED_KEYS
    assert summary["lost"] == 0
    assert summary["published"] == summary["stored"] + summary["dead_lettered"]
    assert summary["forecasts_issued"] == summary["played"]["steps"] - 1
    assert summary["published"] > 1000
    assert "reconstruction" in summary["what"]
    assert summary["label"].startswith("Reconstruction")
    peaks = {row["station_id"]: row["observed_peak"] for row in summary["stations"]}
    assert peaks["VES_CHAUDFONTAINE"]["value"] > 0
    assert not [child for child in family if child.is_running()], "something was left running"


def test_killed_servers_and_roles_cost_no_message(tmp_path: Path) -> None:
    """SIGKILL of ingester, broker and database while messages are under way; each is started again."""
    process = headless(tmp_path, "2021-07-09T10:00:00Z")
    log = tmp_path / "log"
    try:
        wait_for(lambda: b"Playing" in log.read_bytes(), process)
        for kill in (kill_ingest, kill_broker, kill_database):
            time.sleep(1.0)
            assert process.poll() is None, f"the demo ended before {kill.__name__}"
            kill(process.pid)
        assert process.wait(400) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    summary = summary_of(tmp_path)
    assert summary["lost"] == 0
    assert summary["published"] == summary["stored"] + summary["dead_lettered"]


def children(pid: int) -> Iterator[psutil.Process]:
    yield from psutil.Process(pid).children(recursive=True)


def kill_ingest(pid: int) -> None:
    next(child for child in children(pid) if "ingest" in child.cmdline()).kill()


def kill_broker(pid: int) -> None:
    next(child for child in children(pid) if "nats-server" in child.name()).kill()


def kill_database(pid: int) -> None:
    """Kill the whole group at once, as losing power to the process would."""
    for child in [child for child in children(pid) if child.name() == "postgres"]:
        child.kill()


@contextmanager
def playing_with_page(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    log = folder / "log"
    process = hydronum("demo", "--port", str(port), "--data-dir", str(folder / "data"), log=log)
    try:
        found: list[str] = []

        def is_up() -> bool:
            found[:] = re.findall(r"HydroNum is on (http://\S+)", log.read_text(errors="replace"))
            return bool(found)

        wait_for(is_up, process)
        yield process, found[0]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def test_a_busy_port_is_gone_around_and_ctrl_c_stops_everything(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with playing_with_page(tmp_path, port) as (process, url):
            assert url != f"http://127.0.0.1:{port}"
            assert f"Port {port} is in use" in (tmp_path / "log").read_text()
            family = [child.pid for child in children(process.pid)]
            assert len(family) >= 4
            process.send_signal(signal.SIGINT)
            assert process.wait(60) in (0, 1)
    assert not [pid for pid in family if psutil.pid_exists(pid)]
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_second_demo_on_the_same_folder_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with playing_with_page(tmp_path, port):
        other = hydronum("demo", "--headless", "--data-dir", str(tmp_path / "data"), log=tmp_path / "other")
        assert other.wait(60) == 1
    assert "in use by another running HydroNum" in (tmp_path / "other").read_text()
