import type { Crossing, ForecastRun } from "../api";
import { leadRange } from "../evidence";
import { dayAndTime, probability, timeOfDay, unitOf, withUnit } from "../format";
import { STATE_WORDS } from "../states";
import { StateMark } from "./StateMark";
import type { SeriesView } from "./useSeries";

function When({ crossing, issued }: { crossing: Crossing; issued: number }) {
  if (!crossing.lead_minutes) return <>not within the horizon</>;
  const [early, middle, late] = crossing.lead_minutes;
  if (late <= 0) return <>already above</>;
  const at = (lead: number): number => issued + lead * 60_000;
  return (
    <>
      <span class="when-range">{leadRange([early, late])}</span>
      <span class="muted">
        {timeOfDay(at(early))}–{timeOfDay(at(late))}, most likely {dayAndTime(at(middle))}
      </span>
    </>
  );
}

const percentOf = (p: number): string => `${Math.round(p * 100)}%`;

function CrossingRow({ crossing, issued }: { crossing: Crossing; issued: number }) {
  const { percent, word } = probability(crossing.probability);
  return (
    <tr>
      <th scope="row">
        <StateMark state={crossing.phase} size={15} /> {STATE_WORDS[crossing.phase].word}{" "}
        {withUnit(crossing.threshold, unitOf(crossing.variable), crossing.variable)}
        <span class="muted block">{crossing.origin}</span>
      </th>
      <td>
        <strong>{percent}</strong>
        <span class="muted block">{word}</span>
        <span class="chance-bar" style={{ "--share": percentOf(crossing.probability) }} aria-hidden="true" />
      </td>
      <td>
        <When crossing={crossing} issued={issued} />
      </td>
    </tr>
  );
}

function PeakLine({ run, variable, unit }: { run: ForecastRun; variable: string; unit: string }) {
  const at = (level: number): number => run.quantile_levels.findIndex((item) => Math.abs(item - level) < 1e-4);
  const [low, middle, high] = [at(0.05), at(0.5), at(0.95)].map((i) => run.peak?.value[i]);
  const lead = run.peak?.lead_minutes[at(0.5)];
  if (middle == null || lead == null) return null;
  const when = dayAndTime(Date.parse(run.issued_at) + lead * 60_000);
  return (
    <p class="peak">
      Highest within the horizon: <strong>{withUnit(middle, unit, variable)}</strong> ({withUnit(low, unit, variable)} to{" "}
      {withUnit(high, unit, variable)} with 90 %), most likely around {when}
    </p>
  );
}

/** How likely each threshold is passed, and when. */
export function CrossingTable({ view }: { view: SeriesView }) {
  const run = view.forecast?.ensemble;
  if (!run || !view.forecast) return null;
  const { variable, unit } = view.forecast;
  const own = run.crossings.filter((crossing) => crossing.variable === variable);
  const issued = Date.parse(run.issued_at);
  return (
    <section class="block-section">
      <h3>Forecast of thresholds</h3>
      <PeakLine run={run} variable={variable} unit={unit} />
      {own.length === 0 ? (
        <p class="muted">No threshold is set for this variable here.</p>
      ) : (
        <table class="table" data-testid="crossings">
          <thead>
            <tr>
              <th scope="col">Threshold</th>
              <th scope="col">Probability</th>
              <th scope="col">When (8 of 10 members)</th>
            </tr>
          </thead>
          <tbody>
            {own.map((crossing) => (
              <CrossingRow key={`${crossing.phase}${crossing.origin}${crossing.threshold}`} crossing={crossing} issued={issued} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
