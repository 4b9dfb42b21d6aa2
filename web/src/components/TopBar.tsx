import { clockParts } from "../format";
import { basin, clock, eventNow, setClock } from "../store";
import { theme, toggleTheme } from "../theme";

const SPEEDS: readonly { value: number; word: string }[] = [
  { value: 1, word: "real time" },
  { value: 60, word: "1 min / s" },
  { value: 300, word: "5 min / s" },
  { value: 900, word: "15 min / s" },
  { value: 1800, word: "30 min / s" },
  { value: 3600, word: "1 h / s" },
  { value: 10800, word: "3 h / s" },
  { value: 1_000_000, word: "fastest" },
];

function EventClock() {
  const now = eventNow.value;
  if (now === null) return <div class="clock" />;
  const parts = clockParts(now);
  return (
    <div class="clock" role="timer" aria-label="Event time">
      <span class="clock-date">{parts.date}</span>
      <time class="clock-time" dateTime={new Date(now).toISOString()}>
        {parts.time}
      </time>
      <span class="clock-zone">
        <span>{parts.zone} Brussels</span>
        <span>{parts.utc}</span>
      </span>
    </div>
  );
}

function Progress({ from, to, now }: { from: string; to: string; now: number }) {
  const share = (now - Date.parse(from)) / (Date.parse(to) - Date.parse(from));
  return (
    <progress class="run-progress" max={1} value={Math.min(1, Math.max(0, share))} aria-label="Part of the event played" />
  );
}

function RunControl() {
  const present = clock.value;
  if (!present || present.mode === "live") return null;
  const listed = SPEEDS.some((speed) => speed.value === present.speed);
  return (
    <div class="run-control" role="group" aria-label="Clock of this run">
      <button
        type="button"
        class="button play"
        aria-pressed={present.playing}
        onClick={() => void setClock({ playing: !present.playing })}
      >
        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
          <path d={present.playing ? "M2 1h3.5v12H2zM8.5 1H12v12H8.5z" : "M2.5 1 12.5 7l-10 6Z"} fill="currentColor" />
        </svg>
        {present.playing ? "Pause" : "Play"}
      </button>
      <label class="speed">
        <span>Speed</span>
        <select
          value={String(present.speed)}
          onChange={(event) => void setClock({ speed: Number(event.currentTarget.value) })}
        >
          {!listed && <option value={String(present.speed)}>{present.speed} ×</option>}
          {SPEEDS.map((speed) => (
            <option key={speed.value} value={String(speed.value)}>
              {speed.word}
            </option>
          ))}
        </select>
      </label>
      {present.starts_at && present.ends_at && (
        <Progress from={present.starts_at} to={present.ends_at} now={Date.parse(present.now)} />
      )}
    </div>
  );
}

export function TopBar() {
  const dark = theme.value === "dark";
  return (
    <div class="topbar">
      <h1 class="product">
        <img src="/favicon.svg" alt="" width="28" height="28" />
        <span>
          HydroNum
          <small>{basin.value?.name ?? ""}</small>
        </span>
      </h1>
      <EventClock />
      <RunControl />
      <button type="button" class="button theme" onClick={toggleTheme} title={`Switch to ${dark ? "light" : "dark"}`}>
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d={dark ? "M8 1.5a6.5 6.5 0 0 1 0 13Z" : "M8 1.5a6.5 6.5 0 0 0 0 13Z"} fill="currentColor" />
        </svg>
        <span class="theme-word">{dark ? "Light" : "Dark"}</span>
      </button>
    </div>
  );
}
