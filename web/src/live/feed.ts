/** The live connection: listens to the service's events, re-reads what they name, and comes back after every cut. */

import { RefreshGate } from "./refresh";

export const TOPICS = ["clock", "readings", "forecast", "alerts"] as const;
export type Topic = (typeof TOPICS)[number];

/** `since` is wall time in ms: of the last good reading while up, of the first failure while down. */
export interface Connection {
  kind: "starting" | "up" | "down";
  since: number;
}

/** What the feed needs of an EventSource. */
export interface Stream {
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  addEventListener(type: string, listener: (event: { data: string }) => void): void;
  close(): void;
}

export interface FeedParts {
  open: () => Stream;
  /** Re-read what the topics name; a rejection counts as a cut connection. */
  read: (topics: ReadonlySet<Topic>) => Promise<void>;
  /** Called for each event as it comes, before anything is re-read. */
  heard: (topic: Topic, at: string | null) => void;
  changed: (connection: Connection) => void;
  wallClock?: () => number;
  random?: () => number;
}

const READ_INTERVAL_MS = 1000;
// A connection can die without a word; a full reading now and then finds out.
const HEARTBEAT_MS = 30_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** Wait before attempt number `attempt` (0, 1, ...): doubling, at most 15 s, spread so that clients do not come in step. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 16));
  return full * (0.75 + 0.25 * random());
}

function eventTime(raw: string): string | null {
  try {
    const body: unknown = JSON.parse(raw);
    const at = typeof body === "object" && body !== null ? (body as Record<string, unknown>)["at"] : null;
    return typeof at === "string" ? at : null;
  } catch {
    return null; // an event that cannot be read still says that something changed
  }
}

export class LiveFeed {
  private readonly gate: RefreshGate<Topic>;
  private readonly wall: () => number;
  private stream: Stream | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private heartbeat: ReturnType<typeof setInterval> | null = null;
  private attempt = 0;
  private connection: Connection;
  private stopped = false;

  constructor(private readonly parts: FeedParts) {
    this.wall = parts.wallClock ?? Date.now;
    this.gate = new RefreshGate<Topic>((topics) => this.reread(topics), READ_INTERVAL_MS, this.wall);
    this.connection = { kind: "starting", since: this.wall() };
  }

  start(): void {
    this.stopped = false;
    this.heartbeat = setInterval(() => {
      if (this.stream) this.gate.request(...TOPICS);
    }, HEARTBEAT_MS);
    this.connect();
    this.gate.request(...TOPICS); // the first state need not wait for the stream
  }

  stop(): void {
    this.stopped = true;
    this.gate.cancel();
    this.closeStream();
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
  }

  /** The page became visible or the network came back: do not wait for the next event or attempt. */
  wake(): void {
    if (this.stopped) return;
    if (this.connection.kind === "up" && this.stream) this.gate.request(...TOPICS);
    else this.connect();
  }

  private connect(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.closeStream();
    const stream = this.parts.open();
    this.stream = stream;
    // Everything missed while away is in the tables: one full reading replaces all events that were lost.
    stream.onopen = () => this.gate.request(...TOPICS);
    stream.onerror = () => this.lost(stream);
    // The service says so when it could not keep up with us, or was cut off from its tables itself.
    stream.addEventListener("resync", () => this.gate.request(...TOPICS));
    for (const topic of TOPICS) {
      stream.addEventListener(topic, (event) => {
        this.parts.heard(topic, eventTime(event.data));
        this.gate.request(topic);
      });
    }
  }

  private async reread(topics: ReadonlySet<Topic>): Promise<void> {
    const stream = this.stream;
    try {
      await this.parts.read(topics);
    } catch (error) {
      console.warn("re-reading failed", error);
      if (stream) this.lost(stream);
      return;
    }
    if (this.stopped || stream !== this.stream || stream === null) return;
    this.attempt = 0;
    this.become({ kind: "up", since: this.wall() });
  }

  private lost(stream: Stream): void {
    if (this.stopped || stream !== this.stream) return;
    this.closeStream();
    if (this.connection.kind !== "down") this.become({ kind: "down", since: this.wall() });
    this.retry = setTimeout(() => this.connect(), backoff(this.attempt, this.parts.random));
    this.attempt += 1;
  }

  private closeStream(): void {
    this.stream?.close();
    this.stream = null;
  }

  private become(connection: Connection): void {
    this.connection = connection;
    this.parts.changed(connection);
  }
}

const GONE_AFTER_MS = 10_000;

/** The connection in words, with the age of what is shown while nothing comes. */
export function connectionWords(
  connection: Connection,
  lastRead: number | null,
  wallNow: number,
): { kind: "starting" | "live" | "reconnecting" | "gone"; secondsOld: number } {
  const secondsOld = lastRead === null ? 0 : Math.max(0, (wallNow - lastRead) / 1000);
  if (connection.kind === "up") return { kind: "live", secondsOld };
  const waited = wallNow - connection.since;
  if (waited > GONE_AFTER_MS) return { kind: "gone", secondsOld };
  return { kind: connection.kind === "starting" ? "starting" : "reconnecting", secondsOld };
}
