import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Connection, LiveFeed, type Stream, type Topic, backoff, connectionWords } from "./feed";

class FakeStream implements Stream {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (event: { data: string }) => void>();
  addEventListener(type: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(type, listener);
  }
  emit(type: string, data: string): void {
    this.listeners.get(type)?.({ data });
  }
  close(): void {
    this.closed = true;
  }
}

function rig() {
  const streams: FakeStream[] = [];
  const states: Connection["kind"][] = [];
  const heard: [Topic, string | null][] = [];
  const read = vi.fn<(topics: ReadonlySet<Topic>) => Promise<void>>().mockResolvedValue(undefined);
  const feed = new LiveFeed({
    open: () => {
      const stream = new FakeStream();
      streams.push(stream);
      return stream;
    },
    read,
    heard: (topic, at) => heard.push([topic, at]),
    changed: (connection) => states.push(connection.kind),
    random: () => 1,
  });
  const newest = (): FakeStream => {
    const stream = streams.at(-1);
    if (!stream) throw new Error("no stream was opened");
    return stream;
  };
  return { feed, streams, states, heard, read, newest };
}

describe("LiveFeed", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("reads everything at once and again when the stream opens, and is up once that came", async () => {
    const { feed, states, read, newest } = rig();
    feed.start();
    await vi.advanceTimersByTimeAsync(10);
    expect(read).toHaveBeenCalledTimes(1);
    newest().onopen?.();
    await vi.advanceTimersByTimeAsync(1100);
    expect(read).toHaveBeenCalledTimes(2);
    expect([...(read.mock.calls[0]?.[0] ?? [])].sort()).toEqual(["alerts", "clock", "forecast", "readings"]);
    expect(new Set(states)).toEqual(new Set(["up"]));
    feed.stop();
  });

  it("hears every event at once but reads at most once a second", async () => {
    const { feed, heard, read, newest } = rig();
    feed.start();
    newest().onopen?.();
    await vi.advanceTimersByTimeAsync(10);
    for (let i = 0; i < 10; i++) {
      newest().emit("readings", '{"topic":"readings","id":1,"at":"2021-07-14T10:00:00Z"}');
      await vi.advanceTimersByTimeAsync(200);
    }
    expect(heard).toHaveLength(10);
    expect(heard[0]).toEqual(["readings", "2021-07-14T10:00:00Z"]);
    expect(read.mock.calls.length).toBeLessThanOrEqual(3);
    expect([...(read.mock.calls[1]?.[0] ?? [])]).toEqual(["readings"]);
    feed.stop();
  });

  it("reads everything when the service says that events were missed", async () => {
    const { feed, read, newest } = rig();
    feed.start();
    newest().emit("resync", "{}");
    await vi.advanceTimersByTimeAsync(10);
    expect(read.mock.calls[0]?.[0].size).toBe(4);
    feed.stop();
  });

  it("comes back after a cut, waiting longer each time, and then reads everything", async () => {
    const { feed, streams, states, read, newest } = rig();
    feed.start();
    newest().onopen?.();
    await vi.advanceTimersByTimeAsync(10);
    newest().onerror?.();
    expect(states).toEqual(["up", "down"]);
    await vi.advanceTimersByTimeAsync(backoff(0, () => 1) + 1);
    expect(streams).toHaveLength(2);
    newest().onerror?.();
    await vi.advanceTimersByTimeAsync(backoff(0, () => 1) + 1);
    expect(streams).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(backoff(1, () => 1));
    expect(streams).toHaveLength(3);
    newest().onopen?.();
    await vi.advanceTimersByTimeAsync(1100);
    expect(read.mock.calls.at(-1)?.[0].size).toBe(4);
    expect(states).toEqual(["up", "down", "up"]);
    feed.stop();
  });

  it("takes a failed reading for a cut", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { feed, states, read, newest } = rig();
    read.mockRejectedValueOnce(new Error("gone"));
    feed.start();
    newest().onopen?.();
    await vi.advanceTimersByTimeAsync(10);
    expect(states).toEqual(["down"]);
    feed.stop();
  });

  it("finds out by itself when a connection died without a word", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { feed, states, read, newest } = rig();
    feed.start();
    newest().onopen?.();
    await vi.advanceTimersByTimeAsync(10);
    read.mockRejectedValue(new Error("gone"));
    await vi.advanceTimersByTimeAsync(31_000);
    expect(states).toContain("down");
    feed.stop();
  });

  it("does not wait when woken", async () => {
    const { feed, streams, newest } = rig();
    feed.start();
    newest().onerror?.();
    feed.wake();
    expect(streams).toHaveLength(2);
    expect(streams[0]?.closed).toBe(true);
    feed.stop();
  });

  it("passes an event whose data cannot be read on without a time", () => {
    const { feed, heard, newest } = rig();
    feed.start();
    newest().emit("alerts", "not json");
    expect(heard).toEqual([["alerts", null]]);
    feed.stop();
  });
});

describe("backoff", () => {
  it("doubles up to fifteen seconds", () => {
    expect([0, 1, 2, 3, 10, 1000].map((n) => backoff(n, () => 1))).toEqual([500, 1000, 2000, 4000, 15_000, 15_000]);
  });
});

describe("connectionWords", () => {
  const minutes = (n: number): number => n * 60_000;
  it("says reconnecting first and gone later, with the age of what is shown", () => {
    const down: Connection = { kind: "down", since: 0 };
    expect(connectionWords(down, 0, 5000).kind).toBe("reconnecting");
    expect(connectionWords(down, 0, minutes(7))).toEqual({ kind: "gone", secondsOld: 420 });
    expect(connectionWords({ kind: "starting", since: 0 }, null, minutes(1)).kind).toBe("gone");
    expect(connectionWords({ kind: "up", since: 0 }, 0, minutes(1)).kind).toBe("live");
  });
});
