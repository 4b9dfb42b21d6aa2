/** The six states: their words, their order of concern, their shapes. Colours stand in styles/theme.css. */

import type { FlagName, StateName } from "./api";

export const STATES: readonly StateName[] = ["alert", "pre_alert", "watch", "none", "no_data", "no_threshold"];

interface StateWords {
  word: string;
  meaning: string;
}

export const STATE_WORDS: Readonly<Record<StateName, StateWords>> = {
  alert: { word: "Alert", meaning: "above the alert threshold" },
  pre_alert: { word: "Pre-alert", meaning: "above the pre-alert threshold" },
  watch: { word: "Watch", meaning: "may reach a threshold, or close to one" },
  none: { word: "None", meaning: "measured and below every threshold" },
  no_data: { word: "No data", meaning: "silent: nothing is known, not safe" },
  no_threshold: { word: "No threshold", meaning: "measured, but no limit to judge it by" },
};

// Unknown ranks above "none": a silent station needs a look, a quiet one does not.
const CONCERN: Readonly<Record<StateName, number>> = {
  alert: 5,
  pre_alert: 4,
  watch: 3,
  no_data: 2,
  none: 1,
  no_threshold: 0,
};

/** Rank of a state; the higher, the sooner an operator must see it. A state nobody sent counts as unknown. */
export function concern(state: StateName | null | undefined): number {
  return CONCERN[state ?? "no_data"] ?? CONCERN.no_data;
}

/** The state to show when the service sent none, or one that this page does not know: unknown, never calm. */
export function known(state: string | null | undefined): StateName {
  return STATES.includes(state as StateName) ? (state as StateName) : "no_data";
}

/** Whether a state is a flood phase, the only ones that a ring around a station announces. */
export function isPhase(state: StateName): boolean {
  return state === "watch" || state === "pre_alert" || state === "alert";
}

/** Outline of each state's mark in a box of 24 by 24, shared by the lists (SVG) and the map (canvas). */
export const OUTLINES: Readonly<Record<StateName, string>> = {
  alert: "M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3Z",
  pre_alert: "M12 3.2 21.5 20h-19Z",
  watch: "M12 3.2 20.8 12 12 20.8 3.2 12Z",
  none: "M12 6a6 6 0 1 0 .01 0Z",
  no_data: "M5 5h14v14H5Z",
  no_threshold: "M12 7.5a4.5 4.5 0 1 0 .01 0Z",
};

/** What is drawn inside or across the outline. */
export const INNER: Readonly<Record<StateName, { path: string; filled: boolean } | null>> = {
  alert: { path: "M12 7v6.2M12 16.2v1.4", filled: false },
  pre_alert: { path: "M12 9.2v4.6M12 16.4v1.3", filled: false },
  watch: null,
  none: null,
  no_data: { path: "M5 12 12 5M5 19 19 5M12 19 19 12", filled: false },
  no_threshold: { path: "M12 10.6a1.4 1.4 0 1 0 .01 0Z", filled: true },
};

export const FLAG_WORDS: Readonly<Record<FlagName, string>> = {
  GOOD: "good",
  SUSPECT: "suspect",
  BAD: "bad, not used",
  MISSING: "sensor gave no value",
};
