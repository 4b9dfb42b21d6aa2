/** Hands files to the browser's downloads: CSV as text, the chart as a picture with its title and label. */

import { colour } from "../theme";

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const saveText = (text: string, name: string): void => saveBlob(new Blob([text], { type: "text/csv;charset=utf-8" }), name);

export interface Caption {
  title: string;
  subtitle: string;
  /** Shown in the picture whenever the run is a reconstruction. */
  label: string;
  keys: readonly { words: string; colour: string; dash?: boolean }[];
}

function write(pen: CanvasRenderingContext2D, words: string, x: number, y: number, font: string, tint: string): number {
  pen.font = font;
  pen.fillStyle = tint;
  pen.fillText(words, x, y);
  return pen.measureText(words).width;
}

function drawCaption(pen: CanvasRenderingContext2D, caption: Caption, ratio: number): void {
  const font = (weight: number, size: number): string => `${weight} ${size * ratio}px system-ui, sans-serif`;
  write(pen, caption.title, 14 * ratio, 26 * ratio, font(700, 17), colour("text"));
  write(pen, caption.subtitle, 14 * ratio, 46 * ratio, font(400, 12), colour("muted"));
  if (caption.label) write(pen, caption.label, 14 * ratio, 64 * ratio, font(700, 12), colour("text"));
  let x = 14 * ratio;
  for (const key of caption.keys) {
    pen.fillStyle = colour(key.colour);
    pen.fillRect(x, 78 * ratio, 16 * ratio, 4 * ratio);
    x += 21 * ratio;
    x += write(pen, key.words, x, 84 * ratio, font(400, 11), colour("text")) + 14 * ratio;
  }
}

/** Save a chart's canvas as PNG with caption and keys above it. */
export function savePicture(chart: HTMLCanvasElement, caption: Caption, name: string): void {
  const ratio = devicePixelRatio;
  const top = 94 * ratio;
  const canvas = document.createElement("canvas");
  canvas.width = chart.width;
  canvas.height = chart.height + top;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = colour("panel");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  drawCaption(pen, caption, ratio);
  pen.drawImage(chart, 0, top);
  canvas.toBlob((blob) => blob && saveBlob(blob, name), "image/png");
}
