import type { ChartTable, Column } from "../chart/table";
import { dayAndTime, quantity, unitSign } from "../format";

interface ReadoutProps {
  table: ChartTable;
  index: number | null;
  variable: string;
  unit: string;
}

/** Position of the newest observation, which is read out while the pointer is elsewhere. */
function newest(table: ChartTable): number | null {
  for (let i = table.times.length - 1; i >= 0; i--) {
    if (typeof table.columns.observed[i] === "number") return i;
  }
  return table.times.length ? 0 : null;
}

/** The values at one time, in words under the chart. */
export function Readout({ table, index, variable, unit }: ReadoutProps) {
  const at = index ?? newest(table);
  const time = at === null ? undefined : table.times[at];
  if (at === null || time === undefined) return <p class="readout" />;
  const read = (column: Column): string | null => {
    const value = table.columns[column][at];
    return typeof value === "number" ? quantity(value, variable) : null;
  };
  const range = (low: Column, high: Column): string | null => (read(low) && read(high) ? `${read(low)} to ${read(high)}` : null);
  const items: [string, string | null][] = [
    ["Observed", read("observed")],
    ["Suspect", read("suspect")],
    ["Bad", read("bad")],
    ["Median", read("median")],
    ["25–75 %", range("q25", "q75")],
    ["5–95 %", range("q05", "q95")],
    ["Perfect rain", read("perfect")],
  ];
  return (
    <p class="readout" aria-live="polite" data-testid="readout">
      <strong>{dayAndTime(time * 1000)}</strong>
      {items.map(
        ([word, value]) =>
          value && (
            <span key={word}>
              {word} <b>{value}</b>
            </span>
          ),
      )}
      <span class="muted">{unitSign(unit)}</span>
    </p>
  );
}
