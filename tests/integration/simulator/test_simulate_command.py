"""The command against a real broker: what it says it published is what arrives."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from service.embedded.broker import EmbeddedBroker
from simulator.command import simulate
from simulator.pytest_plugin import BASIN_FOLDER

SCENARIO = """
name = "an_hour"
title = "An hour"
starts_at = 2022-06-01T00:00:00Z
ends_at = 2022-06-01T01:00:00Z
warm_up_days = 10
"""


def test_an_hour_is_published(broker: EmbeddedBroker, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    said = io.StringIO()
    report = simulate(
        path,
        broker.url("field"),
        tmp_path / "truth",
        basin_folder=BASIN_FOLDER,
        speed="36000",
        console=Console(file=said, force_terminal=False),
    )
    assert report.steps == 5
    assert report.published > 5 * 150
    assert "an_hour" in said.getvalue() or "2022-06-01" in said.getvalue()
    assert (tmp_path / "truth" / "truth.nc").stat().st_size > 10_000
