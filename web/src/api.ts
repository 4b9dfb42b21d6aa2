/** The HTTP interface under /api/v1: its types as the service sends them, and one function per request. */

export type StateName = "none" | "watch" | "pre_alert" | "alert" | "no_data" | "no_threshold";
export type Basis = "observed" | "forecast";
export type FlagName = "GOOD" | "SUSPECT" | "BAD" | "MISSING";
export type StationKind = "river" | "pool" | "rain" | "dam";
export type PhaseName = "pre_alert" | "alert";
export type Origin = "official" | "suggested";
/** Evidence is a sentence or a small record of numbers; evidence.ts puts it into words. */
export type Evidence = string | Readonly<Record<string, unknown>> | null;

export interface Clock {
  now: string;
  mode: "live" | "demo" | "replay";
  label: string;
  starts_at: string | null;
  ends_at: string | null;
  playing: boolean;
  speed: number;
}

export interface BasinSummary {
  basin_id: string;
  name: string;
  attribution: string;
  languages: string[];
  bbox: [number, number, number, number];
  counts: Record<string, number>;
}

export interface Threshold {
  variable: string;
  phase: PhaseName;
  value: number;
  unit: string;
  origin: Origin;
  rule: string;
  source: string;
  confidence: string;
}

export interface Station {
  station_id: string;
  name: string;
  kind: StationKind;
  river: string;
  latitude: number | null;
  longitude: number | null;
  node_id: string | null;
  variables: string[];
  gauge_no: string;
  operator: string;
  confidence: string;
  source: string;
  thresholds: Threshold[];
  rating: { h_gauged_max_m: number; confidence: string } | null;
}

export interface StateOnBasis {
  state: StateName;
  since: string | null;
  evidence: Evidence;
}

export interface LatestValue {
  value: number | null;
  unit: string;
  observed_at: string;
  flag: FlagName;
  age_s: number;
}

export interface StationNow {
  station_id: string;
  observed: StateOnBasis | null;
  forecast: StateOnBasis | null;
  latest: Record<string, LatestValue>;
}

export interface ReachNow {
  reach_id: string;
  state: StateName | null;
  station_id: string | null;
}

export interface Situation {
  now: string;
  issued_at: string | null;
  stations: StationNow[];
  reaches: ReachNow[];
  dead_letters: number;
  label: string;
}

export interface ObservedValue {
  observed_at: string;
  value: number | null;
  flag: FlagName;
  rule: string;
}

export interface ObservedSeries {
  station_id: string;
  variable: string;
  unit: string;
  values: ObservedValue[];
}

export interface Crossing {
  phase: PhaseName;
  origin: Origin;
  threshold: number;
  variable: string;
  probability: number;
  lead_minutes: [number, number, number] | null;
}

export interface ForecastRun {
  issued_at: string;
  scheme: string;
  members: number;
  lead_minutes: number[];
  quantile_levels: number[];
  quantiles: (number | null)[][];
  peak: { value: (number | null)[]; lead_minutes: (number | null)[] } | null;
  crossings: Crossing[];
}

export interface ForecastSeries {
  station_id: string;
  variable: string;
  unit: string;
  label: string;
  ensemble: ForecastRun | null;
  perfect_rain: ForecastRun | null;
}

export interface Alert {
  alert_id: number;
  station_id: string;
  station_name: string;
  river: string;
  basis: Basis;
  state: StateName;
  highest_state: StateName;
  opened_at: string;
  closed_at: string | null;
  evidence: Evidence;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  comment: string | null;
}

export interface Health {
  status: "ok" | "degraded";
  now: string;
  database: unknown;
  newest_commit_at: string | null;
  newest_forecast_at: string | null;
  detail: unknown[];
}

/** A request that the service refused or could not be reached for; `status` is 0 when nothing answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const TIMEOUT_MS = 15_000;

async function refusal(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const problem = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const words = [problem["title"], problem["detail"]].filter((part) => typeof part === "string").join(": ");
  return new ApiError(response.status, words || `The service answered ${response.status}.`);
}

async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(path, { ...init, signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "The service does not answer.");
  }
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as T;
}

/** Health answers with its report also when it is not well, then with status 503. */
async function readHealth(): Promise<Health> {
  const response = await fetch("/health", { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return (await response.json()) as Health;
}

function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

const ROOT = "/api/v1";
export const EVENTS_URL = `${ROOT}/events`;

function at(path: string, query: Record<string, string | undefined> = {}): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const search = new URLSearchParams(pairs).toString();
  return `${ROOT}${path}${search ? `?${search}` : ""}`;
}

const station = (id: string): string => `/stations/${encodeURIComponent(id)}`;

export const api = {
  clock: () => request<Clock>(at("/clock")),
  setClock: (change: { playing?: boolean; speed?: number }) => post<Clock>(at("/clock"), change),
  basin: () => request<BasinSummary>(at("/basin")),
  geometry: (what: "communes" | "provinces" | "reaches") =>
    request<GeoJSON.FeatureCollection>(at(`/geometry/${what}`)),
  stations: () => request<{ stations: Station[] }>(at("/stations")).then((body) => body.stations),
  situation: () => request<Situation>(at("/state")),
  observations: (id: string, variable: string, window: { from?: string; to?: string }, signal?: AbortSignal) =>
    request<ObservedSeries>(at(`${station(id)}/observations`, { variable, ...window }), signal ? { signal } : {}),
  forecast: (id: string, variable: string, signal?: AbortSignal) =>
    request<ForecastSeries>(at(`${station(id)}/forecast`, { variable }), signal ? { signal } : {}),
  openAlerts: () =>
    request<{ alerts: Alert[] }>(at("/alerts", { open: "true", limit: "1000" })).then((body) => body.alerts),
  acknowledge: (id: number, comment: string) => post<Alert>(at(`/alerts/${id}/acknowledge`), { comment }),
  health: readHealth,
};
