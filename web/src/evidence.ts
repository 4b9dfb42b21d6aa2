/** Evidence as sentences: the service sends words in `text` and the numbers that they rest on. */

import type { Evidence, StateName } from "./api";
import { dayAndTime, instant, isoShort, probability, span, timeOfDay, unitOf, variableWord, withUnit } from "./format";
import { STATE_WORDS, known } from "./states";

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

function text(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function figure(fields: Fields, name: string): number | null {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function leads(fields: Fields): number[] | null {
  const value = fields["lead_minutes"];
  const usable = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "number");
  return usable ? (value as number[]) : null;
}

/** Lead time in minutes as a span of hours: "in 2 h to 5 h". */
export function leadRange(lead: readonly number[]): string {
  const early = lead[0] ?? 0;
  const late = lead[lead.length - 1] ?? 0;
  if (late <= 0) return "now";
  if (early === late) return `in ${span(early * 60)}`;
  return early <= 0 ? `within ${span(late * 60)}` : `in ${span(early * 60)} to ${span(late * 60)}`;
}

const ISO_TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z/g;

/** A sentence of the service with times as the operator's clock shows them and units as people write them. */
function forOperators(sentence: string): string {
  return sentence.replace(ISO_TIME, (iso) => isoShort(iso)).replaceAll("m3/s", "m³/s");
}

function thresholdWords(fields: Fields, unit: string, variable: string): string {
  const limit = figure(fields, "threshold");
  const phase = text(fields, "phase");
  const parts = [text(fields, "origin"), phase ? STATE_WORDS[known(phase)].word.toLowerCase() : null, "threshold"];
  const name = parts.filter(Boolean).join(" ");
  return limit === null ? name : `${name} ${withUnit(limit, unit, variable)}`;
}

/** A sentence of our own, for evidence that brings numbers without words. */
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
  if (figure(fields, "threshold") !== null || text(fields, "phase") !== null) {
    parts.push(`${chance === null && parts.length ? "against " : ""}the ${thresholdWords(fields, unit, variable)}`);
  }
  const lead = leads(fields);
  if (lead) parts.push(leadRange(lead));
  return parts.join(" ");
}

/** Evidence in words, or an empty string when the service gave none. */
export function evidenceWords(evidence: Evidence | undefined): string {
  if (!evidence) return "";
  if (typeof evidence === "string") return forOperators(evidence);
  return forOperators(text(evidence, "text") ?? (sentence(evidence) || text(evidence, "reason") || ""));
}

/** The phase whose crossing matters to a state: a watch waits for the pre-alert, a pre-alert may be one by chance of alert. */
function phaseOf(state: StateName): "alert" | "pre_alert" {
  return state === "alert" ? "alert" : "pre_alert";
}

/** The probability that evidence carries for the phase of this state, if any. */
export function evidenceProbability(evidence: Evidence | undefined, state: StateName): number | null {
  if (!isFields(evidence)) return null;
  const byPhase = evidence["probability"];
  if (!isFields(byPhase)) return figure(evidence, "probability");
  return figure(byPhase, phaseOf(state)) ?? figure(byPhase, "alert") ?? figure(byPhase, "pre_alert");
}

/** When the deciding threshold of this state is reached: "between Wed 14 Jul, 19:15 and 23:00, most likely 21:00". */
export function crossingWords(evidence: Evidence | undefined, state: StateName): string {
  if (!isFields(evidence)) return "";
  const issued = instant(text(evidence, "issued_at"));
  const rows = evidence["crossings"];
  if (issued === null || !Array.isArray(rows)) return "";
  const row = rows.find((item) => isFields(item) && item["decides"] === true && item["phase"] === phaseOf(state));
  const lead = isFields(row) ? leads(row) : null;
  if (!lead || lead.length !== 3) return "";
  const [early = 0, middle = 0, late = 0] = lead.map((minutes) => issued + minutes * 60_000);
  if (late <= issued) return "Already above the threshold.";
  const word = STATE_WORDS[phaseOf(state)].word;
  const days = dayAndTime(late).slice(0, -7) === dayAndTime(early).slice(0, -7);
  return `${word} threshold between ${dayAndTime(early)} and ${days ? timeOfDay(late) : dayAndTime(late)}, most likely ${days ? timeOfDay(middle) : dayAndTime(middle)}.`;
}
