import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { RiverMap } from "../map/map";
import { basin, nowById, select, selectedId, situation, stations, tab } from "../store";
import { theme } from "../theme";
import { Legend } from "./Legend";
import { StationTip } from "./StationTip";
import { hovered } from "./hovered";

const MISSING = "The map cannot be drawn in this browser (WebGL is missing). The station list shows the same.";

/** Load MapLibre after the lists are painted, and keep the map in step with the signals from then on. */
async function startMap(container: HTMLElement): Promise<() => void> {
  const { RiverMap } = await import("../map/map");
  const map: RiverMap = await RiverMap.create(container, {
    select,
    hover: (tip) => (hovered.value = tip),
  });
  const stops = [
    effect(() => {
      const summary = basin.value;
      if (summary) map.setBounds(summary.bbox);
    }),
    effect(() => map.setStations(stations.value, nowById.value)),
    effect(() => map.setReaches(situation.value?.reaches ?? [])),
    effect(() => {
      stations.value; // a shared address may name a station before the list is there
      map.setSelected(selectedId.value);
    }),
    effect(() => {
      theme.value;
      map.recolour();
    }),
    effect(() => {
      tab.value; // on a phone the map is hidden behind the other tabs
      requestAnimationFrame(() => map.resize());
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    map.remove();
  };
}

export function MapPane() {
  const container = useRef<HTMLDivElement>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    let stop: (() => void) | null = null;
    let gone = false;
    const element = container.current;
    if (!element) return undefined;
    startMap(element).then(
      (stopper) => {
        if (gone) stopper();
        else stop = stopper;
      },
      (error: unknown) => {
        console.error(error);
        setFault(MISSING);
      },
    );
    return () => {
      gone = true;
      stop?.();
    };
  }, []);
  return (
    <section class="map-pane" aria-label="Map of rivers and stations">
      <div ref={container} class="map" data-testid="map" />
      {fault && <p class="map-fault">{fault}</p>}
      <StationTip />
      <Legend />
    </section>
  );
}
