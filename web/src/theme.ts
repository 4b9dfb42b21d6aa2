/** Dark and light: follows the system until somebody chooses. The colours themselves stand in styles/theme.css. */

import { signal } from "@preact/signals";

export type Theme = "dark" | "light";

const KEY = "hydronum.theme";
const LIGHT = "(prefers-color-scheme: light)";

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === "dark" || value === "light" ? value : null;
  } catch {
    return null; // storage may be forbidden; the system's wish then decides
  }
}

const wanted = (): Theme => stored() ?? (matchMedia(LIGHT).matches ? "light" : "dark");

export const theme = signal<Theme>("dark");

function apply(next: Theme): void {
  document.documentElement.dataset["theme"] = next;
  theme.value = next;
}

/** Set the page's theme and follow the system's wish from now on. */
export function startTheme(): void {
  apply(wanted());
  matchMedia(LIGHT).addEventListener("change", () => apply(wanted()));
}

/** Switch between dark and light, and remember it. */
export function toggleTheme(): void {
  const next: Theme = theme.peek() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // not remembered, but switched
  }
  apply(next);
}

/** Read a colour of the present theme by the name of its CSS property, without the leading dashes. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || "#888888";
}
