"""The region as a whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.context import Context
from api.wire import Wire
from domain.basin import Basin

router = APIRouter(prefix="/basin", tags=["basin"])


class Counts(Wire):
    """How many of each the basin folder holds."""

    nodes: int
    reaches: int
    stations: int
    dams: int
    communes: int
    thresholds: int


class BasinView(Wire):
    """Name, attribution and extent of the region."""

    basin_id: Annotated[str, Field(examples=["wallonia"])]
    name: Annotated[str, Field(examples=["Wallonie"])]
    attribution: Annotated[str, Field(description="To be shown with the map.")]
    languages: Annotated[list[str], Field(examples=[["fr", "de", "nl", "en"]])]
    bbox: Annotated[
        tuple[float, float, float, float],
        Field(description="West, south, east, north [degrees].", examples=[(2.8, 49.4, 6.4, 50.9)]),
    ]
    counts: Counts


@router.get("", summary="Describe the region")
def read_basin(context: Context) -> BasinView:
    """Return name, attribution, languages, extent and size of the region."""
    basin = context.basin
    return BasinView(
        basin_id=basin.basin_id,
        name=basin.name,
        attribution=basin.attribution,
        languages=list(basin.languages),
        bbox=_bbox(basin),
        counts=Counts(
            nodes=len(basin.network.nodes),
            reaches=len(basin.network.reaches),
            stations=len(basin.stations),
            dams=len(basin.dams),
            communes=len(basin.communes),
            thresholds=len(basin.thresholds),
        ),
    )


def _bbox(basin: Basin) -> tuple[float, float, float, float]:
    """Return the box around all nodes and stations: west, south, east, north [degrees]."""
    nodes, stations = basin.network.nodes.values(), basin.stations.values()
    longitudes = [*(node.longitude for node in nodes), *(station.longitude for station in stations)]
    latitudes = [*(node.latitude for node in nodes), *(station.latitude for station in stations)]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)
