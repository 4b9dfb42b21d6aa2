"""A running demo and a real browser. Without Chromium or the built page these tests skip aloud, or fail in CI."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
STATION = "OUR_HAMOIR"
START_UP_S = 120.0
PRINTED_ADDRESS = re.compile(r"HydroNum is on (http://127\.0\.0\.1:\d+)")


def _absent(what: str) -> None:
    """Fail where everything is required, else skip and say what was missing."""
    if os.environ.get("HYDRONUM_REQUIRE_ALL") == "1":
        pytest.fail(f"{what}, and HYDRONUM_REQUIRE_ALL=1 wants it")
    pytest.skip(f"BROWSER TESTS NOT RUN: {what}")


class Demo:
    """A demo that plays while the tests look at it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the interface without a browser."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def play_until(self, reached: Callable[[], bool], timeout_s: float = 300.0) -> None:
        """Play as fast as the machine can until something is true, and hold the clock while it is.

        The step that is being played when the clock is paused still ends, and may undo what was reached.
        """
        end = time.monotonic() + timeout_s
        while not reached():
            clock = self.ask("/clock", {"playing": True, "speed": 1e6})
            if time.monotonic() > end or clock["now"] >= clock["ends_at"]:
                pytest.fail(f"the demo reached {clock['now']} and what the test waits for never came")
            time.sleep(0.3)
            if reached():
                self.hold()

    def hold(self) -> None:
        """Pause and wait until the clock stands."""
        before = ""
        while (now := self.ask("/clock", {"playing": False, "speed": 900.0})["now"]) != before:
            before = now
            time.sleep(1.5)

    def open_alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are open."""
        alerts: list[dict[str, Any]] = self.ask("/alerts?open=true&limit=1000")["alerts"]
        return alerts


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the demo with its page, give its address, and stop it as Ctrl-C would.

    ``HYDRONUM_DEMO_URL`` names a demo that already runs, to write tests against.
    """
    if running := os.environ.get("HYDRONUM_DEMO_URL"):
        yield running
        return
    if not (ROOT / "web" / "dist" / "index.html").is_file():
        _absent("the page is not built (make install builds it)")
    if shutil.which("chromium") is None:
        _absent("no Chromium on PATH (install the package chromium)")
    folder = tmp_path_factory.mktemp("demo")
    log = folder / "demo.log"
    command = [sys.executable, "-m", "service.cli", "demo", "--speed", "900", "--data-dir", str(folder / "data")]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=subprocess.STDOUT)
    try:
        yield _printed_address(process, log)
    finally:
        ended_early = process.poll() is not None
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        stopped = process.poll() is not None
        if not stopped:
            process.kill()
            process.wait()
        said = log.read_text(errors="replace")[-2000:]
        assert not ended_early, f"the demo ended by itself with {process.returncode}:\n{said}"
        assert stopped, f"the demo did not stop on SIGINT:\n{said}"


def _printed_address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_UP_S
    while time.monotonic() < end:
        said = log.read_text(errors="replace")
        if found := PRINTED_ADDRESS.search(said):
            return found[1]
        if process.poll() is not None:
            pytest.fail(f"the demo ended with {process.returncode} before its page was up:\n{said[-2000:]}")
        time.sleep(0.2)
    pytest.fail(f"the demo printed no address within {START_UP_S:g} s:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="module")
def demo(demo_url: str) -> Demo:
    """Return the demo as something to ask and to steer."""
    return Demo(demo_url)


@pytest.fixture
def forecasting(demo: Demo) -> Demo:
    """Play until the first forecast and its perfect-rain bound stand, and hold the clock."""

    def reached() -> bool:
        forecast = demo.ask(f"/stations/{STATION}/forecast?variable=discharge")
        return forecast["ensemble"] is not None and forecast["perfect_rain"] is not None

    demo.play_until(reached)
    return demo


@pytest.fixture
def alerted(demo: Demo) -> Demo:
    """Play until an alert waits for an operator, and hold the clock there."""
    demo.play_until(lambda: any(alert["acknowledged_at"] is None for alert in demo.open_alerts()))
    return demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        _absent("no Chromium on PATH (install the package chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Complaints:
    """What a page asked of others, and what went wrong in it."""

    def __init__(self, page: Page, origin: str) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []
        own = (origin, "blob:", "data:", "about:")
        page.on("request", lambda request: None if request.url.startswith(own) else self.outside.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, demo_url: str) -> Iterator[OpenPage]:
    """Open the page in a fresh context; afterwards nothing must have gone outside or wrong in it."""
    contexts: list[BrowserContext] = []
    heard: list[Complaints] = []

    def opened(hash_: str = "", *, expect_errors: bool = False, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        complaints = Complaints(page, demo_url)
        if expect_errors:
            complaints.errors = _Ignored()
        heard.append(complaints)
        page.goto(f"{demo_url}/{hash_}")
        page.get_by_text("Connection live").wait_for(timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for complaints in heard for url in complaints.outside] == []
    assert [error for complaints in heard for error in complaints.errors] == []


class _Ignored(list[str]):
    """Keeps nothing: for a test that cuts the connection and so makes errors on purpose."""

    def append(self, error: str, /) -> None:
        del error


@pytest.fixture(scope="module")
def shots() -> Path:
    """Return the folder that keeps screenshots of the last run as artefacts."""
    folder = ROOT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
