import { signal } from "@preact/signals";
import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Alert, Basis, Evidence } from "../api";
import { crossingWords, evidenceProbability, evidenceWords } from "../evidence";
import { instant, isoShort, probability, span, weekdayAndTime } from "../format";
import { rankedState, withDrafted } from "../inbox";
import { STATE_WORDS, concern, known } from "../states";
import { acknowledge, alerts, nowById, select, selectedId, situation } from "../store";
import { StateMark } from "./StateMark";

const basisShown = signal<Basis | "">("");
const hideAcknowledged = signal(false);
/** The alert that somebody is writing a comment on: it stays in the list even when it closes meanwhile. */
const drafted = signal<Alert | null>(null);

function AcknowledgeForm({ alert, close }: { alert: Alert; close: () => void }) {
  const [comment, setComment] = useState("");
  const [fault, setFault] = useState("");
  const [sending, setSending] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setSending(true);
    acknowledge(alert.alert_id, comment.trim()).then(close, (error: unknown) => {
      setSending(false);
      setFault(`Not acknowledged: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  return (
    <form class="ack-form" onSubmit={submit}>
      <label>
        Comment (who was told, what was decided)
        <textarea rows={2} value={comment} autoFocus onInput={(event) => setComment(event.currentTarget.value)} />
      </label>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class="row">
        <button type="submit" class="button is-main" disabled={sending}>
          Acknowledge
        </button>
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function Acknowledged({ alert }: { alert: Alert }) {
  const [open, setOpen] = useState(false);
  if (alert.acknowledged_at) {
    return (
      <p class="acked">
        Acknowledged by {alert.acknowledged_by ?? "unknown"}, {isoShort(alert.acknowledged_at)}
        {alert.comment ? `: “${alert.comment}”` : ""}
      </p>
    );
  }
  const draft = (writing: boolean): void => {
    drafted.value = writing ? alert : null;
    setOpen(writing);
  };
  if (open) return <AcknowledgeForm alert={alert} close={() => draft(false)} />;
  return (
    <button type="button" class="button small" onClick={() => draft(true)}>
      Acknowledge<span class="spoken"> {alert.station_name}</span>
    </button>
  );
}

/** Evidence as it is now; an alert carries that of its last change of state. */
function presentEvidence(alert: Alert): Evidence {
  const now = nowById.value.get(alert.station_id)?.[alert.basis];
  return now && now.state === alert.state ? now.evidence : alert.evidence;
}

function Chance({ chance }: { chance: number | null }) {
  if (chance === null) return null;
  const { percent, word } = probability(chance);
  return (
    <span class="chance" title={`Probability: ${word}`}>
      {percent}
    </span>
  );
}

/** States as they were and are: "Alert", or "No data, was Alert". */
function stateSentence(alert: Alert): string {
  const word = STATE_WORDS[known(alert.state)].word;
  const highest = known(alert.highest_state);
  return concern(highest) > concern(alert.state) || (alert.state === "no_data" && highest !== "no_data")
    ? `${word}, was ${STATE_WORDS[highest].word.toLowerCase()}`
    : word;
}

interface ItemProps {
  alert: Alert;
  words: string;
  chance: number | null;
  lasting: string;
  selected: boolean;
}

/** Whether nothing that an item shows has changed; the alert itself is a new object after every reading. */
function sameItem(a: ItemProps, b: ItemProps): boolean {
  return (
    a.words === b.words &&
    a.chance === b.chance &&
    a.lasting === b.lasting &&
    a.selected === b.selected &&
    a.alert.state === b.alert.state &&
    a.alert.highest_state === b.alert.highest_state &&
    a.alert.acknowledged_at === b.alert.acknowledged_at
  );
}

const AlertItem = memo(function AlertItem({ alert, words, chance, lasting, selected }: ItemProps) {
  const opened = instant(alert.opened_at);
  const classes = ["alert", `edge-${rankedState(alert)}`, alert.acknowledged_at ? "is-acked" : "", selected ? "is-selected" : ""];
  return (
    <li class={classes.filter(Boolean).join(" ")}>
      <button type="button" class="alert-open" onClick={() => select(alert.station_id)}>
        <StateMark state={alert.state} size={26} />
        <span class="alert-head">
          <span class="alert-name">{alert.station_name}</span>
          <span class="alert-river">{alert.river}</span>
        </span>
        <span class="alert-state">
          <strong>{stateSentence(alert)}</strong>
          <span class={`basis basis-${alert.basis}`}>{alert.basis}</span>
          <Chance chance={chance} />
        </span>
        {words && <span class="alert-words">{words}</span>}
        <span class="alert-time" title={`Opened ${isoShort(alert.opened_at)} Brussels time`}>
          {opened !== null && `since ${weekdayAndTime(opened)}`}
          {lasting}
        </span>
      </button>
      <Acknowledged alert={alert} />
    </li>
  );
}, sameItem);

function itemProps(alert: Alert, now: number | null): ItemProps {
  const evidence = presentEvidence(alert);
  const state = rankedState(alert);
  const opened = instant(alert.opened_at);
  return {
    alert,
    words: [evidenceWords(evidence), crossingWords(evidence, state)].filter(Boolean).join(" "),
    chance: evidenceProbability(evidence, state),
    lasting: now !== null && opened !== null ? `, ${span((now - opened) / 1000)}` : "",
    selected: alert.station_id === selectedId.value,
  };
}

const BASES: readonly { value: Basis | ""; word: string }[] = [
  { value: "", word: "All" },
  { value: "observed", word: "Observed" },
  { value: "forecast", word: "Forecast" },
];

function InboxBar({ open }: { open: readonly Alert[] }) {
  const count = (basis: Basis | ""): number => open.filter((alert) => !basis || alert.basis === basis).length;
  return (
    <div class="inbox-bar">
      <div class="choices" role="group" aria-label="Basis">
        {BASES.map(({ value, word }) => (
          <button key={value} type="button" aria-pressed={basisShown.value === value} onClick={() => (basisShown.value = value)}>
            {word} {count(value)}
          </button>
        ))}
      </div>
      <label>
        <input type="checkbox" checked={hideAcknowledged.value} onChange={(event) => (hideAcknowledged.value = event.currentTarget.checked)} />
        Hide acknowledged
      </label>
    </div>
  );
}

/** Open alerts, most severe first. */
export function Inbox() {
  if (alerts.value === null) return <p class="empty">Reading alerts…</p>;
  const open = withDrafted(alerts.value, drafted.value);
  if (open.length === 0) {
    return (
      <div class="empty">
        <p>
          <strong>No open alert.</strong>
        </p>
        <p>Silent stations are not counted as safe: see Silent stations above.</p>
      </div>
    );
  }
  const shown = open.filter(
    (alert) => (!basisShown.value || alert.basis === basisShown.value) && !(hideAcknowledged.value && alert.acknowledged_at),
  );
  const now = instant(situation.value?.now);
  return (
    <>
      <InboxBar open={open} />
      {shown.length === 0 && <p class="empty">Every open alert is hidden by the choice above.</p>}
      <ol class="scroll inbox" aria-label="Open alerts, most severe first" data-testid="inbox">
        {shown.map((alert) => (
          <AlertItem key={alert.alert_id} {...itemProps(alert, now)} />
        ))}
      </ol>
    </>
  );
}
