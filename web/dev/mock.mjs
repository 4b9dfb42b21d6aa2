// A stand-in for the service while pages are developed: node dev/mock.mjs [port] [event time] [speed]
// MOCK_EMPTY=1 shows the time before the first forecast. Serves ../dist with the content policy of the service.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { END, Flood, START, UNIT, iso } from "./flood.mjs";

const [port = "8000", begin = "2021-07-14T15:00:00Z", speed = "900"] = process.argv.slice(2);
const BASIN = new URL("../../basins/wallonia/", import.meta.url);
const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const LABEL = "Exercise: reconstruction of July 2021 from public readings; not measurements, not the present situation";
const POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const STEP = 900_000;

const empty = Boolean(process.env.MOCK_EMPTY);
const flood = new Flood(BASIN);
const clock = { now: Date.parse(begin), playing: true, speed: Number(speed) };
const alerts = new Map();
const streams = new Set();
const stamp = () => ({ now: iso(clock.now), mode: "demo", label: LABEL, starts_at: iso(START), ends_at: iso(END), playing: clock.playing, speed: clock.speed });
const issued = () => Math.floor(clock.now / STEP) * STEP;

function phaseOf(station, value) {
  const at = (phase) => Math.min(...station.thresholds.filter((item) => item.phase === phase).map((item) => item.value));
  if (value > at("alert")) return "alert";
  if (value > at("pre_alert")) return "pre_alert";
  return value > 0.8 * at("pre_alert") ? "watch" : "none";
}

function latestOf(station, now) {
  const step = station.kind === "rain" ? 4 * STEP : STEP;
  let at = Math.floor(now / step) * step;
  while (flood.silent(station, at) && at > START) at -= 24 * STEP;
  return Object.fromEntries(station.variables.map((variable) => [variable, { value: flood.truth(station, variable, at), unit: UNIT[variable], observed_at: iso(at), flag: "GOOD", age_s: (now - at) / 1000 }]));
}

function stateOf(station, now) {
  const latest = latestOf(station, now);
  const silent = flood.silent(station, now);
  const judged = station.thresholds.length > 0;
  const value = latest.discharge?.value;
  const state = silent ? "no_data" : judged ? phaseOf(station, value) : "no_threshold";
  const limit = station.thresholds.find((item) => item.phase === (state === "alert" ? "alert" : "pre_alert"));
  const text = silent ? `The station went silent: its newest reading is of ${latest[station.variables[0]].observed_at}.` : judged ? `Discharge ${value.toFixed(1)} m3/s ${value > limit.value ? "is above" : "is below"} the ${limit.phase.replace("_", "-")} threshold ${limit.value} m3/s (${limit.origin}).` : "No threshold is known for this station.";
  const evidence = { text };
  return { station_id: station.station_id, observed: { state, since: iso(now - (hashed(station) % 30) * STEP), evidence }, forecast: judged && !empty ? forecastOf(station, now) : null, latest };
}

const hashed = (station) => [...station.station_id].reduce((sum, c) => sum + c.charCodeAt(0), 0);

function forecastOf(station, now) {
  const { crossings, issued_at } = flood.run(station, "discharge", issued(), false);
  const probability = Object.fromEntries(["pre_alert", "alert"].map((phase) => [phase, Math.max(0, ...crossings.filter((item) => item.phase === phase).map((item) => item.probability))]));
  const state = probability.alert >= 0.5 ? "alert" : probability.pre_alert >= 0.5 ? "pre_alert" : probability.pre_alert >= 0.2 ? "watch" : "none";
  const text = `Forecast issued at ${issued_at}: ${Math.round(100 * probability.pre_alert)} % to reach the pre-alert threshold and ${Math.round(100 * probability.alert)} % to reach the alert threshold within the horizon.`;
  return { state, since: iso(now - 2 * STEP), evidence: { text, issued_at, probability, crossings: crossings.map((item) => ({ ...item, decides: true })) } };
}

function situation() {
  const now = clock.now;
  const stations = flood.stations.map((station) => stateOf(station, now));
  const byId = new Map(stations.map((entry) => [entry.station_id, entry]));
  for (const entry of stations) for (const basis of ["observed", "forecast"]) track(entry, basis, now);
  const reaches = flood.reaches.map((reach) => {
    const station = flood.atNode.get(reach.to_node) ?? flood.atNode.get(reach.from_node);
    return { reach_id: reach.reach_id, station_id: station?.station_id ?? null, state: byId.get(station?.station_id)?.forecast?.state ?? null };
  });
  return { now: iso(now), issued_at: empty ? null : iso(issued()), stations, reaches, dead_letters: 3, label: LABEL };
}

