/** What the page knows, as signals, and the few actions that change it. */

import { batch, computed, signal } from "@preact/signals";
import { type Alert, type BasinSummary, type Clock, EVENTS_URL, type Health, type Situation, type Station, type StationNow, api } from "./api";
import { instant } from "./format";
import { byUrgency, news } from "./inbox";
import { type Connection, LiveFeed, type Stream, type Topic } from "./live/feed";

export type Tab = "map" | "alerts" | "stations";

export const basin = signal<BasinSummary | null>(null);
export const stations = signal<readonly Station[]>([]);
export const clock = signal<Clock | null>(null);
export const situation = signal<Situation | null>(null);
export const alerts = signal<readonly Alert[] | null>(null);
export const health = signal<Health | null>(null);
export const connection = signal<Connection>({ kind: "starting", since: Date.now() });
/** Wall time of the last good reading of the state; null before the first. */
export const lastRead = signal<number | null>(null);
/** Wall time, once a second: the only thing that ticks while nothing comes. */
export const wallNow = signal(Date.now());
export const selectedId = signal<string | null>(null);
export const tab = signal<Tab>("alerts");
/** Why something last failed, in words for the operator; null when all is well. */
export const fault = signal<string | null>(null);
/** What a screen reader is told of new alerts. */
export const announcement = signal("");
/** Rise when something that a station's chart shows may have changed. */
export const readingsSeen = signal(0);
export const forecastSeen = signal(0);

export const stationById = computed<ReadonlyMap<string, Station>>(
  () => new Map(stations.value.map((station) => [station.station_id, station])),
);
export const nowById = computed<ReadonlyMap<string, StationNow>>(
  () => new Map((situation.value?.stations ?? []).map((entry) => [entry.station_id, entry])),
);
/** Event time in ms: that of the clock, which runs ahead of the state by at most one reading. Live, it goes on by itself. */
export const eventNow = computed<number | null>(() => {
  const present = clock.value;
  if (!present) return instant(situation.value?.now);
  const read = Date.parse(present.now);
  return present.mode === "live" ? read + Math.max(0, wallNow.value - clockReadAt) : read;
});
/** Wall time when the clock was last set, so that a live clock can be carried on from there. */
let clockReadAt = Date.now();

function takeClock(next: Clock): void {
  clockReadAt = Date.now();
  clock.value = next;
}

export const runLabel = computed(() => clock.value?.label || situation.value?.label || "");

async function readAlerts(): Promise<void> {
  const before = alerts.peek();
  const open = byUrgency(await api.openAlerts());
  batch(() => {
    alerts.value = open;
    if (before) announcement.value = news(before, open) || announcement.peek();
  });
}

async function readBasin(): Promise<void> {
  const [summary, list] = await Promise.all([api.basin(), api.stations()]);
  batch(() => {
    basin.value = summary;
    stations.value = [...list].sort((a, b) => a.river.localeCompare(b.river) || a.name.localeCompare(b.name));
  });
}

async function readSituation(topics: ReadonlySet<Topic>): Promise<void> {
  const next = await api.situation();
  batch(() => {
    situation.value = next;
    if (topics.has("readings")) readingsSeen.value += 1;
    if (topics.has("forecast")) forecastSeen.value += 1;
  });
}

/** Re-read what the topics name. The station list is read once: it changes only with the basin folder. */
async function read(topics: ReadonlySet<Topic>): Promise<void> {
  const wanted: Promise<unknown>[] = [readSituation(topics)];
  if (basin.peek() === null) wanted.push(readBasin());
  if (topics.has("clock")) wanted.push(api.clock().then(takeClock));
  if (topics.has("alerts")) wanted.push(readAlerts());
  try {
    await Promise.all(wanted);
  } catch (error) {
    fault.value = error instanceof Error ? error.message : String(error);
    throw error;
  }
  batch(() => {
    fault.value = null;
    lastRead.value = Date.now();
  });
}

/** Event time comes with every event, so the clock moves more smoothly than the tables are read. */
function heard(_topic: Topic, at: string | null): void {
  const present = clock.peek();
  if (at && present && Date.parse(at) > Date.parse(present.now)) takeClock({ ...present, now: at });
}

function readHealth(): void {
  api.health().then(
    (report) => (health.value = report),
    () => (health.value = null), // unknown, not well; the connection says why
  );
}

function selectFromAddress(): void {
  selectedId.value = new URLSearchParams(location.hash.slice(1)).get("station");
}

/** Start listening. Called once, by main. */
export function startStore(): void {
  const feed = new LiveFeed({
    open: () => new EventSource(EVENTS_URL) as unknown as Stream,
    read,
    heard,
    changed: (next) => (connection.value = next),
  });
  feed.start();
  readHealth();
  setInterval(readHealth, 15_000);
  setInterval(() => (wallNow.value = Date.now()), 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") feed.wake();
  });
  addEventListener("online", () => feed.wake());
  addEventListener("hashchange", selectFromAddress);
  selectFromAddress();
}

/** Open a station's panel, or close it with null. The address carries it, so that it can be shared. */
export function select(stationId: string | null): void {
  selectedId.value = stationId;
  const hash = stationId ? `#station=${encodeURIComponent(stationId)}` : " ";
  history.replaceState(null, "", hash === " " ? location.pathname + location.search : hash);
}

/** Play, pause or change the speed of a demo or replay. */
export async function setClock(change: { playing?: boolean; speed?: number }): Promise<void> {
  try {
    takeClock(await api.setClock(change));
    fault.value = null;
  } catch (error) {
    fault.value = `The clock did not change: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Acknowledge an alert; rejects with the service's reason so that the form can keep what was typed. */
export async function acknowledge(alertId: number, comment: string): Promise<void> {
  const changed = await api.acknowledge(alertId, comment);
  alerts.value = byUrgency((alerts.peek() ?? []).map((alert) => (alert.alert_id === alertId ? changed : alert)));
}
