"""First paint and interactive map in headless Chromium on localhost: ``python -m benchmarks.first_paint``."""

from __future__ import annotations

import shutil
import time

import httpx

from benchmarks.report import Measure, quantiles
from benchmarks.running_service import running_service

REPEATS = 5


def main() -> list[Measure]:
    """Measure and return median first contentful paint and time to the first drawn map [s]."""
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        print("no Chromium here: first paint was not measured")
        return []
    paints, maps = [], []
    with running_service() as service, sync_playwright() as playwright:
        _await_forecast(service.url)
        for _ in range(REPEATS):
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(service.url)
            page.wait_for_selector("canvas.maplibregl-canvas", timeout=30_000)
            maps.append(page.evaluate("performance.now()") / 1000)
            paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
            browser.close()
    return [
        Measure("first contentful paint", quantiles(paints)[0], "s"),
        Measure("map on the page", quantiles(maps)[0], "s", 2.0),
    ]


def _await_forecast(url: str) -> None:
    """Wait until the model has warmed up: a page is opened on a running service, not on one that starts."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if httpx.get(f"{url}/health").json().get("newest_forecast_at"):
            return
        time.sleep(1.0)


if __name__ == "__main__":
    for measure in main():
        print(measure)
