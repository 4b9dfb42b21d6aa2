import type { SeriesView } from "./useSeries";

interface Key {
  words: string;
  colour: string;
  look: "line" | "dash" | "band" | "diamond" | "cross" | "bar";
}

/** What the present chart really shows; nothing is explained that is not there. */
export function chartKeys(view: SeriesView, variable: string): Key[] {
  const flags = new Set(view.observed?.values.map((item) => item.flag));
  const keys: Key[] = [];
  if (view.observed?.values.length) {
    keys.push({ words: "Observed", colour: variable === "rain" ? "chart-rain" : "chart-observed", look: variable === "rain" ? "bar" : "line" });
  }
  if (flags.has("SUSPECT")) keys.push({ words: "Suspect", colour: "chart-suspect", look: "diamond" });
  if (flags.has("BAD")) keys.push({ words: "Bad", colour: "chart-bad", look: "cross" });
  if (view.forecast?.ensemble) {
    keys.push({ words: "Forecast median", colour: "chart-median", look: "line" });
    keys.push({ words: "25–75 %", colour: "chart-band-inner", look: "band" });
    keys.push({ words: "5–95 %", colour: "chart-band-outer", look: "band" });
  }
  if (view.forecast?.perfect_rain) {
    keys.push({ words: "Upper bound: perfect rain (reconstruction)", colour: "chart-perfect", look: "dash" });
  }
  return keys;
}

const PATHS: Readonly<Record<Key["look"], string>> = {
  line: "M0 7h22",
  dash: "M0 7h22",
  band: "M0 2h22v10H0Z",
  bar: "M2 12V5h5v7ZM9 12V2h5v10ZM16 12V7h5v5Z",
  diamond: "M11 2 16 7 11 12 6 7Z",
  cross: "M7 3 15 11M15 3 7 11",
};

function Sample({ look, colour }: Key) {
  const filled = look === "band" || look === "bar";
  return (
    <svg width="22" height="14" viewBox="0 0 22 14" aria-hidden="true">
      <path
        d={PATHS[look]}
        fill={filled ? `var(--${colour})` : "none"}
        stroke={filled ? "none" : `var(--${colour})`}
        stroke-width="2.2"
        stroke-dasharray={look === "dash" ? "6 4" : undefined}
      />
    </svg>
  );
}

export function ChartKey({ view, variable }: { view: SeriesView; variable: string }) {
  return (
    <ul class="chart-key" aria-label="Key of the chart">
      {chartKeys(view, variable).map((key) => (
        <li key={key.words}>
          <Sample {...key} /> {key.words}
        </li>
      ))}
    </ul>
  );
}
