/** GeoJSON for the map from what the service sent. */

import type { Station, StationNow } from "../api";
import { concern, isPhase, known } from "../states";
import { markName } from "./marks";

type Points = GeoJSON.FeatureCollection<GeoJSON.Point>;

/** One point a station that has a position, with the name of its mark. */
export function stationPoints(stations: readonly Station[], now: ReadonlyMap<string, StationNow>): Points {
  const features: Points["features"] = [];
  for (const station of stations) {
    if (station.latitude === null || station.longitude === null) continue;
    const entry = now.get(station.station_id);
    const observed = known(entry?.observed?.state);
    const forecast = entry?.forecast ? known(entry.forecast.state) : "no_data";
    const loud = isPhase(observed) || isPhase(forecast);
    features.push({
      type: "Feature",
      geometry: { type: "Point", coordinates: [station.longitude, station.latitude] },
      properties: {
        station_id: station.station_id,
        name: station.name,
        mark: markName(observed, forecast),
        rank: concern(observed) * 10 + (isPhase(forecast) ? concern(forecast) : 0),
        small: loud ? 0.66 : observed === "no_data" ? 0.6 : 0.46, // scale of the mark with the whole region in view
      },
    });
  }
  return { type: "FeatureCollection", features };
}

const LABEL_SPACING_KM = 45;
const KM_PER_DEGREE = 111.2;

interface Piece {
  middle: [number, number];
  angle: number;
  km: number;
}

/** A stretch between two points: its middle, its length, and the angle at which text along it reads upright. */
function piece([ax = 0, ay = 0]: GeoJSON.Position, [bx = 0, by = 0]: GeoJSON.Position): Piece {
  const middle: [number, number] = [(ax + bx) / 2, (ay + by) / 2];
  const east = (bx - ax) * Math.cos((middle[1] * Math.PI) / 180);
  const north = by - ay;
  let angle = (-Math.atan2(north, east) * 180) / Math.PI;
  if (angle > 90) angle -= 180;
  if (angle < -90) angle += 180;
  return { middle, angle, km: Math.hypot(east, north) * KM_PER_DEGREE };
}

function piecesByRiver(reaches: GeoJSON.FeatureCollection): Map<string, Piece[]> {
  const rivers = new Map<string, Piece[]>();
  for (const { geometry, properties } of reaches.features) {
    const river: unknown = properties?.["river"];
    if (geometry.type !== "LineString" || typeof river !== "string" || !river) continue;
    const pieces = rivers.get(river) ?? [];
    geometry.coordinates.slice(1).forEach((end, i) => pieces.push(piece(geometry.coordinates[i] ?? end, end)));
    rivers.set(river, pieces);
  }
  return rivers;
}

/** Names along the rivers: the longest river first, a name every 45 km, each beside a stretch of its river. */
export function riverNames(reaches: GeoJSON.FeatureCollection): Points {
  const features: Points["features"] = [];
  const rivers = [...piecesByRiver(reaches)].map(([name, pieces]) => ({ name, pieces, km: pieces.reduce((sum, item) => sum + item.km, 0) }));
  rivers.sort((a, b) => b.km - a.km);
  rivers.forEach(({ name, pieces, km }, rank) => {
    const count = Math.max(1, Math.round(km / LABEL_SPACING_KM));
    let [passed, written] = [0, 0];
    for (const { middle, angle, km: length } of pieces) {
      passed += length;
      if (passed < ((written + 0.5) * km) / count) continue;
      written += 1;
      features.push({ type: "Feature", geometry: { type: "Point", coordinates: middle }, properties: { name, angle, rank } });
    }
  });
  return { type: "FeatureCollection", features };
}

type Ring = GeoJSON.Position[];

function ringCentre(ring: Ring): { x: number; y: number; area: number } {
  let [x, y, area] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax = 0, ay = 0] = ring[i] ?? [];
    const [bx = 0, by = 0] = ring[i + 1] ?? [];
    const cross = ax * by - bx * ay;
    area += cross / 2;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  return area === 0 ? { x: ring[0]?.[0] ?? 0, y: ring[0]?.[1] ?? 0, area: 0 } : { x: x / (6 * area), y: y / (6 * area), area: Math.abs(area) };
}

function outerRings(geometry: GeoJSON.Geometry): Ring[] {
  if (geometry.type === "Polygon") return geometry.coordinates.slice(0, 1);
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flatMap((polygon) => polygon.slice(0, 1));
  return [];
}

/** The most populous communes as points for their names, at the centroid of their largest part. */
export function townPoints(communes: GeoJSON.FeatureCollection, count: number): Points {
  const features: Points["features"] = [];
  for (const commune of communes.features) {
    const { name, population } = commune.properties ?? {};
    if (typeof name !== "string" || typeof population !== "number") continue;
    const centres = outerRings(commune.geometry).map(ringCentre);
    const centre = centres.sort((a, b) => b.area - a.area)[0];
    if (!centre) continue;
    features.push({
      type: "Feature",
      geometry: { type: "Point", coordinates: [centre.x, centre.y] },
      properties: { name, population },
    });
  }
  features.sort((a, b) => Number(b.properties?.["population"]) - Number(a.properties?.["population"]));
  return { type: "FeatureCollection", features: features.slice(0, count) };
}
