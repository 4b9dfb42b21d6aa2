/** What is drawn over the curves: thresholds with their origin, the issue time, now. */

import type uPlot from "uplot";
import type { Threshold } from "../api";
import { timeOfDay, withUnit } from "../format";
import { STATE_WORDS } from "../states";
import { colour } from "../theme";

export interface Marks {
  thresholds: readonly Threshold[];
  issuedAt: number | null;
  now: number | null;
}

const font = (): string => `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;

function outlined(pen: CanvasRenderingContext2D, words: string, x: number, y: number, tint: string): void {
  pen.font = font();
  pen.lineWidth = 4 * devicePixelRatio;
  pen.lineJoin = "round";
  pen.strokeStyle = colour("panel");
  pen.strokeText(words, x, y);
  pen.fillStyle = tint;
  pen.fillText(words, x, y);
}

/** "Alert 450 m³/s, official". */
export function thresholdLabel(threshold: Threshold): string {
  const value = withUnit(threshold.value, threshold.unit, threshold.variable);
  return `${STATE_WORDS[threshold.phase].word} ${value}, ${threshold.origin}`;
}

function paintLine(plot: uPlot, threshold: Threshold, y: number): void {
  const { ctx: pen, bbox } = plot;
  const ratio = devicePixelRatio;
  const official = threshold.origin === "official";
  pen.strokeStyle = colour(`state-${threshold.phase}`);
  pen.lineWidth = (official ? 2.2 : 1.5) * ratio;
  pen.setLineDash(official ? [] : [8 * ratio, 5 * ratio]);
  pen.beginPath();
  pen.moveTo(bbox.left, y);
  pen.lineTo(bbox.left + bbox.width, y);
  pen.stroke();
  pen.setLineDash([]);
}

/** Heights for labels that stand above their lines and never on each other; lines come lowest on the screen first. */
export function labelHeights(lines: readonly number[], spacing: number): number[] {
  let last = Number.POSITIVE_INFINITY;
  return lines.map((y) => (last = Math.min(y, last - spacing)));
}

/** Lines with their labels; those above the scale are named at the top. */
function paintThresholds(plot: uPlot, thresholds: readonly Threshold[]): void {
  const { ctx: pen, bbox } = plot;
  const ratio = devicePixelRatio;
  const top = plot.scales["y"]?.max ?? 0;
  const rising = [...thresholds].sort((a, b) => a.value - b.value);
  const seen = rising
    .filter((item) => item.value <= top)
    .map((item) => ({ item, y: Math.round(plot.valToPos(item.value, "y", true)) }))
    .filter(({ y }) => y <= bbox.top + bbox.height);
  for (const { item, y } of seen) paintLine(plot, item, y);
  pen.textAlign = "left";
  const heights = labelHeights(seen.map(({ y }) => y - 5 * ratio), 14 * ratio);
  seen.forEach(({ item }, i) => outlined(pen, thresholdLabel(item), bbox.left + 6 * ratio, heights[i] ?? 0, colour("text")));
  const above = rising.filter((item) => item.value > top).reverse();
  above.forEach((item, i) => {
    outlined(pen, `↑ ${thresholdLabel(item)}`, bbox.left + 6 * ratio, bbox.top + (14 + 16 * i) * ratio, colour("muted"));
  });
}

function paintInstant(plot: uPlot, at: number, words: string, tint: string, dash: number[], line: number): void {
  const { ctx: pen, bbox } = plot;
  const x = Math.round(plot.valToPos(at, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  pen.strokeStyle = tint;
  pen.lineWidth = 1.6 * devicePixelRatio;
  pen.setLineDash(dash.map((part) => part * devicePixelRatio));
  pen.beginPath();
  pen.moveTo(x, bbox.top);
  pen.lineTo(x, bbox.top + bbox.height);
  pen.stroke();
  pen.setLineDash([]);
  pen.font = font();
  const right = x + pen.measureText(words).width + 8 * devicePixelRatio > bbox.left + bbox.width;
  pen.textAlign = right ? "right" : "left";
  const y = bbox.top + (14 + 16 * line) * devicePixelRatio;
  outlined(pen, words, x + (right ? -5 : 5) * devicePixelRatio, y, tint);
}

/** Draw the marks on a plot whose curves stand. */
export function paintMarks(plot: uPlot, { thresholds, issuedAt, now }: Marks): void {
  const { ctx: pen, bbox } = plot;
  pen.save();
  pen.beginPath();
  pen.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  pen.clip();
  paintThresholds(plot, thresholds);
  if (issuedAt !== null) {
    paintInstant(plot, issuedAt, `forecast issued ${timeOfDay(issuedAt * 1000)}`, colour("chart-issue"), [3, 3], 1);
  }
  if (now !== null) paintInstant(plot, now, `now ${timeOfDay(now * 1000)}`, colour("chart-now"), [], 0);
  pen.restore();
}
