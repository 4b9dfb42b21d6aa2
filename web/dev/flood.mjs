// A made-up flood over the real station list: for development and screenshots only, never for tests of the product.
import { readFileSync } from "node:fs";

const H = 3_600_000;
export const START = Date.parse("2021-07-09T00:00:00Z");
export const END = Date.parse("2021-07-19T00:00:00Z");
const LEADS = [...Array.from({ length: 24 }, (_, i) => 15 * (i + 1)), ...Array.from({ length: 42 }, (_, i) => 60 * (i + 7))];
const LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95];
const Z = [-1.64, -1.28, -0.67, 0, 0.67, 1.28, 1.64];
const STRENGTH = { Vesdre: 26, Hoëgne: 24, Ourthe: 13, Amblève: 15, Meuse: 8, Lesse: 9, Lhomme: 8, Sambre: 2.5, Semois: 5, Geer: 4, Mehaigne: 5.5, Gileppe: 16 };
const UNIT = { level: "m", discharge: "m3/s", rain: "mm", air_temperature: "degC", humidity: "%", wind_speed: "m/s", turbidity: "NTU", ph: "pH", conductivity: "uS/cm" };

/** Rows of a CSV file with quoted fields, as objects. */
function table(url) {
  const rows = [];
  for (const line of readFileSync(url, "utf8").trim().split(/\r?\n/)) {
    rows.push([...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, -1).map((m) => m[1].replace(/^"|"$/g, "").replaceAll('""', '"')));
  }
  const [head, ...body] = rows;
  return body.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ""])));
}

const hash = (text) => [...text].reduce((sum, c) => (Math.imul(sum, 31) + c.charCodeAt(0)) >>> 0, 7);
const noise = (text) => (Math.imul(hash(text), 2654435761) >>> 8) / 2 ** 24 - 0.5;
const bell = (t, at, rise, fall) => Math.exp(-0.5 * ((t - at) / (t < at ? rise : fall)) ** 2);

export class Flood {
  constructor(folder) {
    const read = (name) => table(new URL(`${name}.csv`, folder));
    this.nodes = new Map(read("nodes").map((row) => [row.node_id, row]));
    this.reaches = read("reaches");
    this.ratings = new Map(read("ratings").map((row) => [row.station_id, row]));
    const thresholds = read("thresholds");
    this.stations = read("stations").map((row) => ({
      ...row,
      latitude: Number(row.latitude),
      longitude: Number(row.longitude),
      node_id: row.node_id || null,
      variables: row.variables.split(";"),
      thresholds: thresholds
        .filter((item) => item.station_id === row.station_id)
        .map((item) => ({ ...item, value: Number(item.value), unit: UNIT[item.variable] })),
      rating: this.ratings.has(row.station_id)
        ? { h_gauged_max_m: Number(this.ratings.get(row.station_id).h_gauged_max_m), confidence: this.ratings.get(row.station_id).confidence }
        : null,
    }));
    this.byId = new Map(this.stations.map((station) => [station.station_id, station]));
    this.atNode = new Map(this.stations.filter((s) => s.node_id && s.thresholds.length).map((s) => [s.node_id, s]));
  }

  truth(station, variable, t) {
    const hours = (t - START) / H;
    if (variable === "rain") return Math.max(0, 9 * bell(hours, 110 + 5 * noise(station.station_id), 7, 6) + 14 * bell(hours, 132, 8, 6) + 2 * noise(`${station.station_id}${t}`));
    const node = this.nodes.get(station.node_id);
    const mean = Number(node?.mean_discharge_m3s ?? 1);
    const lag = 2 + 0.22 * Math.sqrt(Number(node?.catchment_area_km2 ?? 100));
    const strength = (Number(process.env.MOCK_STRENGTH ?? 1) * (STRENGTH[station.river] ?? 3)) * (0.8 + 0.7 * noise(station.station_id));
    const flow = mean * (0.45 + strength * (0.45 * bell(hours, 110 + lag, 6 + lag / 3, 9 + lag / 2) + bell(hours, 131 + lag, 7 + lag / 3, 14 + lag)));
    if (variable === "discharge") return flow;
    const rating = this.ratings.get(station.station_id);
    if (variable === "level") return rating ? (flow / Number(rating.a)) ** (1 / Number(rating.b)) + Number(rating.h0_m) : 356 + flow / 60;
    return { turbidity: 12 + flow, ph: 7.6 - flow / 2000, conductivity: 420 - flow / 3, air_temperature: 17 + 4 * Math.sin(hours / 3.8), humidity: 84, wind_speed: 4 }[variable] ?? 0;
  }

  silent(station, t) {
    return (station.river === "Vesdre" && t > Date.parse("2021-07-14T17:00:00Z") && hash(station.station_id) % 3 === 0) || hash(station.station_id) % 37 === 0;
  }

  observations(station, variable, from, to) {
    const step = station.kind === "rain" ? H : H / 4;
    const values = [];
    for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
      if (this.silent(station, t)) continue;
      const dice = hash(`${station.station_id}${variable}${t}`) % 400;
      const value = this.truth(station, variable, t) * (1 + 0.02 * noise(`${t}${station.station_id}${variable}`));
      const [flag, rule, shown] = dice === 1 ? ["BAD", "range", value * 2.2 + 1] : dice < 5 ? ["SUSPECT", "rate_of_rise", value * 1.25] : dice === 9 ? ["MISSING", "no_value", null] : ["GOOD", "", value];
      values.push({ observed_at: iso(t), value: shown === null ? null : Number(shown.toFixed(3)), flag, rule });
    }
    return { station_id: station.station_id, variable, unit: UNIT[variable], values };
  }

  run(station, variable, issued, perfect) {
    const bias = perfect ? 1.04 : 0.86 + 0.2 * noise(`${station.station_id}${Math.floor(issued / (6 * H))}`);
    const spread = (lead) => (perfect ? 0.03 : 0.04 + 0.55 * (lead / 2880) ** 0.7);
    const drift = (lead) => 1 + (bias - 1) * Math.min(1, lead / 720);
    const quantiles = LEADS.map((lead) => Z.map((z) => this.truth(station, variable, issued + lead * 60_000) * drift(lead) * Math.exp(z * spread(lead))));
    const crossings = station.thresholds.filter((item) => item.variable === variable).map((item) => {
      const firsts = Array.from({ length: 50 }, (_, m) => 2.2 * noise(`member${m}`) * 1.6)
        .map((z) => [0, ...LEADS].find((lead) => this.truth(station, variable, issued + lead * 60_000) * drift(lead) * Math.exp(z * spread(lead)) > item.value))
        .filter((lead) => lead !== undefined)
        .sort((a, b) => a - b);
      const at = (p) => firsts[Math.min(firsts.length - 1, Math.floor(p * firsts.length))];
      return { phase: item.phase, origin: item.origin, threshold: item.value, variable, probability: firsts.length / 50, lead_minutes: firsts.length ? [at(0.1), at(0.5), at(0.9)] : null };
    });
    const peaks = Z.map((_, j) => quantiles.reduce((best, row, i) => (row[j] > quantiles[best][j] ? i : best), 0));
    return { issued_at: iso(issued), scheme: perfect ? "perfect rain" : "rain members around what was known at issue time", members: perfect ? 1 : 50, lead_minutes: LEADS, quantile_levels: LEVELS, quantiles, peak: { value: peaks.map((i, j) => quantiles[i][j]), lead_minutes: peaks.map((i) => LEADS[i]) }, crossings };
  }
}

export const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
export { UNIT };
