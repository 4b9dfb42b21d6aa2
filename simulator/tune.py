"""Tune the few calibration constants of a scenario on the public readings that are set aside for it.

``python -m simulator.tune SCENARIO.toml --basin DIR`` runs the procedure and rewrites the part of the scenario file
between its two marks. Each constant answers for one reading (:data:`KNOBS`), readings with the role ``held_out``
are never looked at. The constants are improved one after the other by secant steps until all readings are met.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from domain.basin import Basin
from domain.basin_files import read_basin
from domain.event_pack import EventPack
from simulator.scenario import DamSection, Scenario, TunedSection, read_scenario
from simulator.truth import Truth
from simulator.world import build_world, read_pack, simulate_truth

BEGIN: Final = "# --- tuned by python -m simulator.tune: begin ---"
END: Final = "# --- tuned by python -m simulator.tune: end ---"
ROUNDS: Final = 8
TOLERANCE: Final = 0.004
FULL_AT: Final = datetime(2021, 7, 14, 21, 0, tzinfo=UTC)
# "Evening of 15 July" is the window from 18 h to 6 h local; the peak is sought in its middle.
EVENING_PEAK: Final = datetime(2021, 7, 15, 22, 0, tzinfo=UTC)
# "Morning of 15 July": 6 to 12 h local.
MORNING: Final = (datetime(2021, 7, 15, 4, 0, tzinfo=UTC), datetime(2021, 7, 15, 10, 0, tzinfo=UTC))
BOTH_DAYS: Final = (datetime(2021, 7, 13, 22, 0, tzinfo=UTC), datetime(2021, 7, 15, 22, 0, tzinfo=UTC))
# A reading of the flood is a lower bound of its peak; the peak is taken a twentieth higher.
ABOVE_LOWER_BOUND: Final = 1.05


@dataclass(frozen=True)
class Knob:
    """One constant, and what it is to bring about: ``got(truth)`` is to become ``wanted``.

    ``step`` is the first change tried; constants with ``is_ratio`` change by factors, the others by sums.
    """

    name: str
    wanted: float
    got: Callable[[Truth], float]
    start: float
    step: float
    limits: tuple[float, float]
    is_ratio: bool = True


KNOBS: Final = (
    Knob("VES_DAM.soil", 12.4, lambda t: _volume_hm3(t, "EUPEN"), 1.0, 1.2, (0.2, 5.0)),
    Knob("VES_DAM.quickness", 268.0, lambda t: float(t.lake("EUPEN")[0].max()), 1.0, 1.2, (0.2, 5.0)),
    Knob("EUPEN.rule_reserve_hm3", 1.0, lambda t: _over_crest(t, "EUPEN", FULL_AT), 2.8, 0.4, (0.5, 7.0), False),
    Knob(
        "EUPEN.spill_crest_m",
        196.0,
        lambda t: float(t.discharge_at("VES_DAM").max()),
        359.0,
        0.3,
        (357.0, 360.9),
        False,
    ),
    Knob(
        "AMB_MARTINRIVE.soil",
        661.0 * ABOVE_LOWER_BOUND,
        lambda t: _highest(t, "AMB_MARTINRIVE", MORNING),
        1.0,
        0.8,
        (0.2, 5.0),
    ),
    Knob("MEU_SINTPIETER.soil", 3260.0, lambda t: float(t.discharge_at("MEU_SINTPIETER").max()), 1.0, 1.2, (0.2, 5.0)),
    Knob("MEU_SINTPIETER.flood_plain", 22.0, lambda t: _peak_hour(t, "MEU_SINTPIETER"), 1.0, 1.3, (0.3, 12.0)),
)


def _volume_hm3(truth: Truth, dam_id: str) -> float:
    inside = [BOTH_DAYS[0] < step <= BOTH_DAYS[1] for step in truth.steps]
    return float(truth.lake(dam_id)[0][inside].sum()) * 900 / 1e6


def _over_crest(truth: Truth, dam_id: str, at: datetime) -> float:
    """One when the lake stands at its spillway's crest at a time, a hundredth more for each 0.1 m above it."""
    crest = truth.lake_crest[truth.dam_ids.index(dam_id)]
    return 1.0 + float(truth.lake(dam_id)[2][truth.steps.index(at)] - crest) / 10


def _highest(truth: Truth, node_id: str, window: tuple[datetime, datetime]) -> float:
    inside = [window[0] < step <= window[1] for step in truth.steps]
    return float(truth.discharge_at(node_id)[inside].max())


def _peak_hour(truth: Truth, node_id: str) -> float:
    """Hour of 15 July (UTC) around which the highest tenth of the flood stands: smoother than its one top."""
    flow = truth.discharge_at(node_id)
    above = np.maximum(flow - 0.9 * flow.max(), 0.0)
    hours = np.array([(step - EVENING_PEAK).total_seconds() / 3600 + 22.0 for step in truth.steps])
    return float(np.average(hours, weights=above))


