import type { ComponentChildren } from "preact";
import { type Level, forecastAge, judge, readingAge, silentStations } from "../ages";
import { instant, span } from "../format";
import { connectionWords } from "../live/feed";
import { connection, fault, health, lastRead, situation, tab, wallNow } from "../store";
import { stateFilter } from "./StationList";

const LEVEL_SIGNS: Readonly<Record<Level, string>> = { good: "●", late: "▲", lost: "■" };

interface ItemProps {
  level: Level;
  label: string;
  children: ComponentChildren;
  title?: string;
  loud?: boolean;
}

function Item({ level, label, children, title, loud }: ItemProps) {
  return (
    <li class={`health-item is-${level} ${loud ? "is-loud" : ""}`} title={title}>
      <span class="health-sign" aria-hidden="true">
        {LEVEL_SIGNS[level]}
      </span>
      <span class="health-label">{label}</span> <span class="health-value">{children}</span>
    </li>
  );
}

function ConnectionItem() {
  const { kind, secondsOld } = connectionWords(connection.value, lastRead.value, wallNow.value);
  if (kind === "live") return <Item level="good" label="Connection">live</Item>;
  if (kind !== "gone") {
    return <Item level="late" label="Connection">{kind === "starting" ? "connecting…" : "reconnecting…"}</Item>;
  }
  const age = lastRead.value === null ? "nothing was ever received" : `shown state is ${span(secondsOld)} old`;
  return (
    <Item level="lost" label="Service gone:" loud title={fault.value ?? ""}>
      {age}
    </Item>
  );
}

function SilentItem({ count }: { count: number }) {
  const show = (): void => {
    tab.value = "stations";
    stateFilter.value = "no_data";
  };
  return (
    <Item level={count === 0 ? "good" : "late"} label="Silent stations">
      {count === 0 ? (
        "0"
      ) : (
        <button type="button" class="link" onClick={show} title="Show them in the list">
          {count}
        </button>
      )}
    </Item>
  );
}

function ServiceItem() {
  const report = health.value;
  if (!report || report.status === "ok") return null;
  const detail = report.detail.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("; ");
  return (
    <Item level="late" label="Service">
      degraded{detail && `: ${detail}`}
    </Item>
  );
}

/** Whether the system itself can see: always in view. */
export function HealthStrip() {
  const state = situation.value;
  const now = instant(state?.now); // ages of the state as it was read; the clock above may have moved on
  const data = state && now !== null ? readingAge(state, now) : null;
  const forecast = state && now !== null ? forecastAge(state, now) : null;
  return (
    <ul class="health" aria-label="Health of the system">
      <ConnectionItem />
      {state && (
        <>
          <Item level={judge(data, 1800, 5400)} label="Newest reading">
            {data === null ? "none yet" : `${span(data)} ago`}
          </Item>
          <Item level={forecast === null ? "late" : judge(forecast, 2700, 7200)} label="Newest forecast">
            {forecast === null ? "none yet" : `${span(forecast)} ago`}
          </Item>
          <SilentItem count={silentStations(state)} />
          <Item level={state.dead_letters > 0 ? "late" : "good"} label="Refused messages" title="Messages that could not be read, kept with their reason">
            {state.dead_letters}
          </Item>
        </>
      )}
      <ServiceItem />
      {fault.value && connection.value.kind === "up" && <Item level="late" label="Fault">{fault.value}</Item>}
    </ul>
  );
}
