/** The order of the inbox, and what to say aloud when it changes. */

import type { Alert } from "./api";
import { STATE_WORDS, concern, isPhase, known } from "./states";

/** The state by which an alert is ranked: one that went silent keeps the rank it had, for silence ends nothing. */
export function rankedState(alert: Alert): Alert["state"] {
  return isPhase(known(alert.state)) ? alert.state : alert.highest_state;
}

/** Most severe first, then the newest; of equals, observed before forecast. */
export function byUrgency(alerts: readonly Alert[]): Alert[] {
  return [...alerts].sort(
    (a, b) =>
      concern(rankedState(b)) - concern(rankedState(a)) ||
      Date.parse(b.opened_at) - Date.parse(a.opened_at) ||
      Number(a.basis === "forecast") - Number(b.basis === "forecast") ||
      a.alert_id - b.alert_id,
  );
}

/** Open alerts, and among them the one that is being commented on though it has closed meanwhile. */
export function withDrafted(open: readonly Alert[], drafted: Alert | null): readonly Alert[] {
  if (!drafted || open.some((alert) => alert.alert_id === drafted.alert_id)) return open;
  return byUrgency([...open, drafted]);
}

const SPOKEN = 3;

/** A sentence on alerts that are new or have risen, or an empty string. */
export function news(before: readonly Alert[], after: readonly Alert[]): string {
  const was = new Map(before.map((alert) => [alert.alert_id, concern(alert.state)]));
  const risen = after.filter((alert) => {
    const rank = was.get(alert.alert_id);
    return isPhase(known(alert.state)) && (rank === undefined || concern(alert.state) > rank);
  });
  if (risen.length === 0) return "";
  const named = risen
    .slice(0, SPOKEN)
    .map((alert) => `${alert.station_name}: ${STATE_WORDS[known(alert.state)].word.toLowerCase()}, ${alert.basis}`);
  const more = risen.length > SPOKEN ? `; and ${risen.length - SPOKEN} more` : "";
  return `${risen.length === 1 ? "New alert" : `${risen.length} new alerts`}. ${named.join("; ")}${more}.`;
}
