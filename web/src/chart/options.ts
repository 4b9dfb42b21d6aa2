/** The chart's form: its columns, their looks, its axes. */

import uPlot from "uplot";
import { dayOnly, quantity, timeOfDay, unitSign, variableWord } from "../format";
import { colour } from "../theme";
import { type Marks, paintMarks } from "./paint";
import { COLUMNS, type Column, valueRange } from "./table";

export const COLUMN_WORDS: Readonly<Record<Column, string>> = {
  observed: "Observed",
  suspect: "Observed, suspect",
  bad: "Observed, bad",
  q05: "5 %",
  q95: "95 %",
  q25: "25 %",
  q75: "75 %",
  median: "Forecast median",
  perfect: "Upper bound: perfect rain (reconstruction)",
};

const index = (column: Column): number => COLUMNS.indexOf(column) + 1;

/** Crosses for bad values, hollow diamonds for suspect ones: told apart without colour. */
function markPaths(kind: "cross" | "diamond"): uPlot.Series.Points.PathBuilder {
  return (plot, seriesIndex, from, to) => {
    const path = new Path2D();
    const size = 4.5 * devicePixelRatio;
    const [times, values] = [plot.data[0], plot.data[seriesIndex] ?? []];
    for (let i = from; i <= to; i++) {
      const value = values[i];
      const time = times[i];
      if (value === null || value === undefined || time === undefined) continue;
      const x = plot.valToPos(time, "x", true);
      const y = plot.valToPos(value, "y", true);
      if (kind === "cross") {
        path.moveTo(x - size, y - size);
        path.lineTo(x + size, y + size);
        path.moveTo(x + size, y - size);
        path.lineTo(x - size, y + size);
      } else {
        path.moveTo(x, y - size * 1.3);
        path.lineTo(x + size * 1.3, y);
        path.lineTo(x, y + size * 1.3);
        path.lineTo(x - size * 1.3, y);
        path.closePath();
      }
    }
    return { stroke: path };
  };
}

/** Rain fell in the time that ends at its stamp, so a bar stands left of it. */
function rainBars(): uPlot.Series {
  const tint = colour("chart-rain");
  const paths = uPlot.paths.bars?.({ size: [0.8, 40], align: -1 });
  return { stroke: tint, fill: tint, ...(paths ? { paths } : {}) };
}

function seriesOf(column: Column, rain: boolean): uPlot.Series {
  const base = { label: COLUMN_WORDS[column], points: { show: false } };
  switch (column) {
    case "observed":
      return rain ? { ...base, ...rainBars() } : { ...base, stroke: colour("chart-observed"), width: 2.4 };
    case "suspect":
    case "bad":
      return {
        ...base,
        paths: () => null,
        points: { show: true, width: 2, stroke: colour(`chart-${column}`), paths: markPaths(column === "bad" ? "cross" : "diamond") },
      };
    case "median":
      return { ...base, stroke: colour("chart-median"), width: 2.2, spanGaps: true };
    case "perfect":
      return { ...base, stroke: colour("chart-perfect"), width: 2, dash: [7, 5], spanGaps: true };
    default:
      return { ...base, stroke: "transparent", width: 0, spanGaps: true };
  }
}

/** Labels of the time axis: hours, with the day wherever it begins. */
function timeLabels(_plot: uPlot, splits: number[]): string[] {
  let day = "";
  return splits.map((split) => {
    const ms = split * 1000;
    const here = dayOnly(ms);
    const label = here === day ? timeOfDay(ms) : `${timeOfDay(ms)}\n${here}`;
    day = here;
    return label;
  });
}

export interface ChartSetup {
  variable: string;
  unit: string;
  width: number;
  height: number;
  /** Read on every drawing, so that marks move without a new chart. */
  marks: () => Marks;
  onCursor: (index: number | null) => void;
}

function axes(setup: ChartSetup): uPlot.Axis[] {
  const look = {
    stroke: colour("muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("chart-grid"), width: 1 },
    ticks: { stroke: colour("chart-grid"), width: 1, size: 5 },
  };
  const unit = unitSign(setup.unit);
  return [
    { ...look, space: 64, size: 44, values: timeLabels },
    {
      ...look,
      size: 56,
      label: `${variableWord(setup.variable)}${unit ? ` [${unit}]` : ""}`,
      labelSize: 20,
      labelFont: "600 12px system-ui, sans-serif",
      values: (_plot, splits) => splits.map((split) => (Math.abs(split) >= 10 ? quantity(split).replace(/\.0$/, "") : String(Number(split.toFixed(3))))),
    },
  ];
}

/** All that is drawn, and on to now, so that a silence since the last reading shows as one. A zoom is left as it is. */
function timeRange(plot: uPlot, low: number | null, high: number | null, now: number | null): [number | null, number | null] {
  const last = plot.data[0].at(-1);
  const whole = high !== null && last !== undefined && high >= last;
  return [low, whole && now !== null ? Math.max(high, now) : high];
}

/** Options of a chart in the colours of the present theme. */
export function chartOptions(setup: ChartSetup): uPlot.Options {
  const rain = setup.variable === "rain";
  const fromZero = rain || setup.variable === "discharge";
  const band = (high: Column, low: Column, tint: string): uPlot.Band => ({ series: [index(high), index(low)], fill: colour(tint) });
  return {
    width: setup.width,
    height: setup.height,
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Europe/Brussels"),
    cursor: { drag: { x: true, y: false }, points: { size: 7 }, focus: { prox: -1 } },
    scales: {
      x: { time: true, range: (plot, low, high) => timeRange(plot, low, high, setup.marks().now) },
      y: { range: (_plot, low, high) => valueRange(low, high, setup.marks().thresholds.map((item) => item.value), fromZero) },
    },
    axes: axes(setup),
    series: [{}, ...COLUMNS.map((column) => seriesOf(column, rain))],
    bands: [band("q95", "q05", "chart-band-outer"), band("q75", "q25", "chart-band-inner")],
    hooks: {
      draw: [(plot) => paintMarks(plot, setup.marks())],
      setCursor: [(plot) => setup.onCursor(plot.cursor.idx ?? null)],
    },
  };
}
