import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Station } from "../api";
import { crossingWords, evidenceWords } from "../evidence";
import { isoShort } from "../format";
import { STATE_WORDS, known } from "../states";
import { nowById, select, situation } from "../store";
import { StateMark } from "./StateMark";

type Body = ComponentType<{ station: Station }>;

/** The chart library comes with the first opened station, after the lists and the map. */
function useBody(): Body | null {
  const [body, setBody] = useState<{ part: Body } | null>(null);
  useEffect(() => {
    void import("./StationBody").then(({ StationBody }) => setBody({ part: StationBody }));
  }, []);
  return body?.part ?? null;
}

function StateLine({ stationId, basis }: { stationId: string; basis: "observed" | "forecast" }) {
  const now = nowById.value.get(stationId)?.[basis];
  if (basis === "forecast" && !now) {
    return (
      <li>
        <span class="state-basis">Forecast</span>
        <span>{situation.value?.issued_at ? "none for this station" : "none issued yet"}</span>
      </li>
    );
  }
  const state = known(now?.state);
  const words = [evidenceWords(now?.evidence), crossingWords(now?.evidence, state)].filter(Boolean).join(" ");
  return (
    <li>
      <span class="state-basis">{basis === "observed" ? "Observed" : "Forecast"}</span>
      <span class="state-value">
        <StateMark state={state} size={20} /> <strong>{STATE_WORDS[state].word}</strong>
        {now?.since && <span class="muted"> since {isoShort(now.since)}</span>}
        <span class="state-words">{words || STATE_WORDS[state].meaning}</span>
      </span>
    </li>
  );
}

function Unknown({ stationId }: { stationId: string }) {
  return (
    <p class="empty">
      {situation.value ? `There is no station “${stationId}” in this region.` : "Reading stations…"}
    </p>
  );
}

export function StationPane({ stationId, station }: { stationId: string; station: Station | undefined }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const StationBody = useBody();
  const found = station !== undefined;
  useEffect(() => heading.current?.focus({ preventScroll: true }), [found]);
  return (
    <section class="station-pane" aria-label="Station" data-testid="station-pane">
      <header class="pane-head">
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {station?.name ?? stationId}
          </h2>
          <p class="muted">
            {station && (station.kind === "rain" ? "Rain gauge" : station.river)}
            {station?.kind === "dam" && " · dam"}
            {station?.gauge_no && ` · gauge ${station.gauge_no}`}
          </p>
        </div>
        <button type="button" class="button" onClick={() => select(null)}>
          Close<span class="spoken"> station panel</span>
        </button>
      </header>
      <div class="pane-scroll">
        {station ? (
          <>
            <ul class="state-lines">
              <StateLine stationId={stationId} basis="observed" />
              <StateLine stationId={stationId} basis="forecast" />
            </ul>
            {StationBody ? <StationBody station={station} /> : <div class="plot-wait" />}
          </>
        ) : (
          <Unknown stationId={stationId} />
        )}
      </div>
    </section>
  );
}
