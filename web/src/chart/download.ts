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
  keys: readonly { words: string; colour: string; look: string }[];
}

interface Line {
  words: string;
  weight: number;
  size: number;
  tint: string;
}

const MARGIN = 16;

/** Break a sentence into lines that fit. */
function wrapped(pen: CanvasRenderingContext2D, words: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of words.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && pen.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Write title, times and label; returns where the next line begins. */
function drawLines(pen: CanvasRenderingContext2D, lines: readonly Line[], width: number): number {
  let y = 8;
  for (const { words, weight, size, tint } of lines) {
    pen.font = `${weight} ${size}px system-ui, sans-serif`;
    pen.fillStyle = colour(tint);
    for (const line of wrapped(pen, words, width - 2 * MARGIN)) {
      y += size + 5;
      pen.fillText(line, MARGIN, y);
    }
  }
  return y;
}

function drawKeys(pen: CanvasRenderingContext2D, keys: Caption["keys"], top: number): number {
  pen.font = "400 13px system-ui, sans-serif";
  let x = MARGIN;
  const y = top + 22;
  for (const key of keys) {
    pen.fillStyle = colour(key.colour);
    if (key.look === "dash") {
      pen.fillRect(x, y - 6, 8, 3);
      pen.fillRect(x + 12, y - 6, 8, 3);
    } else {
      pen.fillRect(x, y - (key.look === "band" ? 10 : 6), 20, key.look === "band" ? 11 : 3);
    }
    pen.fillStyle = colour("text");
    pen.fillText(key.words, x + 26, y);
    x += 26 + pen.measureText(key.words).width + 18;
  }
  return y;
}

const CAPTION_HEIGHT = 132;

/** Save a chart's canvas as PNG with caption and keys above it. `ratio` is the chart's pixels a CSS pixel. */
export function savePicture(chart: HTMLCanvasElement, ratio: number, caption: Caption, name: string): void {
  const canvas = document.createElement("canvas");
  canvas.width = chart.width;
  canvas.height = chart.height + CAPTION_HEIGHT * ratio;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = colour("panel");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.save();
  pen.scale(ratio, ratio);
  const lines: Line[] = [
    { words: caption.title, weight: 700, size: 18, tint: "text" },
    { words: caption.subtitle, weight: 400, size: 13, tint: "muted" },
    { words: caption.label, weight: 700, size: 13, tint: "text" },
  ];
  drawKeys(pen, caption.keys, drawLines(pen, lines.filter((line) => line.words), canvas.width / ratio));
  pen.restore();
  pen.drawImage(chart, 0, CAPTION_HEIGHT * ratio);
  canvas.toBlob((blob) => blob && saveBlob(blob, name), "image/png");
}
