import { nowById, stationById } from "../store";
import { StateTag } from "./StateMark";
import { mainValue } from "./StationList";
import { hovered } from "./hovered";

/** What the pointer is on: name, states and the newest value. */
export function StationTip() {
  const tip = hovered.value;
  const station = tip ? stationById.value.get(tip.stationId) : undefined;
  if (!tip || !station) return null;
  const now = nowById.value.get(station.station_id);
  const value = mainValue(station, now);
  return (
    <div class="tip" style={{ left: `${tip.x}px`, top: `${tip.y}px` }} aria-hidden="true">
      <strong>{station.name}</strong>
      <span class="tip-river">{station.kind === "rain" ? "rain gauge" : station.river}</span>
      <StateTag state={now?.observed?.state} prefix="Observed" />
      {now?.forecast && <StateTag state={now.forecast.state} prefix="Forecast" />}
      {value && <span class="tip-value">{value}</span>}
    </div>
  );
}
