import type { LatestValue, Station } from "../api";
import { quantity, variableWord, withUnit } from "../format";
import { STATE_WORDS } from "../states";

const KIND_WORDS: Readonly<Record<Station["kind"], string>> = {
  river: "River gauge",
  pool: "Gauge in a weir pool",
  rain: "Rain gauge",
  dam: "Reservoir gauge",
};

/** A discharge from a level above the highest gauging is an extrapolation, and said to be one. */
function RatingFact({ station, level }: { station: Station; level: number | null }) {
  if (!station.rating) return <>none: discharge is not derived from level here</>;
  const { h_gauged_max_m: highest, confidence } = station.rating;
  return (
    <>
      gauged up to {quantity(highest, "level")} m, confidence {confidence}
      {level !== null && level > highest && (
        <strong class="warn">
          {" "}
          Extrapolated: the level is {quantity(level - highest, "level")} m above the highest gauging.
        </strong>
      )}
    </>
  );
}

function ThresholdFacts({ station }: { station: Station }) {
  if (station.thresholds.length === 0) return <>none: this station cannot raise an alert</>;
  return (
    <ul class="plain">
      {station.thresholds.map((item) => (
        <li key={`${item.variable}${item.phase}${item.origin}${item.value}`}>
          {STATE_WORDS[item.phase].word}, {variableWord(item.variable).toLowerCase()}{" "}
          {withUnit(item.value, item.unit, item.variable)}: <strong>{item.origin}</strong>
          <span class="muted block">
            {item.source} (confidence {item.confidence})
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Where a station's numbers come from and how far to trust them. */
export function StationFacts({ station, latest }: { station: Station; latest: Record<string, LatestValue> }) {
  return (
    <section class="block-section">
      <h3>About this station</h3>
      <dl class="facts">
        <dt>Kind</dt>
        <dd>
          {KIND_WORDS[station.kind] ?? station.kind}
          {station.operator && `, ${station.operator}`} ({station.station_id})
        </dd>
        {station.kind !== "rain" && (
          <>
            <dt>Thresholds</dt>
            <dd>
              <ThresholdFacts station={station} />
            </dd>
            <dt>Rating</dt>
            <dd>
              <RatingFact station={station} level={latest["level"]?.value ?? null} />
            </dd>
          </>
        )}
        <dt>Source</dt>
        <dd>
          {station.source} (confidence {station.confidence})
        </dd>
      </dl>
    </section>
  );
}
