import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RefreshGate } from "./refresh";

describe("RefreshGate", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("reads at once, then at most once per interval, with every topic that was asked", async () => {
    const reads: string[][] = [];
    const gate = new RefreshGate<string>(async (topics) => void reads.push([...topics].sort()), 1000, Date.now);
    gate.request("readings");
    await vi.advanceTimersByTimeAsync(1);
    for (let i = 0; i < 5; i++) {
      gate.request(i % 2 ? "alerts" : "forecast");
      await vi.advanceTimersByTimeAsync(150);
    }
    expect(reads).toEqual([["readings"]]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(reads).toEqual([["readings"], ["alerts", "forecast"]]);
  });

  it("never reads twice at once, and reads again for what was asked meanwhile", async () => {
    let [running, most, count] = [0, 0, 0];
    const gate = new RefreshGate<string>(
      async () => {
        most = Math.max(most, ++running);
        count += 1;
        await new Promise((resolve) => setTimeout(resolve, 3000));
        running -= 1;
      },
      1000,
      Date.now,
    );
    gate.request("a");
    await vi.advanceTimersByTimeAsync(1500);
    gate.request("b");
    await vi.advanceTimersByTimeAsync(1600);
    expect([most, count]).toEqual([1, 2]);
  });

  it("reads again when asked again", async () => {
    const read = vi.fn().mockResolvedValue(undefined);
    const gate = new RefreshGate<string>(read, 100, Date.now);
    gate.request("a");
    await vi.advanceTimersByTimeAsync(200);
    gate.request("b");
    await vi.advanceTimersByTimeAsync(200);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("forgets what was asked when cancelled", async () => {
    const read = vi.fn().mockResolvedValue(undefined);
    const gate = new RefreshGate<string>(read, 100, Date.now);
    gate.request("a");
    gate.cancel();
    await vi.advanceTimersByTimeAsync(500);
    expect(read).not.toHaveBeenCalled();
  });
});
