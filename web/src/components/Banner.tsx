import { clock, runLabel } from "../store";

const MODE_WORDS = { live: "", demo: "Exercise", replay: "Replay" } as const;

/** What kind of run this is. Anything that is not live says so across the whole page. */
export function Banner() {
  const mode = clock.value?.mode ?? "live";
  const label = runLabel.value;
  if (mode === "live" && !label) return null;
  const word = MODE_WORDS[mode];
  const repeated = word !== "" && label.toLowerCase().startsWith(word.toLowerCase());
  return (
    <div class="banner" role="note" aria-label="Kind of run">
      <span class="banner-text">
        {word && !repeated && <strong>{word}: </strong>}
        <strong>{label || "not the present situation"}</strong>
      </span>
    </div>
  );
}
