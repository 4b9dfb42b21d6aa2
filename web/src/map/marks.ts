/** Station marks drawn on a canvas: observed state as the mark, forecast state as a ring around it. */

import type { StateName } from "../api";
import { INNER, OUTLINES, STATES, isPhase } from "../states";
import { colour } from "../theme";

export const MARK_RATIO = 2;
const BOX = 40; // CSS pixels; the mark itself takes the inner 24
const MARK_SCALE: Readonly<Record<StateName, number>> = {
  alert: 0.92,
  pre_alert: 0.9,
  watch: 0.82,
  none: 0.8,
  no_data: 0.66,
  no_threshold: 0.72,
};

// The ring's dashes tell the phase without colour: dotted, dashed, whole.
const RING: Readonly<Partial<Record<StateName, { dash: number[]; width: number }>>> = {
  alert: { dash: [], width: 3.2 },
  pre_alert: { dash: [7, 3.2], width: 2.8 },
  watch: { dash: [2.4, 2.8], width: 2.4 },
};

export const markName = (observed: StateName, forecast: StateName): string =>
  `mark/${observed}/${isPhase(forecast) ? forecast : "none"}`;

function drawRing(pen: CanvasRenderingContext2D, forecast: StateName): void {
  const ring = RING[forecast];
  if (!ring) return;
  const circle = new Path2D();
  circle.arc(0, 0, 15.5, 0, 2 * Math.PI);
  pen.setLineDash([]);
  pen.lineWidth = ring.width + 3;
  pen.strokeStyle = colour("map-halo");
  pen.stroke(circle);
  pen.setLineDash(ring.dash);
  pen.lineWidth = ring.width + 1.3;
  pen.strokeStyle = colour("map-casing");
  pen.stroke(circle);
  pen.lineWidth = ring.width;
  pen.strokeStyle = colour(`state-${forecast}`);
  pen.stroke(circle);
  pen.setLineDash([]);
}

function drawMark(pen: CanvasRenderingContext2D, state: StateName): void {
  const outline = new Path2D(OUTLINES[state]);
  const inner = INNER[state];
  const hollow = state === "no_data" || state === "no_threshold";
  const tint = colour(`state-${state}`);
  const scale = MARK_SCALE[state];
  pen.scale(scale, scale);
  pen.translate(-12, -12);
  pen.lineJoin = "round";
  pen.lineCap = hollow ? "butt" : "round";
  pen.strokeStyle = colour("map-halo");
  pen.lineWidth = 5;
  pen.stroke(outline);
  pen.fillStyle = hollow ? colour("map-halo") : tint;
  pen.fill(outline);
  if (inner) {
    const path = new Path2D(inner.path);
    pen.strokeStyle = pen.fillStyle = hollow ? tint : colour("state-ink");
    pen.lineWidth = hollow ? 1.4 : 2.6;
    if (inner.filled) pen.fill(path);
    else pen.stroke(path);
  }
  pen.strokeStyle = hollow ? tint : colour("mark-edge");
  pen.lineWidth = hollow ? 2.2 : 1.4;
  if (state === "no_data") pen.setLineDash([3.4, 2]);
  pen.stroke(outline);
}

function draw(observed: StateName, forecast: StateName): ImageData {
  const side = BOX * MARK_RATIO;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser cannot draw on a canvas");
  pen.scale(MARK_RATIO, MARK_RATIO);
  pen.translate(BOX / 2, BOX / 2);
  drawRing(pen, forecast);
  drawMark(pen, observed);
  return pen.getImageData(0, 0, side, side);
}

/** Every mark of the present theme, by name. */
export function allMarks(): ReadonlyMap<string, ImageData> {
  const marks = new Map<string, ImageData>();
  for (const observed of STATES) {
    for (const forecast of ["none", "watch", "pre_alert", "alert"] as const) {
      marks.set(markName(observed, forecast), draw(observed, forecast));
    }
  }
  return marks;
}
