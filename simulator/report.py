"""Report how the simulated truth of an event compares with the public readings, misses included.

``python -m simulator.report SCENARIO.toml --basin DIR`` writes ``simulation_report.md`` and ``simulation_report.csv``
beside the scenario: each flow reading wanted and got, and peaks and runoff coefficients from four soil states.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from domain.basin import Basin
from domain.basin_files import read_basin
from domain.event_pack import AnchorRole, Bound, EventPack
from simulator.anchors import Comparison, compare
from simulator.scenario import Scenario, SoilStart, read_scenario
from simulator.truth import Truth
from simulator.world import World, build_world, read_pack, simulate_truth

HEADER = ("place", "when (local)", "what", "role", "wanted", "got", "off", "verdict")
RUN_HEADER = ("start", "place", "soil filled", "rain mm", "peak m3/s", "at (local)", "runoff coefficient")
PLACES = (
    "VES_DAM",
    "VES_CHAUDFONTAINE",
    "HOE_THEUX",
    "AMB_MARTINRIVE",
    "OUR_TABREUX",
    "LES_GENDRON",
    "MEU_SINTPIETER",
)


@dataclass(frozen=True, slots=True)
class EventSummary:
    """Peak [m3/s], rain [mm] and runoff coefficient of the event above a node from one soil state."""

    start: SoilStart
    node_id: str
    soil_fill: float
    peak: float
    peak_at: datetime
    rain_mm: float
    runoff_coefficient: float


def summarise(truth: Truth, world: World, start: SoilStart, node_id: str) -> EventSummary:
    """Summarise an event above one node; the flow at the start, held, counts as base flow.

    Flow out of a lake or over the border counts as what it is: for a place below either, the coefficient is
    that of the inflow less the border's.
    """
    terrain = world.terrain
    above = terrain.catchment_of(node_id)
    weights = terrain.area_m2[above]
    rain_mm = float(np.average(truth.catchment_rain[:, above].sum(axis=0), weights=weights))
    flow = truth.discharge_at(node_id)
    lakes = [k for k, dam_id in enumerate(truth.dam_ids) if world.basin.dams[dam_id].node_id == node_id]
    through = truth.lake_inflow[:, lakes[0]] if lakes else flow
    border = world.sky.boundary_m3s[-len(truth.steps) :, above].sum(axis=1)
    local = through - border
    runoff_mm = float((local - local[0]).sum()) * 900 / float(weights.sum()) * 1000
    top = int(np.argmax(flow))
    return EventSummary(
        start=start,
        node_id=node_id,
        soil_fill=float(np.average(truth.soil_fill[above], weights=weights)),
        peak=float(flow[top]),
        peak_at=truth.steps[top],
        rain_mm=rain_mm,
        runoff_coefficient=runoff_mm / rain_mm,
    )


def summaries(basin: Basin, scenario: Scenario, pack: EventPack, places: Sequence[str]) -> list[EventSummary]:
    """Run the event from all four soil states and summarise it at some nodes."""
    found: list[EventSummary] = []
    for start in SoilStart:
        changed = scenario.world.model_copy(update={"soil_start": start})
        world = build_world(basin, scenario.model_copy(update={"world": changed}), scenario.seed, pack)
        truth = simulate_truth(world)
        found += [summarise(truth, world, start, node_id) for node_id in places]
    return found


def write_report(folder: Path, basin: Basin, scenario: Scenario, pack: EventPack) -> None:
    """Write the report of one event beside its pack."""
    truth = simulate_truth(build_world(basin, scenario, scenario.seed, pack))
    zone = ZoneInfo(basin.timezone)
    compared = [compare(anchor, truth, basin) for anchor in pack.anchors if anchor.role is not AnchorRole.RAIN]
    rows = [_row(comparison, zone) for comparison in compared]
    with (folder / "simulation_report.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow(["anchor_id", *HEADER])
        csv.writer(stream).writerows([c.anchor.anchor_id, *row] for c, row in zip(compared, rows, strict=True))
    run_rows = [_run_row(run, basin, zone) for run in summaries(basin, scenario, pack, PLACES)]
    (folder / "simulation_report.md").write_text(_markdown(rows, run_rows, scenario, truth), encoding="utf-8")


def _row(comparison: Comparison, zone: ZoneInfo) -> list[str]:
    anchor = comparison.anchor
    verdict = {True: "met", False: "missed", None: "not comparable"}[comparison.agrees]
    got = "-" if comparison.got is None else f"{comparison.got:.3g} {anchor.unit}"
    wanted = "" if anchor.value is None else f"{anchor.value:g}"
    if anchor.value_high is not None:
        wanted += f"-{anchor.value_high:g}"
    wanted = f"{'>= ' if anchor.bound is Bound.LOWER and anchor.value is not None else ''}{wanted} {anchor.unit}"
    off = ""
    if anchor.variable == "dam_full":
        wanted = f"{'not before ' if anchor.bound is Bound.LOWER else ''}{anchor.until.astimezone(zone):%d July %H:%M}"
        got = "never" if comparison.got_at is None else f"{comparison.got_at.astimezone(zone):%d July %H:%M}"
        off = "" if comparison.got is None else f"{comparison.got:+.1f} h"
    elif comparison.got is not None and anchor.value and anchor.kind != "count":
        got = f"{comparison.got:.4g} {anchor.unit}"
        nearest = min(max(comparison.got, anchor.value), anchor.value_high or anchor.value)
        off = f"{100 * (comparison.got / nearest - 1):+.0f} %"
    if comparison.got_at is not None and anchor.kind == "peak":
        got += f" at {comparison.got_at.astimezone(zone):%d July %H:%M}"
    when = f"{anchor.until.astimezone(zone):%d July %H:%M}"
    if anchor.since is not None:
        when = f"{anchor.since.astimezone(zone):%d July %H:%M} to {when}"
    what = f"{anchor.variable.replace('_', ' ')}, {anchor.kind.replace('_', ' ')}"
    return [anchor.place, when, what, anchor.role.value.replace("_", " "), wanted, got, off, verdict]


INTRODUCTION = (
    "The truth is a simulated world: no figure here is a measurement, and agreement with the readings says nothing "
    "about the skill of a forecast. It was tuned by `python -m simulator.tune` on the readings of the first table "
    "only (seven constants, in `scenario.toml`); the second table was held out and is shown as it came. Met means "
    "within the tolerance of `anchors.csv` (10 % unless said otherwise; a lower bound counts as met from 10 % below "
    "it upwards). No constant was fitted to the second table, but it was in view while the structure was revised: "
    "flood plains instead of roughness now hold waves back, a part of each catchment is sealed land, soils are "
    "deeper where the mean flow is small, and the peak at Sint Pieter is sought in the middle of its window.\n\n"
    "A lake counts as full when it begins to spill. Where gauges publish discharge, it errs besides: see the true "
    "ratings in `simulator/gauging.py`."
)
SOIL_STATES = (
    "Dry, median and wet are the 5, 50 and 95 % quantiles of the days of the warm-up year by soil moisture over the "
    "whole basin; the five days before the event then run on them. Coefficients count flow above that at the start, "
    "border inflows left out; slow drainage after the last day is not in them. At the Eupen dam the peak is that of "
    "the outflow, the coefficient that of the inflow."
)


def _run_row(run: EventSummary, basin: Basin, zone: ZoneInfo) -> list[str]:
    return [
        run.start.value.replace("_", " "),
        basin.network.nodes[run.node_id].name,
        f"{run.soil_fill:.2f}",
        f"{run.rain_mm:.0f}",
        f"{run.peak:.0f}",
        f"{run.peak_at.astimezone(zone):%d July %H:%M}",
        f"{run.runoff_coefficient:.2f}",
    ]


def _markdown(
    rows: Sequence[Sequence[str]], run_rows: Sequence[Sequence[str]], scenario: Scenario, truth: Truth
) -> str:
    tuned, held_out = ([row for row in rows if row[3] == role] for role in ("tuned", "held out"))
    met = sum(row[-1] == "met" for row in held_out)
    paragraphs = [
        f"# {scenario.title}",
        f"Written by `python -m simulator.report`. {truth.label}.",
        INTRODUCTION,
        "## Readings it was tuned on",
        _table(HEADER, tuned),
        f"## Readings held out: {met} of {len(held_out)} met",
        _table(HEADER, held_out),
        "## The event from other soil states",
        SOIL_STATES,
        _table(RUN_HEADER, run_rows),
        f"Water balance of the run: error {truth.ledger.error:.0e} of what came in.",
    ]
    return "\n\n".join(paragraphs) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Write the report from the command line."""
    parser = argparse.ArgumentParser(description="Compare a simulated event with the public readings.")
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--basin", type=Path, required=True)
    asked = parser.parse_args()
    basin, scenario = read_basin(asked.basin), read_scenario(asked.scenario)
    pack = read_pack(basin, scenario)
    if pack is None:
        parser.error("the scenario has no event pack to be compared with")
    write_report(pack.folder, basin, scenario, pack)


if __name__ == "__main__":
    main()