function track(entry, basis, now) {
  const state = entry[basis]?.state;
  const key = `${entry.station_id}/${basis}`;
  const alert = alerts.get(key);
  if (!["watch", "pre_alert", "alert"].includes(state) && !(alert && state === "no_data")) return alerts.delete(key);
  const station = flood.byId.get(entry.station_id);
  const fresh = { alert_id: alerts.size + 1, station_id: station.station_id, station_name: station.name, river: station.river, basis, highest_state: state, opened_at: iso(now - (hashed(station) % 9) * STEP), closed_at: null, acknowledged_at: null, acknowledged_by: null, comment: null };
  alerts.set(key, { ...fresh, ...alert, state, evidence: entry[basis].evidence });
  return undefined;
}

function reachShapes() {
  const point = (id) => [Number(flood.nodes.get(id).longitude), Number(flood.nodes.get(id).latitude)];
  return { type: "FeatureCollection", features: flood.reaches.map((reach) => ({ type: "Feature", properties: reach, geometry: { type: "LineString", coordinates: [point(reach.from_node), point(reach.to_node)] } })) };
}

const routes = [
  [/^\/api\/v1\/clock$/, (_m, _q, body) => { if (body) Object.assign(clock, body); return stamp(); }],
  [/^\/api\/v1\/basin$/, () => ({ basin_id: "wallonia", name: "Wallonie", attribution: "Station names, positions and zeros: SPW Hydrométrie. Municipal limits: bmesuere/belgium-topojson (CC0 1.0).", languages: ["fr", "de", "nl", "en"], bbox: [2.85, 49.5, 6.41, 50.81], counts: { stations: flood.stations.length } })],
  [/^\/api\/v1\/geometry\/reaches$/, reachShapes],
  [/^\/api\/v1\/geometry\/(communes|provinces)$/, async (m) => JSON.parse(await readFile(new URL(`geometry/${m[1]}.geojson`, BASIN), "utf8"))],
  [/^\/api\/v1\/stations$/, () => ({ stations: flood.stations })],
  [/^\/api\/v1\/state$/, situation],
  [/^\/api\/v1\/alerts$/, () => (situation(), { alerts: [...alerts.values()] })],
  [/^\/api\/v1\/alerts\/(\d+)\/acknowledge$/, (m, _q, body) => Object.assign([...alerts.values()].find((item) => item.alert_id === Number(m[1])), { acknowledged_at: iso(clock.now), acknowledged_by: "operator", comment: body.comment })],
  [/^\/api\/v1\/stations\/([^/]+)\/observations$/, (m, query) => flood.observations(flood.byId.get(m[1]), query.get("variable"), Date.parse(query.get("from")), clock.now)],
  [/^\/api\/v1\/stations\/([^/]+)\/forecast$/, (m, query) => {
    const [station, variable] = [flood.byId.get(m[1]), query.get("variable")];
    const can = !empty && station.node_id && ["level", "discharge"].includes(variable);
    return { station_id: m[1], variable, unit: UNIT[variable], label: LABEL, ensemble: can ? flood.run(station, variable, issued(), false) : null, perfect_rain: can ? flood.run(station, variable, issued(), true) : null };
  }],
  [/^\/health$/, () => ({ status: "ok", now: iso(clock.now), database: "ok", newest_commit_at: iso(clock.now), newest_forecast_at: iso(issued()), detail: [] })],
];

async function page(path, response) {
  const file = join(DIST, normalize(path === "/" ? "/index.html" : path));
  const bytes = await readFile(file).catch(() => null);
  response.writeHead(bytes ? 200 : 404, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff" });
  response.end(bytes ?? "not found");
}

async function answer(request, response) {
  const url = new URL(request.url, "http://mock");
  if (url.pathname === "/api/v1/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" }).write(": hello\n\n");
    streams.add(response);
    request.on("close", () => streams.delete(response));
    return;
  }
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = parts.length ? JSON.parse(Buffer.concat(parts).toString()) : null;
  for (const [pattern, reply] of routes) {
    const match = pattern.exec(url.pathname);
    if (!match) continue;
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(await reply(match, url.searchParams, body)));
    return;
  }
  await page(url.pathname, response);
}

setInterval(() => {
  if (!clock.playing) return;
  const before = issued();
  clock.now = Math.min(END, clock.now + clock.speed * 200);
  const topics = issued() > before ? ["clock", "readings", "forecast", "alerts"] : ["clock"];
  for (const stream of streams) for (const topic of topics) stream.write(`event: ${topic}\ndata: ${JSON.stringify({ topic, id: 1, at: iso(clock.now) })}\n\n`);
}, 200);

createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500, { "Content-Type": "application/problem+json" }).end(JSON.stringify({ title: "mock fault", detail: String(error) })));
}).listen(Number(port), "127.0.0.1", () => console.log(`mock on http://127.0.0.1:${port}`));
