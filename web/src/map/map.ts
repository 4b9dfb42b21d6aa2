/** The map itself: created once, then only its sources and feature states change. */

import "maplibre-gl/dist/maplibre-gl.css";
import { type GeoJSONSource, Map as MapLibreMap, type MapMouseEvent, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { type ReachNow, type Station, type StationNow, api } from "../api";
import { known } from "../states";
import { riverNames, stationPoints, townPoints } from "./features";
import { emptyStyle, layers } from "./layers";
import { MARK_RATIO, allMarks } from "./marks";

setWorkerUrl(new URL(workerUrl, location.href).href);

export interface MapCallbacks {
  select: (stationId: string | null) => void;
  hover: (tip: { stationId: string; x: number; y: number } | null) => void;
}

const TOWNS_NAMED = 60;
const TOUCH_PX = 7;
const SETTLE_MS = 120;

export class RiverMap {
  private bounds: [number, number, number, number] | null = null;
  private fitted = false;
  private reachStates = new Map<string, string>();
  private drawn = "";
  private selected: string | null = null;
  private positions = new Map<string, [number, number]>();

  private constructor(
    private readonly map: MapLibreMap,
    private readonly callbacks: MapCallbacks,
  ) {}

  /** Make the map and start filling it; resolves when layers may be changed. */
  static async create(container: HTMLElement, callbacks: MapCallbacks): Promise<RiverMap> {
    const map = new MapLibreMap({
      container,
      style: emptyStyle(),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
      minZoom: 6,
      maxZoom: 14,
      center: [4.9, 50.2],
      zoom: 7.4,
      fadeDuration: 0,
    });
    map.touchZoomRotate.disableRotation();
    await new Promise<void>((resolve) => map.once("style.load", () => resolve()));
    const self = new RiverMap(map, callbacks);
    self.addMarks();
    self.addControls();
    self.listen();
    self.loadGeometry();
    return self;
  }

  /** Fit the region once; afterwards the view belongs to the operator. */
  setBounds(bounds: readonly [number, number, number, number]): void {
    this.bounds = [...bounds];
    this.fit();
  }

  /** Put stations and their marks on the map, if anything about them changed. */
  setStations(stations: readonly Station[], now: ReadonlyMap<string, StationNow>): void {
    const points = stationPoints(stations, now);
    const drawn = JSON.stringify(points.features.map((feature) => feature.properties));
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.positions = new Map(
      points.features.map((feature) => [
        String(feature.properties?.["station_id"]),
        feature.geometry.coordinates as [number, number],
      ]),
    );
    this.source("stations").setData(points);
  }

  /** Colour the reaches whose state changed. */
  setReaches(reaches: readonly ReachNow[]): void {
    for (const { reach_id: id, state } of reaches) {
      const next = known(state);
      if (this.reachStates.get(id) === next) continue;
      this.reachStates.set(id, next);
      this.map.setFeatureState({ source: "reaches", id }, { state: next });
    }
  }

  /** Mark the chosen station and bring it into view when it is not. */
  setSelected(stationId: string | null): void {
    this.map.setFilter("station-selected", ["==", ["get", "station_id"], stationId ?? ""]);
    if (stationId === this.selected) return;
    const position = stationId ? this.positions.get(stationId) : undefined;
    if (stationId && !position) return;
    this.selected = stationId;
    if (!position) return;
    // The panel that opens beside the map makes it narrower, and a change of size would stop the movement.
    setTimeout(() => {
      const zoom = Math.max(this.map.getZoom(), 8.6);
      this.map.easeTo({ center: position, zoom, duration: 500 });
    }, SETTLE_MS);
  }

  /** Take the colours of the theme that is now on. */
  recolour(): void {
    for (const layer of layers()) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, name as never, value as never);
      }
    }
    for (const [name, image] of allMarks()) this.map.updateImage(name, image);
  }

  /** Take the size of the container; a map that was hidden until now is fitted then. */
  resize(): void {
    this.map.resize();
    this.fit();
  }

  remove(): void {
    this.map.remove();
  }

  private fit(): void {
    if (this.fitted || !this.bounds || this.map.getContainer().clientWidth === 0) return;
    this.fitted = true;
    this.map.fitBounds(this.bounds, { padding: 40, animate: false });
  }

  private source(name: string): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }

  private addMarks(): void {
    for (const [name, image] of allMarks()) this.map.addImage(name, image, { pixelRatio: MARK_RATIO });
  }

  private addControls(): void {
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ unit: "metric" }), "bottom-right");
  }

  private listen(): void {
    this.map.on("click", (event) => {
      const id = this.stationAt(event);
      if (id) this.callbacks.select(id);
    });
    this.map.on("mousemove", (event) => {
      const id = this.stationAt(event);
      this.map.getCanvas().style.cursor = id ? "pointer" : "";
      this.callbacks.hover(id ? { stationId: id, x: event.point.x, y: event.point.y } : null);
    });
    this.map.on("mouseout", () => this.callbacks.hover(null));
    new ResizeObserver(() => this.resize()).observe(this.map.getContainer());
  }

  private stationAt({ point }: MapMouseEvent): string | null {
    const box: [[number, number], [number, number]] = [
      [point.x - TOUCH_PX, point.y - TOUCH_PX],
      [point.x + TOUCH_PX, point.y + TOUCH_PX],
    ];
    let best: { id: string; rank: number } | null = null;
    for (const feature of this.map.queryRenderedFeatures(box, { layers: ["stations"] })) {
      const rank = Number(feature.properties["rank"]);
      if (!best || rank > best.rank) best = { id: String(feature.properties["station_id"]), rank };
    }
    return best?.id ?? null;
  }

  /** The ground comes in its own time; a part that cannot be had leaves the rest in place. */
  private loadGeometry(): void {
    const load = (what: "communes" | "provinces" | "reaches", use: (shapes: GeoJSON.FeatureCollection) => void): void => {
      api.geometry(what).then(use, (error: unknown) => {
        console.warn(`no ${what} on the map`, error);
        setTimeout(() => load(what, use), 5000);
      });
    };
    load("reaches", (shapes) => {
      this.source("reaches").setData(shapes);
      this.source("river-names").setData(riverNames(shapes));
    });
    load("communes", (shapes) => {
      this.source("communes").setData(shapes);
      this.source("towns").setData(townPoints(shapes, TOWNS_NAMED));
    });
    load("provinces", (shapes) => this.source("provinces").setData(shapes));
  }
}
