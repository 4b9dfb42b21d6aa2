import { describe, expect, it } from "vitest";
import { forecastAge, judge, readingAge, silentStations } from "./ages";
import type { Alert, Situation } from "./api";
import { crossingWords, evidenceProbability, evidenceWords, leadRange } from "./evidence";
import { clockParts, dayAndTime, isoShort, matches, probability, quantity, span, withUnit } from "./format";
import { byUrgency, news, rankedState, withDrafted } from "./inbox";
import { STATES, concern, isPhase, known } from "./states";

const at = (iso: string): number => Date.parse(iso);

describe("format", () => {
  it("shows Brussels time in summer and winter, and UTC beside it", () => {
    const summer = clockParts(at("2021-07-14T20:30:00Z"));
    expect([summer.time, summer.zone, summer.utc]).toEqual(["22:30", "CEST", "14 Jul 20:30 UTC"]);
    const winter = clockParts(at("2022-01-14T23:30:00Z"));
    expect([winter.time, winter.zone]).toEqual(["00:30", "CET"]);
    expect(dayAndTime(at("2021-07-14T22:30:00Z"))).toBe("Thu 15 Jul, 00:30");
    expect(isoShort("not a time")).toBe("–");
  });

  it("gives spans in the units that matter", () => {
    expect([5, 90, 3599, 3600, 11_700, 187_200].map(span)).toEqual(["5 s", "2 min", "1 h", "1 h", "3 h 15", "2 d 4 h"]);
  });

  it("says when there is no value instead of showing a zero", () => {
    expect(quantity(null)).toBe("no value");
    expect(quantity(Number.NaN)).toBe("no value");
    expect([quantity(0.4), quantity(12.34), quantity(1234.6), quantity(3.456, "level")]).toEqual(["0.40", "12.3", "1235", "3.46"]);
    expect(withUnit(3.4, "m3/s")).toBe("3.40 m³/s");
  });

  it("never promises 0 or 100 %", () => {
    expect([0, 0.004, 0.42, 0.995, 1].map((p) => probability(p).percent)).toEqual(["< 1 %", "< 1 %", "42 %", "> 99 %", "> 99 %"]);
    expect(probability(0.7).word).toBe("likely");
  });

  it("searches without accents and in any order", () => {
    expect(matches("Martinrive Amblève 6621", "ambleve marti")).toBe(true);
    expect(matches("Martinrive Amblève", "vesdre")).toBe(false);
    expect(matches("anything", "")).toBe(true);
  });
});

describe("states", () => {
  it("takes what it does not know for unknown, never for calm", () => {
    expect([known(undefined), known(null), known("green")]).toEqual(["no_data", "no_data", "no_data"]);
    expect(concern(null)).toBeGreaterThan(concern("none"));
  });

  it("ranks the phases above everything else", () => {
    const ranked = [...STATES].sort((a, b) => concern(b) - concern(a));
    expect(ranked.slice(0, 3)).toEqual(["alert", "pre_alert", "watch"]);
    expect(ranked.filter(isPhase)).toHaveLength(3);
  });
});

describe("evidence", () => {
  const forecast = {
    issued_at: "2021-07-14T15:00:00Z",
    probability: { pre_alert: 0.9, alert: 0.42 },
    crossings: [
      { phase: "alert", origin: "suggested", variable: "discharge", threshold: 50, probability: 0.5, lead_minutes: [60, 60, 60], decides: false },
      { phase: "alert", origin: "official", variable: "discharge", threshold: 55, probability: 0.42, lead_minutes: [120, 240, 600], decides: true },
      { phase: "pre_alert", origin: "official", variable: "discharge", threshold: 30, probability: 0.9, lead_minutes: [0, 0, 0], decides: true },
    ],
    text: "Forecast issued at 2021-07-14T15:00:00Z: 90 % to reach the pre-alert threshold.",
  };

  it("passes the service's words on, with times as the operator's clock shows them", () => {
    expect(evidenceWords("Level 3.4 m is above 3.1 m")).toBe("Level 3.4 m is above 3.1 m");
    expect(evidenceWords(forecast)).toBe("Forecast issued at Wed 14 Jul, 17:00: 90 % to reach the pre-alert threshold.");
    expect(evidenceWords(null)).toBe("");
  });

  it("takes probability and time of the phase that the state is about, by the threshold that decides", () => {
    expect(evidenceProbability(forecast, "alert")).toBe(0.42);
    expect(evidenceProbability(forecast, "watch")).toBe(0.9);
    expect(crossingWords(forecast, "alert")).toBe("Alert threshold between Wed 14 Jul, 19:00 and Thu 15 Jul, 03:00, most likely Wed 14 Jul, 21:00.");
    expect(crossingWords(forecast, "pre_alert")).toBe("Already above the threshold.");
  });

  it("says nothing of time where the evidence has none", () => {
    expect(crossingWords({ text: "observed" }, "alert")).toBe("");
    expect(crossingWords({ ...forecast, crossings: "none" }, "alert")).toBe("");
    expect(evidenceProbability({ text: "observed" }, "alert")).toBeNull();
  });

  it("makes words of its own from bare numbers", () => {
    const evidence = { variable: "discharge", value: 152.4, threshold: 117, phase: "alert", origin: "official" };
    expect(evidenceWords(evidence)).toBe("Discharge 152 m³/s against the official alert threshold 117 m³/s");
    const chance = { variable: "level", probability: 0.62, threshold: 2.5, phase: "pre_alert", origin: "suggested", lead_minutes: [180, 300, 420] };
    expect(evidenceWords(chance)).toBe("62 % (likely) that level passes the suggested pre-alert threshold 2.50 m in 3 h to 7 h");
  });

  it("survives fields of a wrong kind", () => {
    expect(evidenceWords({ value: "much", threshold: null, lead_minutes: "soon", probability: Number.NaN })).toBe("");
  });

  it("gives ranges of time", () => {
    expect([leadRange([0, 0, 0]), leadRange([0, 10, 60]), leadRange([15, 15, 15]), leadRange([60, 90, 120])]).toEqual([
      "now",
      "within 1 h",
      "in 15 min",
      "in 1 h to 2 h",
    ]);
  });
});

