"""The tuned truth of July 2021 meets what it was tuned on, keeps to the pack, and is quick enough to be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.basin_files import read_basin
from domain.event_pack import AnchorRole, read_event_pack
from domain.variables import VARIABLES, Variable
from simulator.anchors import compare
from simulator.pytest_plugin import BASIN_FOLDER
from simulator.scenario import read_scenario
from simulator.simulation import Simulation

PACK = BASIN_FOLDER / "events" / "2021-07"


@pytest.fixture(scope="module")
def july() -> Simulation:
    return Simulation(read_basin(BASIN_FOLDER), read_scenario(PACK / "scenario.toml"))


def test_every_tuned_reading_is_met(july: Simulation) -> None:
    pack = read_event_pack(PACK, july.basin)
    tuned = [anchor for anchor in pack.anchors if anchor.role is AnchorRole.TUNED]
    compared = {anchor.anchor_id: compare(anchor, july.truth, july.basin) for anchor in tuned}
    assert len(compared) == 7
    assert {anchor_id: found.got for anchor_id, found in compared.items() if not found.agrees} == {}
    assert july.truth.ledger.error <= 1e-6
    assert july.truth.label


def test_the_dam_waits_for_its_decisions(july: Simulation) -> None:
    """Before 17 h local of 14 July only the turbine runs; from then on what was decided, then what spills."""
    outflow, steps = july.truth.discharge_at("VES_DAM"), july.truth.steps
    first, second = (steps.index(datetime(2021, 7, 14, *at, tzinfo=UTC)) for at in ((15, 0), (20, 30)))
    assert outflow[: first + 1].max() < 5
    assert outflow[first + 1 : second + 1] == pytest.approx(25.0)
    assert outflow[second + 1] >= 90.0
    assert steps[int(np.argmax(outflow))] > steps[second] + timedelta(hours=1)


def test_the_gauges_of_the_vesdre_fall_silent(july: Simulation) -> None:
    silent_from = july.steps.index(datetime(2021, 7, 14, 21, 30, tzinfo=UTC))
    heard = {message.device_id for message in july.messages(silent_from)}
    gone = {"VES_CHAUDFONTAINE", "VES_VERVIERS", "VES_PEPINSTER", "HOE_THEUX", "WAY_SPIXHE", "VES_EUPEN"}
    assert not gone & heard
    assert gone <= {message.device_id for message in july.messages(silent_from - 96)}
    assert len(heard) > 150


def test_gauges_report_the_rain_of_the_pack(july: Simulation) -> None:
    """Undercatch is undone in the truth and done again by the gauge."""
    pack = read_event_pack(PACK, july.basin)
    truth = july.truth
    for gauge in ("RAIN_JALHAY", "RAIN_SPA", "RAIN_TERNELL"):
        reported = truth.at_station(gauge, Variable.RAIN)[1:].sum() * truth.gauge_catch[gauge]
        assert reported == pytest.approx(pack.rain.column(gauge).sum(), rel=1e-6)


def test_nothing_true_is_physically_impossible(july: Simulation) -> None:
    for variable, values in july.truth.measurable.items():
        spec = VARIABLES[variable]
        assert np.nanmin(values) >= spec.minimum, variable
        assert np.nanmax(values) <= spec.maximum, variable


def test_the_report_beside_the_pack_is_that_of_this_truth(july: Simulation) -> None:
    text = Path(PACK / "simulation_report.md").read_text(encoding="utf-8")
    assert "| Eupen dam | 14 July 18:00 to 15 July 08:00 | dam inflow, peak | tuned | 268 m3/s | " in text
    peak = july.truth.discharge_at("MEU_SINTPIETER").max()
    assert f"| {peak:.4g} m3/s at" in text