def with_constants(scenario: Scenario, constants: Mapping[str, float]) -> Scenario:
    """Return the scenario with constants such as ``{"VES_DAM.soil": 0.8, "EUPEN.spill_crest_m": 360.1}``."""
    regions: dict[str, dict[str, float]] = {}
    for name, value in constants.items():
        place, what = name.split(".")
        regions.setdefault(place, {})[what] = round(value, 4)
    is_dam = {place: any(what in DamSection.model_fields for what in found) for place, found in regions.items()}
    tuned = [TunedSection(upstream_of=place, **found) for place, found in regions.items() if not is_dam[place]]
    dams = {place: DamSection(**found) for place, found in regions.items() if is_dam[place]}
    return scenario.model_copy(update={"tuned": tuple(tuned), "dams": {**scenario.dams, **dams}})


def constants_of(scenario: Scenario) -> dict[str, float]:
    """Return the constants as the scenario has them, or the start of those it lacks."""
    found = {knob.name: knob.start for knob in KNOBS}
    for section in scenario.tuned:
        found |= {
            f"{section.upstream_of}.{what}": getattr(section, what) for what in ("soil", "quickness", "flood_plain")
        }
    for dam_id, dam in scenario.dams.items():
        given = {"rule_reserve_hm3": dam.rule_reserve_hm3, "spill_crest_m": dam.spill_crest_m}
        found |= {f"{dam_id}.{what}": value for what, value in given.items() if value is not None}
    return {knob.name: found[knob.name] for knob in KNOBS}


def tune(basin: Basin, scenario: Scenario, pack: EventPack, say: Callable[[str], None]) -> dict[str, float]:
    """Return the constants that meet the readings, as far as their limits allow."""
    constants = constants_of(scenario)

    def run(values: Mapping[str, float]) -> Truth:
        return simulate_truth(build_world(basin, with_constants(scenario, values), scenario.seed, pack))

    for number in range(ROUNDS):
        worst = 0.0
        for knob in KNOBS:
            truth = run(constants)
            off = knob.got(truth) / knob.wanted - 1
            worst = max(worst, abs(off))
            found = f"{constants[knob.name]:.4g} gives {knob.got(truth):.5g}, wanted {knob.wanted:.5g}"
            say(f"round {number + 1}: {knob.name} = {found}")
            if abs(off) > TOLERANCE:
                constants[knob.name] = _improved(knob, constants, run, truth)
        if worst <= TOLERANCE:
            break
    return constants


def _improved(
    knob: Knob,
    constants: Mapping[str, float],
    run: Callable[[Mapping[str, float]], Truth],
    truth: Truth,
) -> float:
    """Take most of one secant step on the logarithm of what comes of it; the other constants move too."""
    here, got = constants[knob.name], knob.got(truth)
    tried = here * knob.step if knob.is_ratio else here + knob.step
    slope = math.log(knob.got(run({**constants, knob.name: tried})) / got)
    slope /= math.log(knob.step) if knob.is_ratio else knob.step
    if abs(slope) < 1e-4:
        return here
    move = 0.8 * math.log(knob.wanted / got) / slope
    longest = math.log(1.6) if knob.is_ratio else 2 * knob.step
    move = min(max(move, -longest), longest)
    return min(max(here * math.exp(move) if knob.is_ratio else here + move, knob.limits[0]), knob.limits[1])


def write_constants(path: Path, scenario: Scenario) -> None:
    """Write the tuned sections of a scenario between the marks of its file."""
    lines = [BEGIN]
    for section in scenario.tuned:
        lines += ["[[tuned]]", f'upstream_of = "{section.upstream_of}"']
        lines += [f"{what} = {getattr(section, what):.4f}" for what in ("soil", "quickness", "flood_plain")]
    for dam_id, dam in scenario.dams.items():
        lines += [
            f"[dams.{dam_id}]",
            f"rule_reserve_hm3 = {dam.rule_reserve_hm3:.3f}",
            f"spill_crest_m = {dam.spill_crest_m:.3f}",
        ]
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(before + "\n".join([*lines, END]) + after, encoding="utf-8")


def main() -> None:
    """Run the procedure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--basin", type=Path, required=True)
    asked = parser.parse_args()
    basin, scenario = read_basin(asked.basin), read_scenario(asked.scenario)
    pack = read_pack(basin, scenario)
    if pack is None:
        parser.error("the scenario has no event pack to be tuned on")
    constants = tune(basin, scenario, pack, Console().print)
    write_constants(asked.scenario, with_constants(scenario, constants))


if __name__ == "__main__":
    main()
