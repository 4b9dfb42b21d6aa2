import type { LatestValue, Station } from "../api";
import { isoShort, span, variableWord, withUnit } from "../format";
import { FLAG_WORDS } from "../states";

function LatestRow({ variable, latest }: { variable: string; latest: LatestValue | undefined }) {
  if (!latest) {
    return (
      <tr>
        <th scope="row">{variableWord(variable)}</th>
        <td colSpan={3} class="muted">
          nothing received yet
        </td>
      </tr>
    );
  }
  return (
    <tr class={`flag-${latest.flag}`}>
      <th scope="row">{variableWord(variable)}</th>
      <td class="number">{withUnit(latest.value, latest.unit, variable)}</td>
      <td>
        {isoShort(latest.observed_at)}
        <span class="muted block">{span(latest.age_s)} old</span>
      </td>
      <td>{FLAG_WORDS[latest.flag] ?? latest.flag}</td>
    </tr>
  );
}

/** The newest value of every variable, by the time it was measured. */
export function LatestTable({ station, latest }: { station: Station; latest: Record<string, LatestValue> }) {
  return (
    <section class="block-section">
      <h3>Newest values</h3>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Variable</th>
            <th scope="col">Value</th>
            <th scope="col">Measured</th>
            <th scope="col">Quality</th>
          </tr>
        </thead>
        <tbody>
          {station.variables.map((variable) => (
            <LatestRow key={variable} variable={variable} latest={latest[variable]} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
