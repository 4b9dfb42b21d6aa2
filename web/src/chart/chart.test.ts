import { describe, expect, it } from "vitest";
import type { FlagName, ForecastRun, ForecastSeries, ObservedSeries, Station } from "../api";
import { chartCsv, field } from "./csv";
import { labelHeights } from "./paint";
import { chartTable, levelIndex, usualStep, valueRange } from "./table";

const T0 = Date.parse("2021-07-14T00:00:00Z");
const iso = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString();
const at = (minutes: number): number => T0 / 1000 + minutes * 60;

function observed(rows: [number, number | null, FlagName][]): ObservedSeries {
  const values = rows.map(([minutes, value, flag]) => ({ observed_at: iso(minutes), value, flag, rule: "" }));
  return { station_id: "A", variable: "level", unit: "m", values };
}

const RUN: ForecastRun = {
  issued_at: iso(60),
  scheme: "test",
  members: 50,
  lead_minutes: [15, 30],
  quantile_levels: [0.05000000074505806, 0.25, 0.5, 0.75, 0.949999988079071],
  quantiles: [
    [1, 2, 3, 4, 5],
    [2, 3, 4, 5, 6],
  ],
  peak: null,
  crossings: [],
};

const forecast = (perfect: ForecastRun | null): ForecastSeries => ({
  station_id: "A",
  variable: "level",
  unit: "m",
  label: "Exercise",
  ensemble: RUN,
  perfect_rain: perfect,
});

describe("chartTable", () => {
  it("joins observations and quantiles on one rising axis", () => {
    const table = chartTable(observed([[0, 1, "GOOD"], [15, 1.1, "GOOD"]]), forecast(null));
    expect(table.times).toEqual([at(0), at(15), at(75), at(90)]);
    expect(table.columns.observed).toEqual([1, 1.1, undefined, undefined]);
    expect(table.columns.q05).toEqual([undefined, undefined, 1, 2]);
    expect(table.columns.q95).toEqual([undefined, undefined, 5, 6]);
    expect(table.columns.perfect.every((cell) => cell === undefined)).toBe(true);
  });

  it("breaks the line at a silence, at a missing and at a flagged value", () => {
    const table = chartTable(
      observed([[0, 1, "GOOD"], [15, 1, "GOOD"], [30, 9, "BAD"], [45, 2, "SUSPECT"], [60, null, "MISSING"], [75, 1, "GOOD"], [300, 1, "GOOD"]]),
      null,
    );
    const cell = (minutes: number, column: "observed" | "bad" | "suspect") => table.columns[column][table.times.indexOf(at(minutes))];
    expect([cell(30, "observed"), cell(45, "observed"), cell(60, "observed")]).toEqual([null, null, null]);
    expect([cell(30, "bad"), cell(45, "suspect")]).toEqual([9, 2]);
    expect(table.columns.observed[table.times.indexOf(at(75) + 1)]).toBeNull();
  });

  it("is empty, not broken, when nothing is known", () => {
    expect(chartTable(null, null).times).toEqual([]);
  });

  it("finds quantile levels that passed through 32-bit floats", () => {
    expect(levelIndex(RUN.quantile_levels, 0.95)).toBe(4);
    expect(levelIndex(RUN.quantile_levels, 0.1)).toBe(-1);
    expect(usualStep([])).toBe(900);
  });
});

describe("valueRange", () => {
  it("includes a threshold within reach and leaves a far one to a note", () => {
    expect(valueRange(0, 10, [20], true)[1]).toBeGreaterThan(20);
    expect(valueRange(0, 10, [400], true)[1]).toBeLessThan(13);
    expect(valueRange(0, 10, [400, 500], true)[1]).toBeGreaterThan(valueRange(0, 10, [], true)[1]);
  });

  it("gives a constant series some room", () => {
    const [low, high] = valueRange(5, 5, [], false);
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
  });

  it("starts discharge at zero but shows a negative flow", () => {
    expect(valueRange(3, 10, [], true)[0]).toBe(0);
    expect(valueRange(-4, 10, [], true)[0]).toBeLessThan(-4);
  });
});

describe("labelHeights", () => {
  it("moves labels of close lines up and leaves the others where they are", () => {
    expect(labelHeights([200, 198, 100], 14)).toEqual([200, 186, 100]);
    expect(labelHeights([], 14)).toEqual([]);
  });
});

describe("chartCsv", () => {
  const station = { station_id: "A" } as Station;

  it("keeps flags, quantiles and the label of a reconstruction", () => {
    const csv = chartCsv(station, "Exercise", observed([[0, 1.5, "SUSPECT"]]), forecast(RUN));
    const lines = csv.trim().split("\r\n");
    expect(lines).toHaveLength(1 + 1 + 2 * 10);
    expect(lines[1]).toBe("2021-07-14T00:00:00.000Z,A,level,m,observation,,,1.5,SUSPECT,,Exercise");
    expect(lines[2]).toBe("2021-07-14T01:15:00Z,A,level,m,forecast,2021-07-14T01:00:00Z,0.05,1,,,Exercise");
    expect(csv).toContain("perfect_rain_upper_bound");
  });

  it("quotes separators and disarms formulas", () => {
    expect(field('a,"b"')).toBe('"a,""b"""');
    expect(field("=1+1")).toBe("'=1+1");
    expect(field(-3)).toBe("-3");
    expect(field(null)).toBe("");
  });
});
