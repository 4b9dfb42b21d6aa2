/** How old the newest reading and forecast are, and which stations are silent, all in event time. */

import type { Situation } from "./api";
import { instant } from "./format";

/** Seconds since the newest reading of any station, or null when none was ever seen. */
export function readingAge(situation: Situation, nowMs: number): number | null {
  let newest: number | null = null;
  for (const station of situation.stations) {
    for (const latest of Object.values(station.latest)) {
      const at = instant(latest.observed_at);
      if (at !== null && (newest === null || at > newest)) newest = at;
    }
  }
  return newest === null ? null : Math.max(0, (nowMs - newest) / 1000);
}

/** Seconds since the newest forecast was issued, or null before the first. */
export function forecastAge(situation: Situation, nowMs: number): number | null {
  const issued = instant(situation.issued_at);
  return issued === null ? null : Math.max(0, (nowMs - issued) / 1000);
}

/** How many stations say nothing. */
export function silentStations(situation: Situation): number {
  return situation.stations.filter((station) => station.observed?.state === "no_data").length;
}

export type Level = "good" | "late" | "lost";

/** Judge an age against what is expected: late after one limit, lost after the other; never known is lost. */
export function judge(age: number | null, lateS: number, lostS: number): Level {
  if (age === null || age > lostS) return "lost";
  return age > lateS ? "late" : "good";
}
