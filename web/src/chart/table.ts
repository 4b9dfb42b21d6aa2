/** Puts observations and forecasts of one series on one time axis for the chart, keeping gaps as gaps. */

import type { ForecastRun, ForecastSeries, ObservedSeries, ObservedValue } from "../api";

/** A number is a value, null a gap in the line, undefined a time at which this column says nothing. */
export type Cell = number | null | undefined;

export const COLUMNS = ["observed", "suspect", "bad", "q05", "q95", "q25", "q75", "median", "perfect"] as const;
export type Column = (typeof COLUMNS)[number];

export interface ChartTable {
  /** Seconds since 1970, rising, each once. */
  times: number[];
  columns: Record<Column, Cell[]>;
}

type Sparse = Map<number, number | null>;

const seconds = (iso: string): number => Math.round(Date.parse(iso) / 1000);

/** Position of a quantile level, allowing for levels that passed through 32-bit floats. */
export function levelIndex(levels: readonly number[], level: number): number {
  return levels.findIndex((item) => Math.abs(item - level) < 1e-4);
}

/** The usual spacing of the values: their median step in seconds, 900 when there are too few to say. */
export function usualStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? time));
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] || 900;
}

/** The line of good values. A missing, bad or suspect value, and a silence of more than two steps, break it. */
function observedLine(values: readonly ObservedValue[]): Sparse {
  const times = values.map((item) => seconds(item.observed_at));
  const longest = 2.5 * usualStep(times);
  const line: Sparse = new Map();
  values.forEach((item, i) => {
    const time = times[i] ?? 0;
    const before = times[i - 1];
    if (before !== undefined && time - before > longest) line.set(before + 1, null);
    line.set(time, item.flag === "GOOD" ? item.value : null);
  });
  return line;
}

function flagged(values: readonly ObservedValue[], flag: string): Sparse {
  const points: Sparse = new Map();
  for (const item of values) {
    if (item.flag === flag && item.value !== null) points.set(seconds(item.observed_at), item.value);
  }
  return points;
}

function quantileLine(run: ForecastRun | null, level: number): Sparse {
  const line: Sparse = new Map();
  if (!run) return line;
  const column = levelIndex(run.quantile_levels, level);
  const issued = seconds(run.issued_at);
  run.lead_minutes.forEach((lead, i) => {
    const value = column < 0 ? null : run.quantiles[i]?.[column];
    line.set(issued + lead * 60, typeof value === "number" && Number.isFinite(value) ? value : null);
  });
  return line;
}

function sparseColumns(observed: ObservedSeries | null, forecast: ForecastSeries | null): Record<Column, Sparse> {
  const values = observed?.values ?? [];
  const ensemble = forecast?.ensemble ?? null;
  return {
    observed: observedLine(values),
    suspect: flagged(values, "SUSPECT"),
    bad: flagged(values, "BAD"),
    q05: quantileLine(ensemble, 0.05),
    q95: quantileLine(ensemble, 0.95),
    q25: quantileLine(ensemble, 0.25),
    q75: quantileLine(ensemble, 0.75),
    median: quantileLine(ensemble, 0.5),
    perfect: quantileLine(forecast?.perfect_rain ?? null, 0.5),
  };
}

/** Join everything known of a series on one axis. */
export function chartTable(observed: ObservedSeries | null, forecast: ForecastSeries | null): ChartTable {
  const sparse = sparseColumns(observed, forecast);
  const all = new Set<number>();
  for (const column of COLUMNS) for (const time of sparse[column].keys()) all.add(time);
  const times = [...all].sort((a, b) => a - b);
  const columns = {} as Record<Column, Cell[]>;
  for (const column of COLUMNS) {
    columns[column] = times.map((time) => (sparse[column].has(time) ? sparse[column].get(time) : undefined));
  }
  return { times, columns };
}

/** Lowest and highest drawn value; thresholds count only when the data come within reach of them. */
export function valueRange(low: number | null, high: number | null, limits: readonly number[], fromZero: boolean): [number, number] {
  const bottom = fromZero ? Math.min(0, low ?? 0) : (low ?? 0);
  const top = high ?? 1;
  const reach = bottom + Math.max(top - bottom, 1e-9) * 3;
  const shown = limits.filter((limit) => limit <= reach);
  const highest = Math.max(top, ...shown);
  const lowest = fromZero ? bottom : Math.min(bottom, ...shown);
  const room = Math.max(highest - lowest, Math.abs(highest) * 0.02, 0.05) * 0.08;
  const notes = limits.length - shown.length; // each is named at the top, clear of the curves
  return [fromZero && lowest === 0 ? 0 : lowest - room, highest + room * (1 + notes)];
}
