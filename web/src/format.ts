/** Numbers and times as an operator reads them. Times are shown in Brussels time, UTC beside it where it matters. */

const ZONE = "Europe/Brussels";

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", { hourCycle: "h23", ...options });
}

const TIME: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const localTime = formatter({ ...TIME, timeZone: ZONE });
const utcTime = formatter({ ...TIME, timeZone: "UTC" });
const localDay = formatter({ weekday: "short", day: "numeric", month: "short", timeZone: ZONE });
const localWeekday = formatter({ weekday: "short", timeZone: ZONE });
const localDate = formatter({ weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: ZONE });
const utcDay = formatter({ day: "numeric", month: "short", timeZone: "UTC" });
const zoneName = formatter({ timeZone: ZONE, timeZoneName: "short" });

/** Milliseconds of an ISO time, or null when there is none or it cannot be read. */
export function instant(iso: string | null | undefined): number | null {
  if (!iso) return null;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? null : ms;
}

/** "22:30" in Brussels. */
export const timeOfDay = (ms: number): string => localTime.format(ms);

/** "Wed 14 Jul, 22:30" in Brussels. */
export const dayAndTime = (ms: number): string => `${localDay.format(ms).replace(",", "")}, ${localTime.format(ms)}`;

/** "Wed 22:30" in Brussels, for what happened within days. */
export const weekdayAndTime = (ms: number): string => `${localWeekday.format(ms)} ${localTime.format(ms)}`;

/** "Wed 14 Jul" in Brussels. */
export const dayOnly = (ms: number): string => localDay.format(ms).replace(",", "");

/** The parts of the big clock. */
export function clockParts(ms: number): { date: string; time: string; zone: string; utc: string } {
  const zone = zoneName.formatToParts(ms).find((part) => part.type === "timeZoneName")?.value ?? "";
  return {
    date: localDate.format(ms).replace(",", ""),
    time: localTime.format(ms),
    zone: zone === "GMT+2" ? "CEST" : zone === "GMT+1" ? "CET" : zone,
    utc: `${utcDay.format(ms)} ${utcTime.format(ms)} UTC`,
  };
}

/** Time of an ISO string as "Wed 14 Jul, 22:30", or a dash. */
export function isoShort(iso: string | null | undefined): string {
  const ms = instant(iso);
  return ms === null ? "–" : dayAndTime(ms);
}

/** A span of seconds in the two units that matter: "45 s", "12 min", "3 h 15", "2 d 4 h". */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${String(minutes % 60).padStart(2, "0")}` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

const UNIT_SIGNS: Readonly<Record<string, string>> = {
  "m3/s": "m³/s",
  degC: "°C",
  "uS/cm": "µS/cm",
  pH: "",
};

/** A unit as written for people. */
export const unitSign = (unit: string): string => UNIT_SIGNS[unit] ?? unit;

const UNITS: Readonly<Record<string, string>> = {
  level: "m",
  discharge: "m3/s",
  rain: "mm",
  air_temperature: "degC",
  humidity: "%",
  wind_speed: "m/s",
  turbidity: "NTU",
  ph: "pH",
  conductivity: "uS/cm",
};

/** The unit a variable is kept in, for places where the service sends a bare number. */
export const unitOf = (variable: string): string => UNITS[variable] ?? "";

const VARIABLE_WORDS: Readonly<Record<string, string>> = {
  level: "Level",
  discharge: "Discharge",
  rain: "Rain",
  air_temperature: "Air temperature",
  humidity: "Humidity",
  wind_speed: "Wind",
  turbidity: "Turbidity",
  ph: "pH",
  conductivity: "Conductivity",
};

/** A variable's name in words; one this page does not know keeps its own. */
export const variableWord = (variable: string): string => VARIABLE_WORDS[variable] ?? variable.replaceAll("_", " ");

/** A value with the digits that its size deserves; a value that is not there is said so. */
export function quantity(value: number | null | undefined, variable = ""): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "no value";
  if (variable === "level") return value.toFixed(2);
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** A value with its unit: "3.41 m", "152 m³/s". */
export function withUnit(value: number | null | undefined, unit: string, variable = ""): string {
  return `${quantity(value, variable)} ${unitSign(unit)}`.trim();
}

/** A probability in words and as a number, so that neither stands alone. No ensemble can promise 0 or 100 %. */
export function probability(p: number): { percent: string; word: string } {
  const percent = p < 0.01 ? "< 1 %" : p > 0.99 ? "> 99 %" : `${Math.round(p * 100)} %`;
  const word =
    p >= 0.9 ? "almost certain" : p >= 0.6 ? "likely" : p >= 0.4 ? "even chance" : p >= 0.1 ? "possible" : "unlikely";
  return { percent, word };
}

const plain = (text: string): string => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();

/** Whether every word of a search occurs in the text, accents and case aside ("ambleve" finds Amblève). */
export function matches(text: string, search: string): boolean {
  const hay = plain(text);
  return plain(search)
    .split(/\s+/)
    .every((word) => hay.includes(word));
}
