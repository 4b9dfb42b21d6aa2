import type { StateName } from "../api";
import { INNER, OUTLINES, STATE_WORDS, known } from "../states";

/** The mark of a state: the same shape and colour as on the map. The word stands beside it, so it is hidden from readers. */
export function StateMark({ state, size = 18 }: { state: StateName | null | undefined; size?: number }) {
  const name = known(state);
  const inner = INNER[name];
  return (
    <svg class={`mark mark-${name}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path class="mark-outline" d={OUTLINES[name]} />
      {inner && <path class={inner.filled ? "mark-dot" : "mark-inner"} d={inner.path} />}
    </svg>
  );
}

/** Mark and word together. */
export function StateTag({ state, prefix }: { state: StateName | null | undefined; prefix?: string }) {
  const name = known(state);
  return (
    <span class={`tag tag-${name}`} title={STATE_WORDS[name].meaning}>
      <StateMark state={name} size={15} />
      <span>
        {prefix && <span class="tag-prefix">{prefix} </span>}
        {STATE_WORDS[name].word}
      </span>
    </span>
  );
}