function alert(fields: Partial<Alert>): Alert {
  return {
    alert_id: 1,
    station_id: "VES_VERVIERS",
    station_name: "Verviers",
    river: "Vesdre",
    basis: "observed",
    state: "watch",
    highest_state: fields.state ?? "watch",
    opened_at: "2021-07-14T10:00:00Z",
    closed_at: null,
    evidence: null,
    acknowledged_at: null,
    acknowledged_by: null,
    comment: null,
    ...fields,
  };
}

describe("inbox", () => {
  it("puts the most severe first, then the newest", () => {
    const list = [
      alert({ alert_id: 1, state: "watch", opened_at: "2021-07-14T12:00:00Z" }),
      alert({ alert_id: 2, state: "alert", opened_at: "2021-07-14T09:00:00Z" }),
      alert({ alert_id: 3, state: "alert", opened_at: "2021-07-14T11:00:00Z" }),
    ];
    expect(byUrgency(list).map((item) => item.alert_id)).toEqual([3, 2, 1]);
    expect(list.map((item) => item.alert_id)).toEqual([1, 2, 3]);
  });

  it("keeps the rank of an alert whose station fell silent", () => {
    expect(rankedState(alert({ state: "no_data", highest_state: "alert" }))).toBe("alert");
    const list = [alert({ alert_id: 1, state: "watch" }), alert({ alert_id: 2, state: "no_data", highest_state: "alert" })];
    expect(byUrgency(list)[0]?.alert_id).toBe(2);
  });

  it("keeps an alert that is being commented on", () => {
    const [first, second] = [alert({ alert_id: 1 }), alert({ alert_id: 2, state: "alert" })];
    expect(withDrafted([first], null)).toEqual([first]);
    expect(withDrafted([first], first)).toEqual([first]);
    expect(withDrafted([first], second).map((item) => item.alert_id)).toEqual([2, 1]);
  });

  it("speaks of new and risen alerts only", () => {
    const before = [alert({ alert_id: 1, state: "watch" }), alert({ alert_id: 2, state: "alert" })];
    expect(news(before, before)).toBe("");
    const risen = [alert({ alert_id: 1, state: "alert" }), alert({ alert_id: 2, state: "watch" })];
    expect(news(before, risen)).toBe("New alert. Verviers: alert, observed.");
    const many = Array.from({ length: 5 }, (_, i) => alert({ alert_id: 10 + i }));
    expect(news([], many)).toContain("5 new alerts");
    expect(news([], many)).toContain("and 2 more");
  });
});

describe("ages", () => {
  const situation: Situation = {
    now: "2021-07-14T10:10:00Z",
    issued_at: null,
    dead_letters: 0,
    label: "",
    reaches: [],
    stations: [
      {
        station_id: "A",
        observed: { state: "none", since: null, evidence: null },
        forecast: null,
        latest: { level: { value: 1, unit: "m", observed_at: "2021-07-14T10:00:00Z", flag: "GOOD", age_s: 600 } },
      },
      { station_id: "B", observed: { state: "no_data", since: null, evidence: null }, forecast: null, latest: {} },
    ],
  };

  it("measures in event time and says null where nothing is known", () => {
    expect(readingAge(situation, at(situation.now))).toBe(600);
    expect(readingAge({ ...situation, stations: [] }, at(situation.now))).toBeNull();
    expect(forecastAge(situation, at(situation.now))).toBeNull();
    expect(forecastAge({ ...situation, issued_at: "2021-07-14T10:00:00Z" }, at(situation.now))).toBe(600);
    expect(silentStations(situation)).toBe(1);
  });

  it("judges what was never known as lost", () => {
    expect([judge(null, 1, 2), judge(0.5, 1, 2), judge(1.5, 1, 2), judge(3, 1, 2)]).toEqual(["lost", "good", "late", "lost"]);
  });
});
