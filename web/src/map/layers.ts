/** The map's layers, from the colours of the present theme. Rivers take their colour from feature state alone. */

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { colour } from "../theme";

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

/** Sources without anything in them yet; map.ts fills them. No glyphs are named, so text uses the system's fonts. */
export function emptyStyle(): StyleSpecification {
  const empty = { type: "geojson", data: EMPTY } as const;
  return {
    version: 8,
    sources: {
      provinces: { ...empty },
      communes: { ...empty },
      towns: { ...empty },
      "river-names": { ...empty },
      reaches: { ...empty, promoteId: "reach_id" },
      stations: { ...empty, promoteId: "station_id" },
    },
    layers: layers(),
  };
}

const MAIN_RIVERS = 9; // by length in the region
const CITY_POPULATION = 55_000;

const RIVER_STATE: ExpressionSpecification = ["coalesce", ["feature-state", "state"], "no_data"];

const WIDTH_BY_CLASS: ExpressionSpecification = [
  "match",
  ["get", "size_class"],
  "main stem",
  4.4,
  "large river",
  3.2,
  "medium river",
  2.4,
  "small river",
  1.7,
  "stream",
  1.2,
  0.9,
];

/** Width grows with the river and with its state, so that a flood shows without colour too. */
function riverWidth(extra: number): ExpressionSpecification {
  const byState: ExpressionSpecification = ["match", RIVER_STATE, "alert", 2.6, "pre_alert", 1.8, "watch", 1, 0];
  const width: ExpressionSpecification = ["+", WIDTH_BY_CLASS, byState, extra];
  return ["interpolate", ["linear"], ["zoom"], 6, ["*", width, 0.6], 9, width, 13, ["*", width, 2.2]];
}

function riverColour(): ExpressionSpecification {
  return [
    "match",
    RIVER_STATE,
    "alert",
    colour("state-alert"),
    "pre_alert",
    colour("state-pre_alert"),
    "watch",
    colour("state-watch"),
    "none",
    colour("map-river-none"),
    "no_threshold",
    colour("map-river-no_threshold"),
    colour("map-river-unknown"),
  ];
}

function baseLayers(): LayerSpecification[] {
  return [
    { id: "outside", type: "background", paint: { "background-color": colour("map-outside") } },
    { id: "land", type: "fill", source: "communes", paint: { "fill-color": colour("map-land") } },
    {
      id: "commune-borders",
      type: "line",
      source: "communes",
      paint: { "line-color": colour("map-border"), "line-width": ["interpolate", ["linear"], ["zoom"], 7, 0.4, 11, 1.2] },
    },
    {
      id: "province-borders",
      type: "line",
      source: "provinces",
      paint: {
        "line-color": colour("map-province"),
        "line-width": ["interpolate", ["linear"], ["zoom"], 6, 0.8, 11, 2],
        "line-dasharray": [5, 3],
      },
    },
  ];
}

function riverLayers(): LayerSpecification[] {
  const unknown: ExpressionSpecification = ["==", RIVER_STATE, "no_data"];
  return [
    {
      id: "river-casing",
      type: "line",
      source: "reaches",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": colour("map-casing"),
        "line-width": riverWidth(1.8),
        "line-opacity": ["match", RIVER_STATE, ["alert", "pre_alert", "watch"], 0.9, 0],
      },
    },
    {
      id: "rivers",
      type: "line",
      source: "reaches",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": riverColour(), "line-width": riverWidth(0), "line-opacity": ["case", unknown, 0, 1] },
    },
    {
      id: "rivers-unknown",
      type: "line",
      source: "reaches",
      paint: {
        "line-color": colour("map-river-unknown"),
        "line-width": riverWidth(0),
        "line-dasharray": [2, 1.6],
        "line-opacity": ["case", unknown, 0.85, 0],
      },
    },
  ];
}

type SymbolLayer = Extract<LayerSpecification, { type: "symbol" }>;

