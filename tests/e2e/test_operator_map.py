"""What an operator sees and does on the live map, in a real browser against the running demo."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import STATION, Demo, OpenPage

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

MAP_DRAWN = """() => {
  const canvas = document.querySelector('.map canvas');
  return canvas && canvas.width > 300 && canvas.height > 300;
}"""


def colours_in(page: Page, selector: str) -> int:
    """Return how many colours a canvas shows, 1 when nothing is drawn on it."""
    page.locator(selector).first.wait_for()
    picture = page.locator(selector).first.screenshot()
    counted = page.evaluate(
        """async (text) => {
          const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const bitmap = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
          const pen = canvas.getContext('2d');
          pen.drawImage(bitmap, 0, 0);
          const seen = new Set();
          const pixels = new Uint32Array(pen.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
          for (const pixel of pixels) seen.add(pixel);
          return seen.size;
        }""",
        base64.b64encode(picture).decode(),
    )
    return int(counted)


def test_the_run_is_labelled_and_its_clock_is_shown(open_page: OpenPage, demo: Demo) -> None:
    page = open_page()
    banner = page.get_by_role("note", name="Kind of run")
    expect(banner).to_contain_text("Exercise")
    expect(banner).to_contain_text("Reconstruction", ignore_case=True)
    expect(page.locator(".clock-time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(page.locator(".clock-zone")).to_contain_text("CEST Brussels")
    expect(page.locator(".clock-zone")).to_contain_text("UTC")
    expect(page.get_by_role("list", name="Health of the system")).to_contain_text("Newest forecast")


def test_map_is_drawn_and_the_list_holds_every_station(open_page: OpenPage, demo: Demo, shots: Path) -> None:
    page = open_page()
    page.wait_for_function(MAP_DRAWN)
    page.wait_for_timeout(1500)
    assert colours_in(page, ".map canvas") > 50
    page.get_by_role("button", name="Stations").click()
    stations = demo.ask("/stations")["stations"]
    expect(page.get_by_test_id("stations").get_by_role("listitem")).to_have_count(len(stations))
    page.screenshot(path=shots / "stations.png")


def test_search_ignores_accents_and_the_river_filter_agrees_with_the_interface(open_page: OpenPage, demo: Demo) -> None:
    page = open_page()
    page.get_by_role("button", name="Stations").click()
    rows = page.get_by_test_id("stations").get_by_role("listitem")
    on_vesdre = [station for station in demo.ask("/stations")["stations"] if station["river"] == "Vesdre"]
    page.get_by_role("combobox", name="River").select_option("Vesdre")
    expect(rows).to_have_count(len(on_vesdre))
    page.get_by_role("combobox", name="River").select_option("")
    page.get_by_role("searchbox", name="Search stations").fill("ambleve martinrive")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Martinrive")


def test_keyboard_alone_opens_reads_and_closes_a_station(open_page: OpenPage, forecasting: Demo) -> None:
    page = open_page()
    page.get_by_role("button", name="Stations").focus()
    page.keyboard.press("Enter")
    page.get_by_role("searchbox", name="Search stations").focus()
    page.keyboard.type("Hamoir Ourthe")
    row = page.get_by_test_id("stations").get_by_role("button").first
    expect(row).to_contain_text("Hamoir")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hamoir")).to_be_focused()
    chart = page.get_by_test_id("hydrograph")
    chart.locator("canvas").wait_for()
    expect(page.get_by_test_id("readout")).to_contain_text("Observed")
    chart.focus()
    page.keyboard.press("PageDown")
    before = page.get_by_test_id("readout").inner_text()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("readout")).not_to_have_text(before)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("station-pane")).to_have_count(0)


def test_hydrograph_shows_observations_band_and_thresholds_with_origin(
    open_page: OpenPage, forecasting: Demo, shots: Path
) -> None:
    page = open_page(f"#station={STATION}")
    pane = page.get_by_test_id("station-pane")
    expect(pane).to_contain_text("Hamoir")
    expect(pane.get_by_label("Key of the chart")).to_contain_text("Forecast median")
    expect(pane.get_by_label("Key of the chart")).to_contain_text("perfect rain (reconstruction)")
    expect(pane.locator(".chart-label")).to_contain_text("Exercise")
    assert colours_in(page, "[data-testid=hydrograph] canvas") > 30
    crossings = pane.get_by_test_id("crossings")
    expect(crossings).to_contain_text(re.compile("official|suggested"))
    expect(crossings).to_contain_text("%")
    expect(pane).to_contain_text("About this station")
    page.screenshot(path=shots / "station.png")


def test_values_leave_as_csv_with_the_label_of_the_reconstruction(
    open_page: OpenPage, forecasting: Demo, tmp_path: Path
) -> None:
    page = open_page(f"#station={STATION}")
    expect(page.get_by_label("Key of the chart")).to_contain_text("Forecast median")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    saved = tmp_path / "series.csv"
    waiting.value.save_as(saved)
    lines = saved.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("time_utc,station_id,variable,unit,kind")
    assert any(",forecast," in line for line in lines)
    assert all("Exercise" in line for line in lines[1:] if ",observation," in line)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG").click()
    waiting.value.save_as(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_pause_and_speed_reach_the_service(open_page: OpenPage, demo: Demo) -> None:
    demo.ask("/clock", {"playing": True, "speed": 900.0})
    page = open_page()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert demo.ask("/clock")["playing"] is False
    with page.expect_response(lambda answer: answer.url.endswith("/clock") and answer.request.method == "POST"):
        page.get_by_role("combobox", name="Speed").select_option(label="1 h / s")
    expect(page.get_by_role("combobox", name="Speed")).to_have_value("3600")
    assert demo.ask("/clock")["speed"] == 3600.0


def test_a_new_state_reaches_an_open_page_by_itself(open_page: OpenPage, demo: Demo) -> None:
    demo.hold()
    page = open_page()
    before = page.locator(".clock time").get_attribute("datetime")
    demo.ask("/clock", {"playing": True, "speed": 3600.0})
    try:
        expect(page.locator(".clock time")).not_to_have_attribute("datetime", before or "", timeout=15_000)
    finally:
        demo.hold()


def test_operator_acknowledges_the_gravest_alert_with_a_comment(
    open_page: OpenPage, alerted: Demo, shots: Path
) -> None:
    page = open_page()
    inbox = page.get_by_test_id("inbox")
    waiting = inbox.get_by_role("listitem").filter(has=page.get_by_role("button", name="Acknowledge")).first
    page.screenshot(path=shots / "map.png")
    name = waiting.locator(".alert-name").inner_text()
    waiting.get_by_role("button", name="Acknowledge").click()
    inbox.get_by_label(re.compile("Comment")).fill("Called the dam warden <b>twice</b>.")
    inbox.locator("form").get_by_role("button", name="Acknowledge").click()
    item = inbox.get_by_role("listitem").filter(has_text="Called the dam warden <b>twice</b>.")
    expect(item).to_contain_text("Acknowledged by")
    noted = [alert for alert in alerted.open_alerts() if alert["comment"] == "Called the dam warden <b>twice</b>."]
    assert [alert["station_name"] for alert in noted] == [name]


def test_a_gone_service_is_said_with_the_age_of_what_is_shown_and_comes_back(open_page: OpenPage, demo: Demo) -> None:
    page = open_page(expect_errors=True)
    cut = re.compile(r"/(api|health)")

    def refuse(route: Route) -> None:
        route.abort("connectionrefused")

    page.route(cut, refuse)
    page.reload()
    page.get_by_text("Nothing to show yet").wait_for(timeout=20_000)
    expect(page.get_by_text("Service gone:")).to_be_visible(timeout=20_000)
    page.unroute(cut, refuse)
    page.get_by_text("Connection live").wait_for(timeout=40_000)
    expect(page.get_by_role("button", name="Stations")).to_contain_text(re.compile(r"\d{2,}"))


def test_an_unknown_station_in_the_address_is_said(open_page: OpenPage, demo: Demo) -> None:
    page = open_page("#station=NOT_THERE")
    expect(page.get_by_test_id("station-pane")).to_contain_text("There is no station")


def test_phone_shows_one_thing_at_a_time_without_sideways_scrolling(
    open_page: OpenPage, forecasting: Demo, shots: Path
) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.get_by_role("button", name="Alerts")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("map")).not_to_be_visible()
    page.get_by_role("button", name="Map").click()
    expect(page.get_by_test_id("map")).to_be_visible()
    page.wait_for_function(MAP_DRAWN)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=shots / "phone-map.png")
    page.get_by_role("button", name="Stations").click()
    page.get_by_test_id("stations").get_by_role("button").first.click()
    expect(page.get_by_test_id("hydrograph")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=shots / "phone-station.png")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_theme_follows_the_system_until_it_is_chosen(open_page: OpenPage, demo: Demo, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    other = "light" if scheme == "dark" else "dark"
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", scheme)
    page.get_by_role("button", name=other.capitalize()).click()
    expect(root).to_have_attribute("data-theme", other)
    page.reload()
    expect(root).to_have_attribute("data-theme", other)
