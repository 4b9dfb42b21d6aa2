import { useEffect } from "preact/hooks";
import { announcement, basin, fault, runLabel, select, selectedId, situation, stationById, tab } from "../store";
import { Banner } from "./Banner";
import { HealthStrip } from "./HealthStrip";
import { Inbox } from "./Inbox";
import { MapPane } from "./MapPane";
import { StationList } from "./StationList";
import { StationPane } from "./StationPane";
import { Tabs } from "./Tabs";
import { TopBar } from "./TopBar";

function useEscapeToClose(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && selectedId.peek() && !event.defaultPrevented) select(null);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** Shown until the first state has come, and when it never does. */
function Waiting() {
  return (
    <div class="waiting" role="status">
      <p class="waiting-title">{fault.value ? "Nothing to show yet" : "Reading the state of the rivers…"}</p>
      {fault.value && <p>{fault.value} Trying again by itself.</p>}
    </div>
  );
}

function Lists() {
  if (situation.value === null || basin.value === null) return <Waiting />;
  return tab.value === "stations" ? <StationList /> : <Inbox />;
}

export function App() {
  useEscapeToClose();
  const selected = selectedId.value;
  const station = selected === null ? undefined : stationById.value.get(selected);
  const classes = ["app", `on-${tab.value}`, selected ? "with-station" : "", runLabel.value ? "labelled" : ""];
  return (
    <div class={classes.filter(Boolean).join(" ")}>
      <header>
        <TopBar />
        <Banner />
        <HealthStrip />
      </header>
      <main class="stage">
        <aside class="side" aria-label="Alerts and stations">
          <Tabs />
          <Lists />
        </aside>
        <MapPane />
        {selected && <StationPane key={selected} stationId={selected} station={station} />}
      </main>
      <div class="spoken" aria-live="assertive" aria-atomic="true">
        {announcement.value}
      </div>
    </div>
  );
}
