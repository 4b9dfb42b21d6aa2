import { signal } from "@preact/signals";

/** The station under the pointer and where it stands on the map, in pixels. */
export interface Tip {
  stationId: string;
  x: number;
  y: number;
}

export const hovered = signal<Tip | null>(null);