/** Main names always show, unless the region is so small on the screen that they would cover each other. */
function overlap(main: boolean): NonNullable<NonNullable<SymbolLayer["layout"]>["text-overlap"]> {
  return main ? ["step", ["zoom"], "never", 7, "always"] : "never";
}

/** Names of rivers along them. The main ones always show, under the marks; the others where there is room. */
function riverNames(id: string, main: boolean): SymbolLayer {
  return {
    id,
    type: "symbol",
    source: "river-names",
    filter: [main ? "<" : ">=", ["get", "rank"], MAIN_RIVERS],
    minzoom: main ? 0 : 8,
    layout: {
      "text-field": ["get", "name"],
      "text-font": ["sans-serif"],
      "text-size": ["interpolate", ["linear"], ["zoom"], 7, main ? 12.5 : 11.5, 12, 15],
      "text-rotate": ["get", "angle"],
      "text-rotation-alignment": "map",
      "text-offset": [0, -0.95],
      "text-padding": 3,
      "text-letter-spacing": 0.05,
      "text-overlap": overlap(main),
      "symbol-sort-key": ["get", "rank"],
    },
    paint: {
      "text-color": colour("map-river-text"),
      "text-halo-color": colour("map-halo"),
      "text-halo-width": 1.4,
    },
  };
}

function townNames(id: string, main: boolean): SymbolLayer {
  return {
    id,
    type: "symbol",
    source: "towns",
    filter: [main ? ">=" : "<", ["get", "population"], CITY_POPULATION],
    minzoom: main ? 0 : 7.2,
    layout: {
      "text-field": ["get", "name"],
      "text-font": ["sans-serif"],
      "text-size": ["interpolate", ["linear"], ["zoom"], 7, main ? 14 : 12, 12, main ? 18 : 15],
      "text-padding": 4,
      "text-variable-anchor": ["top", "bottom", "left", "right"],
      "text-radial-offset": 0.55,
      "text-overlap": overlap(main),
      "symbol-sort-key": ["-", 0, ["get", "population"]],
    },
    paint: { "text-color": colour("map-text"), "text-halo-color": colour("map-halo"), "text-halo-width": 1.6 },
  };
}

function labelLayers(): LayerSpecification[] {
  return [
    townNames("towns", false),
    riverNames("rivers-named", false),
    riverNames("main-rivers-named", true),
    townNames("cities", true),
  ];
}

function stationLayers(): LayerSpecification[] {
  return [
    {
      id: "station-selected",
      type: "circle",
      source: "stations",
      filter: ["==", ["get", "station_id"], ""],
      paint: {
        "circle-radius": 20,
        "circle-color": "rgba(0, 0, 0, 0)",
        "circle-stroke-color": colour("selected"),
        "circle-stroke-width": 3,
      },
    },
    {
      id: "stations",
      type: "symbol",
      source: "stations",
      layout: {
        "icon-image": ["get", "mark"],
        "icon-allow-overlap": true,
        "icon-ignore-placement": false, // names keep clear of marks
        "icon-padding": 0,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 6, ["*", 0.7, ["get", "small"]], 7.2, ["get", "small"], 10, 0.9, 13, 1.1],
        "symbol-sort-key": ["get", "rank"], // the most severe is drawn last, on top
      },
    },
    {
      id: "station-names",
      type: "symbol",
      source: "stations",
      minzoom: 9.2,
      layout: {
        "text-field": ["get", "name"],
        "text-font": ["sans-serif"],
        "text-size": 12,
        "text-anchor": "left",
        "text-offset": [1.4, 0],
        "symbol-sort-key": ["-", 0, ["get", "rank"]],
      },
      paint: { "text-color": colour("text"), "text-halo-color": colour("map-halo"), "text-halo-width": 1.6 },
    },
  ];
}

/** All layers from the ground up. */
export function layers(): LayerSpecification[] {
  return [...baseLayers(), ...riverLayers(), ...labelLayers(), ...stationLayers()];
}
