"""GeoJSON documents of a basin, made once at start and served with a tag so that they travel once."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.basin import Basin, Reach


class Layer(StrEnum):
    """A layer of the map."""

    COMMUNES = "communes"
    PROVINCES = "provinces"
    REACHES = "reaches"


@dataclass(frozen=True, slots=True)
class GeometryDocument:
    """One layer as bytes, plain and compressed, with a tag of its content."""

    body: bytes
    compressed: bytes
    etag: str


def geometry_documents(basin: Basin, station_of: Mapping[str, str | None]) -> Mapping[Layer, GeometryDocument]:
    """Return the layers that the basin folder has; reaches are always there."""
    documents = {Layer.REACHES: _document(_compact(_reaches(basin, station_of)))}
    for layer in (Layer.COMMUNES, Layer.PROVINCES):
        path = basin.folder / "geometry" / f"{layer.value}.geojson"
        if path.is_file():
            documents[layer] = _document(_compact(json.loads(path.read_text(encoding="utf-8"))))
    return documents


def _document(body: bytes) -> GeometryDocument:
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return GeometryDocument(body, gzip.compress(body, mtime=0), f'W/"{tag}"')


def _compact(collection: Any) -> bytes:
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _reaches(basin: Basin, station_of: Mapping[str, str | None]) -> dict[str, Any]:
    reaches = basin.network.reaches.values()
    return {"type": "FeatureCollection", "features": [_feature(basin, reach, station_of) for reach in reaches]}


def _feature(basin: Basin, reach: Reach, station_of: Mapping[str, str | None]) -> dict[str, Any]:
    ends = (basin.network.nodes[reach.from_node], basin.network.nodes[reach.to_node])
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[node.longitude, node.latitude] for node in ends]},
        "properties": {
            "reach_id": reach.reach_id,
            "river": reach.river,
            "from_node": reach.from_node,
            "to_node": reach.to_node,
            "size_class": reach.size_class,
            "regulation": reach.regulation.value,
            "width_m": reach.width_m,
            "station_id": station_of[reach.reach_id],
        },
    }
