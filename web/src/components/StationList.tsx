import { computed, signal } from "@preact/signals";
import { memo } from "preact/compat";
import type { Station, StateName, StationNow } from "../api";
import { matches, withUnit } from "../format";
import { STATES, STATE_WORDS, concern, isPhase, known } from "../states";
import { nowById, select, selectedId, situation, stations } from "../store";
import { StateMark } from "./StateMark";

export const stateFilter = signal<StateName | "">("");
const search = signal("");
const river = signal("");

const rivers = computed(() => [...new Set(stations.value.map((station) => station.river))].filter(Boolean).sort((a, b) => a.localeCompare(b)));

function worst(now: StationNow | undefined): number {
  return Math.max(concern(now?.observed?.state), now?.forecast ? concern(now.forecast.state) : 0);
}

const shown = computed<readonly Station[]>(() => {
  const now = nowById.value;
  return stations.value
    .filter((station) => {
      if (river.value && station.river !== river.value) return false;
      if (stateFilter.value && known(now.get(station.station_id)?.observed?.state) !== stateFilter.value) return false;
      return matches(`${station.name} ${station.river} ${station.station_id} ${station.gauge_no}`, search.value);
    })
    .map((station) => ({ station, rank: worst(now.get(station.station_id)) }))
    .sort((a, b) => b.rank - a.rank)
    .map((entry) => entry.station);
});

const SHOWN_FIRST = ["discharge", "level", "rain"];

/** The one value that a row shows, as text. */
export function mainValue(station: Station, now: StationNow | undefined): string {
  const variable = [...SHOWN_FIRST, ...station.variables].find((name) => now?.latest[name]);
  const latest = variable ? now?.latest[variable] : undefined;
  if (!variable || !latest) return "";
  return withUnit(latest.value, latest.unit, variable);
}

interface RowProps {
  station: Station;
  observed: StateName;
  forecast: StateName | null;
  value: string;
  selected: boolean;
}

const Row = memo(function Row({ station, observed, forecast, value, selected }: RowProps) {
  return (
    <li class={selected ? "station-row is-selected" : "station-row"}>
      <button type="button" aria-current={selected ? "true" : undefined} onClick={() => select(station.station_id)}>
        <StateMark state={observed} size={20} />
        <span class="station-name">{station.name}</span>
        <span class="station-value">{value}</span>
        <span class="station-river">
          {station.kind === "rain" ? "rain gauge" : station.river}
          {station.kind === "dam" && " · dam"}
          {station.latitude === null && " · no position"}
        </span>
        <span class="station-states">
          {STATE_WORDS[observed].word}
          {forecast && isPhase(forecast) && (
            <span class="station-forecast">
              {" → "}
              <StateMark state={forecast} size={13} /> {STATE_WORDS[forecast].word}
            </span>
          )}
        </span>
      </button>
    </li>
  );
});

function Filters() {
  return (
    <div class="filters" role="search" aria-label="Filter stations">
      <label class="grow">
        <span class="spoken">Search stations</span>
        <input type="search" placeholder="Search name, river, gauge number" value={search.value} onInput={(event) => (search.value = event.currentTarget.value)} />
      </label>
      <label>
        <span class="spoken">River</span>
        <select value={river.value} onChange={(event) => (river.value = event.currentTarget.value)}>
          <option value="">All rivers</option>
          {rivers.value.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="spoken">Observed state</span>
        <select value={stateFilter.value} onChange={(event) => (stateFilter.value = event.currentTarget.value as StateName | "")}>
          <option value="">All states</option>
          {STATES.map((name) => (
            <option key={name} value={name}>
              {STATE_WORDS[name].word}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Every station with its states: what the map shows, for keyboard and screen reader. */
export function StationList() {
  const now = nowById.value;
  const list = shown.value;
  const hasForecast = situation.value?.issued_at !== null;
  return (
    <>
      <Filters />
      <p class="list-note" role="status">
        {list.length} of {stations.value.length} stations, most severe first. {hasForecast ? "→ forecast state" : "No forecast yet."}
      </p>
      {list.length === 0 && <p class="empty">No station matches.</p>}
      <ul class="scroll stations" aria-label="Stations" data-testid="stations">
        {list.map((station) => {
          const entry = now.get(station.station_id);
          return (
            <Row
              key={station.station_id}
              station={station}
              observed={known(entry?.observed?.state)}
              forecast={entry?.forecast ? known(entry.forecast.state) : null}
              value={mainValue(station, entry)}
              selected={station.station_id === selectedId.value}
            />
          );
        })}
      </ul>
    </>
  );
}
