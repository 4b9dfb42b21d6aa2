"""Rebuild the event pack of July 2021: ``python basins/wallonia/events/2021-07/reconstruct.py [--out DIR]``.

Everything that this script writes is reconstructed or synthetic, never measured. It reads the basin's own
tables, ``event.toml``, ``anchors.csv`` (public figures) and ``chronology.csv``, all typed by hand, and
nothing else; the same seed gives the same files. The method stands in README.md and at the top of each
module: ``event_rain`` (kriged day totals, travelling bursts), ``warmup`` (storm generator), ``inflows``
(reservoirs beyond the border), ``known`` (what was known when), ``wanted_got`` (comparison).

Exit status 1 when a public rain figure is missed by more than 10 %.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import sys
import tomllib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import inflows
import known
import numpy as np
import wanted_got
from event_rain import event_rain
from geography import Floats, area_rows, rain_gauges
from warmup import warmup_rain

from domain.basin_files import read_basin
from domain.clock import format_utc
from domain.event_pack import Anchor, read_anchors

PACK = Path(__file__).resolve().parent
SEED = 20210714
MARK_START, MARK_END = "<!-- wanted-got: written by reconstruct.py -->", "<!-- end wanted-got -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pack and print the comparison; return the exit status."""
    parser = argparse.ArgumentParser(description="Rebuild the event pack of July 2021 (all of it reconstructed).")
    parser.add_argument("--out", type=Path, default=PACK, help="folder to write to (default: the pack itself)")
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    table = rebuild(out)
    for row in table:
        print(f"{row[9]:10} {row[2]:24.24} {row[3]:18.18} {row[4]:>16} {row[5]:8.8} got {row[7]:>7} {row[8]:>6}")
    missed = [row[0] for row in table if row[9] == "missed"]
    if missed:
        print(f"missed by more than 10 %: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def rebuild(out: Path) -> list[tuple[str, ...]]:
    """Write every generated file into a folder and return the rows of the comparison."""
    basin = read_basin(PACK.parents[1])
    meta = tomllib.loads((PACK / "event.toml").read_text(encoding="utf-8"))
    anchors = hand_typed_anchors()
    figures = {i: (a.value or 0.0) if a.value_high is None else (a.value or 0.0) / 2 + a.value_high / 2
               for i, (a, _) in anchors.items()}  # fmt: skip
    # One generator a task: a change of one leaves the others as they are.
    event_rng, warmup_rng = (np.random.default_rng([SEED, task]) for task in (1, 2))
    warmup_times = hours(meta["warmup_starts_at"], meta["starts_at"])
    event_times = hours(meta["starts_at"], meta["ends_at"])
    warmup = in_tenths(warmup_rain(basin, warmup_times, warmup_rng))
    event = in_tenths(event_rain(basin, event_times, figures, event_rng))
    gauge_ids = [gauge.station_id for gauge in rain_gauges(basin)]
    write_wide(out / "warmup_rain.csv.gz", gauge_ids, warmup_times, warmup)
    write_wide(out / "rain.csv", gauge_ids, event_times, event)

    times, cut = [*warmup_times, *event_times], len(warmup_times)
    storm = event_times.index(datetime.fromisoformat("2021-07-13T06:00:00Z"))
    node_ids, flows = inflows.border_inflows(basin, times, np.vstack([warmup, event]), cut + storm)
    write_wide(out / "warmup_inflows.csv.gz", node_ids, warmup_times, flows[:cut])
    write_wide(out / "inflows.csv", node_ids, event_times, flows[cut:])

    write_rows(out / "areas.csv", ("area", "node_id", "method"), area_rows(basin))
    write_rows(out / "rain_forecasts.csv", known.FORECAST_COLUMNS, known.rain_forecast_rows())
    write_rows(out / "dam_decisions.csv", known.DECISION_COLUMNS, known.dam_decision_rows())
    write_rows(out / "outages.csv", known.OUTAGE_COLUMNS, known.outage_rows())
    table = wanted_got.rows(wanted_got.compare(basin, anchors, event_times, event))
    write_rows(out / "wanted_got.csv", wanted_got.COLUMNS, table)
    write_readme(out, table)
    return table


def hand_typed_anchors() -> dict[str, tuple[Anchor, str]]:
    """Return the public figures by id, each with its date as printed by its source."""
    with (PACK / "anchors.csv").open(encoding="utf-8", newline="") as stream:
        printed = {row["anchor_id"]: row["datetime_local"] for row in csv.DictReader(stream)}
    return {anchor.anchor_id: (anchor, printed[anchor.anchor_id]) for anchor in read_anchors(PACK)}


def hours(start: datetime, end: datetime) -> list[datetime]:
    """Return the end of every hour between two times."""
    return [start + timedelta(hours=h + 1) for h in range(int((end - start) / timedelta(hours=1)))]


def in_tenths(rain: Floats) -> Floats:
    """Round rain [time, gauge] to tenths of a millimetre as a tipping bucket does: no total is lost."""
    tips = np.floor(np.cumsum(rain, axis=0) * 10.0 + 0.5)
    return np.asarray(np.diff(tips, axis=0, prepend=0.0) / 10.0)


def write_wide(path: Path, columns: Iterable[str], times: Sequence[datetime], values: Floats) -> None:
    """Write an hourly table; ``.gz`` without a time stamp of its own, so that the same table is the same file."""
    text = io.StringIO()
    text.write("time," + ",".join(columns) + "\n")
    for time, row in zip(times, values, strict=True):
        # Inflows of thousands and rain of tenths both keep four digits that mean something.
        text.write(format_utc(time) + "," + ",".join(f"{value:.1f}".removesuffix(".0") for value in row) + "\n")
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, 9, mtime=0) if path.suffix == ".gz" else content)


def write_rows(path: Path, columns: Sequence[str], table: Iterable[Sequence[str]]) -> None:
    """Write a small table."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(table)


def write_readme(out: Path, table: Sequence[Sequence[str]]) -> None:
    """Put the comparison between its marks in the README."""
    text = (PACK / "README.md").read_text(encoding="utf-8")
    head, _, rest = text.partition(MARK_START)
    tail = rest.partition(MARK_END)[2]
    middle = f"{MARK_START}\n{wanted_got.markdown(table)}\n{MARK_END}"
    (out / "README.md").write_text(head + middle + tail, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
