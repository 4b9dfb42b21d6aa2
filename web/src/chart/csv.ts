/** The chart's content as a table for other programs. */

import type { ForecastRun, ForecastSeries, ObservedSeries, Station } from "../api";

const HEADER = ["time_utc", "station_id", "variable", "unit", "kind", "issued_at_utc", "quantile", "value", "flag", "rule", "label"];

/** A field that a spreadsheet reads as text: quoted where needed, and never as a formula. */
export function field(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");

type Row = (string | number | null)[];

function forecastRows(run: ForecastRun | null, kind: string, head: Row, label: string): Row[] {
  if (!run) return [];
  const issued = Date.parse(run.issued_at);
  return run.lead_minutes.flatMap((lead, i) =>
    run.quantile_levels.map((level, j) => [
      iso(issued + lead * 60_000),
      ...head,
      kind,
      iso(issued),
      Number(level.toFixed(4)),
      run.quantiles[i]?.[j] ?? null,
      null,
      null,
      label,
    ]),
  );
}

/** CSV of observations with flags and forecast quantiles; the label of a reconstruction stands in every row. */
export function chartCsv(
  station: Station,
  runLabel: string,
  observed: ObservedSeries | null,
  forecast: ForecastSeries | null,
): string {
  const series = observed ?? forecast;
  const head: Row = [station.station_id, series?.variable ?? "", series?.unit ?? ""];
  const rows: Row[] = (observed?.values ?? []).map((item) => [
    item.observed_at,
    ...head,
    "observation",
    null,
    null,
    item.value,
    item.flag,
    item.rule,
    runLabel,
  ]);
  const label = forecast?.label || runLabel;
  rows.push(...forecastRows(forecast?.ensemble ?? null, "forecast", head, label));
  rows.push(...forecastRows(forecast?.perfect_rain ?? null, "perfect_rain_upper_bound", head, label));
  return `${[HEADER, ...rows].map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}
