import { describe, expect, it } from "vitest";
import type { Station, StationNow } from "../api";
import { riverNames, stationPoints, townPoints } from "./features";

const station = (id: string, longitude: number | null): Station => ({
  station_id: id,
  name: id,
  kind: "river",
  river: "Vesdre",
  latitude: longitude === null ? null : 50.5,
  longitude,
  node_id: null,
  variables: ["level"],
  gauge_no: "",
  operator: "",
  confidence: "high",
  source: "",
  thresholds: [],
  rating: null,
});

const line = (river: string, ...coordinates: GeoJSON.Position[]): GeoJSON.Feature => ({
  type: "Feature",
  properties: { river },
  geometry: { type: "LineString", coordinates },
});

describe("stationPoints", () => {
  it("shows a station nobody reported on as unknown and leaves out one without position", () => {
    const points = stationPoints([station("A", 5.8), station("B", null)], new Map());
    expect(points.features).toHaveLength(1);
    expect(points.features[0]?.properties).toMatchObject({ station_id: "A", mark: "mark/no_data/none" });
  });

  it("ranks an observed alert above a forecast one and that above a calm station", () => {
    const now = (observed: "none" | "alert", forecast: "none" | "alert"): StationNow => ({
      station_id: "A",
      observed: { state: observed, since: null, evidence: null },
      forecast: { state: forecast, since: null, evidence: null },
      latest: {},
    });
    const rank = (entry: StationNow): number => Number(stationPoints([station("A", 5.8)], new Map([["A", entry]])).features[0]?.properties?.["rank"]);
    expect(rank(now("alert", "none"))).toBeGreaterThan(rank(now("none", "alert")));
    expect(rank(now("none", "alert"))).toBeGreaterThan(rank(now("none", "none")));
  });
});

describe("townPoints", () => {
  it("puts the name at the centroid of the largest part, most populous first", () => {
    const square = (x: number, size: number): GeoJSON.Position[] => [[x, 0], [x + size, 0], [x + size, size], [x, size], [x, 0]];
    const commune = (name: string, population: number, geometry: GeoJSON.Geometry): GeoJSON.Feature => ({ type: "Feature", properties: { name, population }, geometry });
    const towns = townPoints(
      {
        type: "FeatureCollection",
        features: [
          commune("small", 10, { type: "Polygon", coordinates: [square(0, 1)] }),
          commune("large", 99, { type: "MultiPolygon", coordinates: [[square(0, 1)], [square(10, 2)]] }),
        ],
      },
      1,
    );
    expect(towns.features).toHaveLength(1);
    expect(towns.features[0]?.properties?.["name"]).toBe("large");
    expect(towns.features[0]?.geometry.coordinates).toEqual([11, 1]);
  });
});

describe("riverNames", () => {
  it("names a long river more than once, the longest first, and never upside down", () => {
    const names = riverNames({
      type: "FeatureCollection",
      features: [line("short", [5, 50], [4.9, 50]), line("long", [5, 50], [5.7, 50]), line("long", [5.7, 50], [6.4, 50.1])],
    });
    const of = (name: string) => names.features.filter((feature) => feature.properties?.["name"] === name);
    expect(of("long").length).toBe(2);
    expect(of("short")).toHaveLength(1);
    expect(of("long")[0]?.properties?.["rank"]).toBe(0);
    for (const feature of names.features) expect(Math.abs(Number(feature.properties?.["angle"]))).toBeLessThanOrEqual(90);
  });

  it("passes by shapes without a river", () => {
    expect(riverNames({ type: "FeatureCollection", features: [line("", [5, 50], [6, 50])] }).features).toEqual([]);
  });
});
