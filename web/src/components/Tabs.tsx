import { concern } from "../states";
import { type Tab, alerts, stations, tab } from "../store";

interface TabSpec {
  name: Tab;
  word: string;
  count: number | null;
  urgent: boolean;
}

function specs(): TabSpec[] {
  const open = alerts.value;
  const unseen = open?.filter((alert) => !alert.acknowledged_at).length ?? null;
  const urgent = open?.some((alert) => !alert.acknowledged_at && concern(alert.state) >= concern("pre_alert")) ?? false;
  return [
    { name: "map", word: "Map", count: null, urgent: false },
    { name: "alerts", word: "Alerts", count: unseen, urgent },
    { name: "stations", word: "Stations", count: stations.value.length, urgent: false },
  ];
}

/** The lists beside the map; on a phone the map is a third tab. */
export function Tabs() {
  return (
    <nav class="tabs" aria-label="Views">
      {specs().map(({ name, word, count, urgent }) => (
        <button
          key={name}
          type="button"
          class={`tab tab-${name}`}
          aria-pressed={tab.value === name}
          onClick={() => (tab.value = name)}
        >
          {word}
          {count !== null && <span class={urgent ? "count is-urgent" : "count"}>{count}</span>}
          {name === "alerts" && <span class="spoken"> not acknowledged</span>}
        </button>
      ))}
    </nav>
  );
}
