/** Evidence as a sentence. The service may send a sentence, or the numbers that one is made of. */

import type { Evidence } from "./api";
import { isoShort, probability, span, unitOf, variableWord, withUnit } from "./format";
import { STATE_WORDS, known } from "./states";

type Fields = Readonly<Record<string, unknown>>;

const text = (fields: Fields, ...names: string[]): string | null => {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
};

const figure = (fields: Fields, ...names: string[]): number | null => {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  return null;
};

/** Lead time in minutes as a span of hours: "in 2 h to 5 h". */
export function leadRange(lead: readonly number[]): string {
  const [early, , late] = [lead[0] ?? 0, lead[1], lead[lead.length - 1] ?? 0];
  if (late <= 0) return "now";
  if (early === late) return `in ${span(early * 60)}`;
  return early <= 0 ? `within ${span(late * 60)}` : `in ${span(early * 60)} to ${span(late * 60)}`;
}

function leads(fields: Fields): number[] | null {
  const value = fields["lead_minutes"];
  return Array.isArray(value) && value.every((item) => typeof item === "number") ? (value as number[]) : null;
}

function thresholdWords(fields: Fields, unit: string, variable: string): string {
  const limit = figure(fields, "threshold", "threshold_value");
  const phase = text(fields, "phase");
  const origin = text(fields, "origin");
  const name = [origin, phase ? STATE_WORDS[known(phase)].word.toLowerCase() : null, "threshold"]
    .filter(Boolean)
    .join(" ");
  return limit === null ? name : `${name} ${withUnit(limit, unit, variable)}`;
}

function sentence(fields: Fields): string {
  const variable = text(fields, "variable") ?? "";
  const unit = text(fields, "unit") ?? unitOf(variable);
  const value = figure(fields, "value");
  const chance = figure(fields, "probability");
  const parts: string[] = [];
  if (value !== null) parts.push(`${variableWord(variable)} ${withUnit(value, unit, variable)}`.trim());
  if (chance !== null) {
    const { percent, word } = probability(chance);
    parts.push(`${percent} (${word}) that ${variable ? variableWord(variable).toLowerCase() : "it"} passes`);
  }
  const hasThreshold = figure(fields, "threshold", "threshold_value") !== null || text(fields, "phase") !== null;
  if (hasThreshold) parts.push(`${chance === null && parts.length ? "against " : ""}the ${thresholdWords(fields, unit, variable)}`);
  const lead = leads(fields);
  if (lead) parts.push(leadRange(lead));
  const last = text(fields, "last_observed_at", "newest_observed_at", "observed_at");
  if (last && value === null && chance === null) parts.push(`last reading ${isoShort(last)}`);
  return parts.join(" ");
}

/** Evidence in words, or an empty string when the service gave none. */
export function evidenceWords(evidence: Evidence | undefined): string {
  if (!evidence) return "";
  if (typeof evidence === "string") return evidence;
  return text(evidence, "words", "text", "sentence", "summary") ?? (sentence(evidence) || text(evidence, "reason") || "");
}

/** The probability that evidence carries, if any. */
export function evidenceProbability(evidence: Evidence | undefined): number | null {
  return evidence && typeof evidence === "object" ? figure(evidence, "probability") : null;
}
