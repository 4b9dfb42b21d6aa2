import { useMemo, useRef, useState } from "preact/hooks";
import type { Station } from "../api";
import { chartCsv } from "../chart/csv";
import { savePicture, saveText } from "../chart/download";
import { clockParts, isoShort, unitOf, unitSign, variableWord } from "../format";
import { eventNow, nowById, runLabel } from "../store";
import { ChartKey, chartKeys } from "./ChartKey";
import { CrossingTable } from "./CrossingTable";
import { type DrawForExport, Hydrograph } from "./Hydrograph";
import { LatestTable } from "./LatestTable";
import { StationFacts } from "./StationFacts";
import { type SeriesView, useSeries } from "./useSeries";

const WINDOWS = [
  { hours: 24, word: "24 h" },
  { hours: 72, word: "3 d" },
  { hours: 240, word: "10 d" },
] as const;

/** Open on what the thresholds are set for, else on the most telling variable. */
export function firstVariable(station: Station): string {
  const judged = station.thresholds.find((item) => station.variables.includes(item.variable))?.variable;
  const telling = ["level", "discharge", "rain"].find((name) => station.variables.includes(name));
  return judged ?? telling ?? station.variables[0] ?? "level";
}

function Choices<T extends string | number>(props: {
  legend: string;
  options: readonly { value: T; word: string }[];
  chosen: T;
  choose: (value: T) => void;
}) {
  return (
    <div class="choices" role="group" aria-label={props.legend}>
      {props.options.map(({ value, word }) => (
        <button key={value} type="button" aria-pressed={value === props.chosen} onClick={() => props.choose(value)}>
          {word}
        </button>
      ))}
    </div>
  );
}

/** Why a chart shows less than it could, in words. */
function ChartNote({ view, variable }: { view: SeriesView; variable: string }) {
  if (view.fault) return <p class="fault" role="alert">{view.fault}</p>;
  const notes: string[] = [];
  if (view.observed?.values.length === 0) notes.push("No observation in this time: the station is silent or new.");
  if (view.observed && !view.forecast?.ensemble && (variable === "level" || variable === "discharge")) {
    notes.push(`No forecast of ${variableWord(variable).toLowerCase()} for this station yet.`);
  }
  return notes.length ? <p class="chart-note">{notes.join(" ")}</p> : null;
}

function runWords(view: SeriesView): string {
  const run = view.forecast?.ensemble;
  return run ? `Forecast issued ${isoShort(run.issued_at)}, ${run.members} members` : "";
}

/** Where the forecast's rain came from; long, so it opens on demand. */
function Scheme({ view }: { view: SeriesView }) {
  const scheme = view.forecast?.ensemble?.scheme;
  if (!scheme) return null;
  return (
    <details class="scheme">
      <summary>How this forecast was made</summary>
      <p>{scheme}</p>
    </details>
  );
}

function useExports(station: Station, variable: string, unit: string, view: SeriesView) {
  const draw = useRef<DrawForExport | null>(null);
  const stem = `${station.station_id}_${variable}_${new Date(eventNow.value ?? Date.now()).toISOString().slice(0, 16).replaceAll(":", "")}Z`;
  const csv = (): void => saveText(chartCsv(station, runLabel.value, view.observed, view.forecast), `${stem}.csv`);
  const picture = async (): Promise<void> => {
    const canvas = await draw.current?.();
    if (!canvas) return;
    const now = eventNow.value;
    const time = now === null ? "" : `${clockParts(now).date} ${clockParts(now).time} Brussels (${clockParts(now).utc})`;
    savePicture(
      canvas,
      devicePixelRatio,
      {
        title: `${station.name} (${station.river || "rain gauge"}), ${variableWord(variable).toLowerCase()} [${unitSign(unit)}]`,
        subtitle: [time, runWords(view)].filter(Boolean).join(" · "),
        label: runLabel.value,
        keys: chartKeys(view, variable),
      },
      `${stem}.png`,
    );
  };
  return { draw, csv, picture };
}

export function StationBody({ station }: { station: Station }) {
  const [variable, setVariable] = useState(() => firstVariable(station));
  const [hours, setHours] = useState<number>(72);
  const view = useSeries(station.station_id, variable, hours);
  const latest = nowById.value.get(station.station_id)?.latest ?? {};
  const unit = view.observed?.unit ?? view.forecast?.unit ?? latest[variable]?.unit ?? unitOf(variable);
  const judged = useMemo(() => station.thresholds.filter((item) => item.variable === variable), [station, variable]);
  const { draw, csv, picture } = useExports(station, variable, unit, view);
  return (
    <>
      <div class="chart-bar">
        <Choices
          legend="Variable"
          options={station.variables.map((name) => ({ value: name, word: variableWord(name) }))}
          chosen={variable}
          choose={setVariable}
        />
        <Choices legend="Past shown" options={WINDOWS.map(({ hours: value, word }) => ({ value, word }))} chosen={hours} choose={setHours} />
      </div>
      {runLabel.value && <p class="chart-label">{runLabel.value}</p>}
      <Hydrograph
        view={view}
        variable={variable}
        unit={unit}
        thresholds={judged}
        nowMs={eventNow.value}
        onPlot={(made) => (draw.current = made)}
      />
      <ChartKey view={view} variable={variable} />
      <ChartNote view={view} variable={variable} />
      <div class="chart-foot">
        <span class="muted">{runWords(view)}</span>
        <span class="row">
          <button type="button" class="button small" onClick={csv}>
            CSV
          </button>
          <button type="button" class="button small" onClick={() => void picture()}>
            PNG
          </button>
        </span>
      </div>
      <Scheme view={view} />
      <CrossingTable view={view} />
      <LatestTable station={station} latest={latest} />
      <StationFacts station={station} latest={latest} />
    </>
  );
}
