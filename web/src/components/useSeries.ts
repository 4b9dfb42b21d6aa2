import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { ApiError, type ForecastSeries, type ObservedSeries, api } from "../api";
import { RefreshGate } from "../live/refresh";
import { eventNow, forecastSeen, readingsSeen } from "../store";

export interface SeriesView {
  observed: ObservedSeries | null;
  forecast: ForecastSeries | null;
  fault: string;
}

const NOTHING: SeriesView = { observed: null, forecast: null, fault: "" };
const INTERVAL_MS = 900;

function since(hours: number): { from?: string } {
  const now = eventNow.peek();
  return now === null ? {} : { from: new Date(now - hours * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z") };
}

/** A station without a forecast of this variable answers 404; that is an answer, not a fault. */
function absentIsNull(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}

/** Observations and forecast of one series, read again when the service says that they changed. */
export function useSeries(stationId: string, variable: string, hours: number): SeriesView {
  const [view, setView] = useState<SeriesView>(NOTHING);
  useEffect(() => {
    const stop = new AbortController();
    setView(NOTHING);
    const gate = new RefreshGate<"observed" | "forecast">(async (topics) => {
      try {
        const [observed, forecast] = await Promise.all([
          topics.has("observed") ? api.observations(stationId, variable, since(hours), stop.signal) : undefined,
          topics.has("forecast") ? api.forecast(stationId, variable, stop.signal).catch(absentIsNull) : undefined,
        ]);
        if (stop.signal.aborted) return;
        setView((old) => ({
          observed: observed ?? old.observed,
          forecast: forecast === undefined ? old.forecast : forecast,
          fault: "",
        }));
      } catch (error) {
        if (!stop.signal.aborted) setView((old) => ({ ...old, fault: error instanceof Error ? error.message : String(error) }));
      }
    }, INTERVAL_MS);
    const stops = [
      effect(() => {
        readingsSeen.value;
        gate.request("observed");
      }),
      effect(() => {
        forecastSeen.value;
        gate.request("forecast");
      }),
    ];
    return () => {
      stop.abort();
      gate.cancel();
      for (const end of stops) end();
    };
  }, [stationId, variable, hours]);
  return view;
}
