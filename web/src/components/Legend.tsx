import { useState } from "preact/hooks";
import { STATES, STATE_WORDS } from "../states";
import { basin, selectedId, situation } from "../store";
import { StateMark } from "./StateMark";

const RIVERS: readonly { name: string; word: string }[] = [
  { name: "alert", word: "Alert" },
  { name: "pre_alert", word: "Pre-alert" },
  { name: "watch", word: "Watch" },
  { name: "none", word: "None" },
  { name: "no_threshold", word: "No threshold" },
  { name: "no_data", word: "Unknown" },
];

const RINGS = [
  { name: "alert", word: "Alert", dash: "" },
  { name: "pre_alert", word: "Pre-alert", dash: "7 3" },
  { name: "watch", word: "Watch", dash: "2.4 3" },
] as const;

function Ring({ name, dash }: { name: string; dash: string }) {
  return (
    <svg width="18" height="18" viewBox="0 0 24 24" aria-hidden="true">
      <circle class="ring ring-casing" cx="12" cy="12" r="9.5" stroke-dasharray={dash} />
      <circle class={`ring ring-${name}`} cx="12" cy="12" r="9.5" stroke-dasharray={dash} />
    </svg>
  );
}

const isWide = (): boolean => matchMedia("(min-width: 900px)").matches;

/** Open where there is room: not on a phone, and not while a station's panel takes the map's place. */
function useOpen(): [boolean, (open: boolean) => void] {
  const [wish, setWish] = useState<boolean | null>(null);
  return [wish ?? (isWide() && selectedId.value === null), setWish];
}

/** What the map's marks mean, in words. */
export function Legend() {
  const [open, setOpen] = useOpen();
  const noForecast = situation.value !== null && situation.value.issued_at === null;
  return (
    <details class="legend" open={open}>
      <summary
        onClick={(event) => {
          event.preventDefault();
          setOpen(!open);
        }}
      >
        Legend
      </summary>
      <div class="legend-body">
        <section>
          <h2>Station: observed</h2>
          <ul>
            {STATES.map((name) => (
              <li key={name} title={STATE_WORDS[name].meaning}>
                <StateMark state={name} size={17} /> {STATE_WORDS[name].word}
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h2>Ring: forecast</h2>
          <ul>
            {RINGS.map((ring) => (
              <li key={ring.name}>
                <Ring name={ring.name} dash={ring.dash} /> {ring.word}
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h2>River: forecast</h2>
          <ul>
            {RIVERS.map((river) => (
              <li key={river.name}>
                <span class={`river-sample river-${river.name}`} /> {river.word}
              </li>
            ))}
          </ul>
        </section>
      </div>
      {noForecast && <p class="legend-note">No forecast yet: every river is unknown.</p>}
      {basin.value && <p class="legend-sources">{basin.value.attribution}</p>}
    </details>
  );
}
