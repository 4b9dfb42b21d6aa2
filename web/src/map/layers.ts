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
      reaches: { ...empty, promoteId: "reach_id" },
      stations: { ...empty, promoteId: "station_id" },
    },
    layers: layers(),
  };
}

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
        "line-color": colour("map-halo"),
        "line-width": riverWidth(2),
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

function labelLayers(): LayerSpecification[] {
  return [
    {
      id: "river-names",
      type: "symbol",
      source: "reaches",
      filter: ["in", ["get", "size_class"], ["literal", ["main stem", "large river", "medium river", "small river"]]],
      layout: {
        "symbol-placement": "line-center",
        "text-field": ["get", "river"],
        "text-font": ["sans-serif"],
        "text-size": ["interpolate", ["linear"], ["zoom"], 7, 11, 12, 14],
        "text-offset": [0, -0.8],
        "text-padding": 30,
        "text-letter-spacing": 0.06,
        "symbol-sort-key": ["match", ["get", "size_class"], "main stem", 0, "large river", 1, "medium river", 2, 3],
      },
      paint: {
        "text-color": colour("map-river-text"),
        "text-halo-color": colour("map-halo"),
        "text-halo-width": 1.4,
      },
    },
    {
      id: "towns",
      type: "symbol",
      source: "towns",
      layout: {
        "text-field": ["get", "name"],
        "text-font": ["sans-serif"],
        "text-size": ["interpolate", ["linear"], ["zoom"], 7, ["case", [">", ["get", "population"], 90000], 14, 12], 12, 16],
        "text-padding": 6,
        "symbol-sort-key": ["-", 0, ["get", "population"]],
      },
      paint: { "text-color": colour("map-text"), "text-halo-color": colour("map-halo"), "text-halo-width": 1.6 },
    },
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
        "icon-ignore-placement": true,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 7, ["get", "small"], 10, 0.9, 13, 1.1],
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
