"""Compare the reconstructed rain with every public figure; list the figures that cannot be compared and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from event_rain import HAUTES_FAGNES, wettest_hours
from geography import Floats, areal_weights, belgian_meuse, rain_gauges, south_of_sambre_meuse, upstream_of

from domain.basin import Basin
from domain.event_pack import Anchor, AnchorRole

COLUMNS = ("anchor_id", "datetime_local", "place", "variable", "wanted", "unit", "bound", "got", "off_percent",
           "verdict", "note")  # fmt: skip

# Rows of public figures that this pack cannot be compared with: when, where, figure, unit, why not.
LEFT_OUT = (
    ("2021-07-13/2021-07-15", "Ransberg", "rain", "77", "mm/48h", "outside the area (Flanders); used as a rim support"),
    ("2021-07-13/2021-07-15", "Maasmechelen", "rain", "70", "mm/48h",
     "outside the area (Flanders); used as a rim support"),
    ("2021-07", "Uccle", "rain", "166.5", "mm/month", "outside the area and the dates (a whole month in Brussels)"),
    ("2021-07-13/2021-07-16", "Belgium", "rain", "90", "% above 200-year level", "not an amount of rain"),
    ("2021", "Western Europe", "rain", "400", "years", "a return period, not an amount of rain"),
    ("2021-07-15", "Brabant wallon (Dyle)", "level", "2.4", "m", "the gauge on the Dyle is not stated"),
    ("2021-07-15 morning", "Eijsden", "level", "50", "m NAP", "the basin's table has no gauge zero for Eijsden"),
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One public figure against the pack; ``got`` is None where the simulator has to answer."""

    anchor: Anchor
    datetime_local: str
    got: float | None

    @property
    def off_percent(self) -> float | None:
        """Distance [%] of ``got`` from the wanted value, or from the nearest end of a wanted range."""
        low, high = self.anchor.value, self.anchor.value_high
        if self.got is None or low is None:
            return None
        nearest = min(max(self.got, low), high) if high is not None else low
        return 100.0 * (self.got - nearest) / nearest

    @property
    def verdict(self) -> str:
        """``met``, ``missed`` or ``simulator`` (to be reported by the simulator)."""
        if self.off_percent is None:
            return "simulator"
        return "met" if abs(self.off_percent) <= 100.0 * (self.anchor.tolerance or 0.0) else "missed"


def compare(
    basin: Basin, anchors: Mapping[str, tuple[Anchor, str]], times: Sequence[datetime], rain: Floats
) -> list[Comparison]:
    """Compare every public figure; ``rain`` [mm] has shape [time, gauge], ``anchors`` carries the local dates."""
    comparisons = []
    for anchor, datetime_local in anchors.values():
        got = None
        if anchor.role is AnchorRole.RAIN and anchor.since is not None:
            window = rain[np.array([anchor.since < t <= anchor.until for t in times])]
            got = round(_rain_figure(basin, anchor, window), 1)
        comparisons.append(Comparison(anchor, datetime_local, got))
    return comparisons


def _rain_figure(basin: Basin, anchor: Anchor, window: Floats) -> float:
    """Return the figure [mm] that an anchor asks for from the hours of its window, shape [time, gauge]."""
    gauges = rain_gauges(basin)
    ids = [gauge.station_id for gauge in gauges]
    totals = window.sum(axis=0)
    if anchor.station_id is not None:
        return float(totals[ids.index(anchor.station_id)])
    if anchor.node_id is not None:
        network = basin.network
        belgian = anchor.node_id == "MEU_SINTPIETER"
        nodes = belgian_meuse(network) if belgian else upstream_of(network, anchor.node_id)
        return float(areal_weights(basin, gauges, nodes) @ totals)
    if anchor.kind == "six_hour_maximum":
        return wettest_hours(window[:, [ids.index(i) for i in HAUTES_FAGNES]].mean(axis=1), 6)
    south = totals[south_of_sambre_meuse(gauges)]
    return float(south.max() if anchor.kind == "gauge_maximum" else np.median(south))


def rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Return the rows of ``wanted_got.csv``."""
    table = [
        (
            c.anchor.anchor_id, c.datetime_local, c.anchor.place, c.anchor.variable, wanted(c.anchor), c.anchor.unit,
            c.anchor.bound.value, "" if c.got is None else f"{c.got:g}",
            "" if c.off_percent is None else f"{c.off_percent:+.1f}", c.verdict, c.anchor.note,
        )
        for c in comparisons
    ]  # fmt: skip
    table += [("", when, place, variable, value, unit, "", "", "", "left out", why)
              for when, place, variable, value, unit, why in LEFT_OUT]  # fmt: skip
    return table


def wanted(anchor: Anchor) -> str:
    """Write the wanted value or range."""
    if anchor.value is None:
        return anchor.until.strftime("%d July %H:%M UTC")
    return f"{anchor.value:g}" if anchor.value_high is None else f"{anchor.value:g}-{anchor.value_high:g}"


def markdown(table: Sequence[Sequence[str]]) -> str:
    """Write the table for the README."""
    lines = ["| when (local) | where | what | wanted | got | off | verdict | note |", "|---" * 8 + "|"]
    for row in table:
        sign = {"lower": ">= ", "exact": "", "range": "", "": ""}[row[6]]
        off = f"{row[8]} %" if row[8] else ""
        lines.append(
            f"| {row[1]} | {row[2]} | {row[3].replace('_', ' ')} | {sign}{row[4]} {row[5]} | {row[7]} | {off} "
            f"| {row[9]} | {row[10]} |"
        )
    return "\n".join(lines)
