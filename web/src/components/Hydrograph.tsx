import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Threshold } from "../api";
import { type ChartSetup, chartOptions } from "../chart/options";
import type { Marks } from "../chart/paint";
import { COLUMNS, type ChartTable, chartTable } from "../chart/table";
import { theme } from "../theme";
import { Readout } from "./Readout";
import type { SeriesView } from "./useSeries";

interface HydrographProps {
  view: SeriesView;
  variable: string;
  unit: string;
  thresholds: readonly Threshold[];
  nowMs: number | null;
  /** Gives a way to draw the same chart for export, at its own size. */
  onPlot: (draw: DrawForExport | null) => void;
}

export type DrawForExport = () => Promise<HTMLCanvasElement>;

const EXPORT_SIZE = { width: 1200, height: 520 };

/** A third of the window, within limits; styles/station.css keeps the same room before the chart is there. */
const chartHeight = (): number => Math.round(Math.min(420, Math.max(270, innerHeight * 0.34)));

const plotData = (table: ChartTable): uPlot.AlignedData => [table.times, ...COLUMNS.map((column) => table.columns[column])];

/** Arrow keys move the reading line, so that values can be read without a pointer. */
function moveCursor(plot: uPlot | null, event: KeyboardEvent): void {
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
  if (!plot || step === undefined) return;
  event.preventDefault();
  const times = plot.data[0];
  const at = Math.min(times.length - 1, Math.max(0, (plot.cursor.idx ?? times.length - 1) + step));
  plot.setCursor({ left: plot.valToPos(times[at] ?? 0, "x"), top: plot.height / 3 });
}

/** Draw a chart of full size out of sight and hand over its canvas. */
async function drawApart(setup: Omit<ChartSetup, "width" | "height" | "onCursor">, data: uPlot.AlignedData): Promise<HTMLCanvasElement> {
  const holder = document.createElement("div");
  const plot = new uPlot(chartOptions({ ...setup, ...EXPORT_SIZE, onCursor: () => undefined }), data, holder);
  await new Promise((resolve) => setTimeout(resolve)); // uPlot draws in a microtask
  const { canvas } = plot.ctx;
  plot.destroy();
  return canvas;
}

/** A plot that lives as long as variable and theme do; new values only replace its data. */
function usePlot(props: HydrographProps, table: ChartTable, onCursor: (index: number | null) => void) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef<Marks>({ thresholds: [], issuedAt: null, now: null });
  const issued = props.view.forecast?.ensemble?.issued_at;
  latest.current = {
    thresholds: props.thresholds,
    issuedAt: issued ? Date.parse(issued) / 1000 : null,
    now: props.nowMs === null ? null : props.nowMs / 1000,
  };
  const { variable, unit, onPlot } = props;
  const dark = theme.value;
  useEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const options = chartOptions({ variable, unit, width: element.clientWidth, height: chartHeight(), marks: () => latest.current, onCursor });
    const made = new uPlot(options, plotData(table), element);
    plot.current = made;
    const marks = (): Marks => latest.current;
    onPlot(() => drawApart({ variable, unit, marks }, made.data));
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: chartHeight() }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      onPlot(null);
      made.destroy();
      plot.current = null;
    };
  }, [variable, unit, dark]);
  useEffect(() => plot.current?.setData(plotData(table)), [table]);
  useEffect(() => plot.current?.redraw(false), [props.nowMs, props.thresholds]);
  return { holder, plot };
}

/** Observations, forecast band and thresholds of one variable on one time axis. */
export function Hydrograph(props: HydrographProps) {
  const { observed, forecast } = props.view;
  const table = useMemo(() => chartTable(observed, forecast), [observed, forecast]);
  const [cursor, setCursor] = useState<number | null>(null);
  const { holder, plot } = usePlot(props, table, setCursor);
  return (
    <div class="hydrograph">
      <div
        ref={holder}
        class="plot"
        tabIndex={0}
        role="img"
        aria-label="Hydrograph. Left and right arrow keys read values; drag to zoom, double click to see all."
        data-testid="hydrograph"
        onKeyDown={(event) => moveCursor(plot.current, event)}
      />
      <Readout table={table} index={cursor} variable={props.variable} unit={props.unit} />
    </div>
  );
}
