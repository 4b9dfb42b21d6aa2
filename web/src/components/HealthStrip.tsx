import type { ComponentChildren } from "preact";
import { type Level, forecastAge, judge, readingAge, silentStations } from "../ages";
import { span } from "../format";
import { connectionWords } from "../live/feed";
import { connection, eventNow, fault, health, lastRead, situation, tab, wallNow } from "../store";
import { stateFilter } from "./StationList";

const LEVEL_SIGNS: Readonly<Record<Level, string>> = { good: "●", late: "▲", lost: "■" };

function Item({ level, label, children, title }: { level: Level; label: string; children: ComponentChildren; title?: string }) {
  return (
    <li class={`health-item is-${level}`} title={title}>
      <span class="health-sign" aria-hidden="true">
        {LEVEL_SIGNS[level]}
      </span>
      <span class="health-label">{label}</span> <span class="health-value">{children}</span>
    </li>
  );
}

function ConnectionItem() {
  const { kind, minutesOld } = connectionWords(connection.value, lastRead.value, wallNow.value);
  if (kind === "live") return <Item level="good" label="Connection">live</Item>;
  if (kind !== "gone") {
    return <Item level="late" label="Connection">{kind === "starting" ? "connecting…" : "reconnecting…"}</Item>;
  }
  const age = lastRead.value === null ? "nothing was ever received" : `shown state is ${minutesOld} min old`;
  return (
    <Item level="lost" label="Service gone:" title={fault.value ?? ""}>
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
  const now = eventNow.value;
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
