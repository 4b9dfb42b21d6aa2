"""Layers of the map as GeoJSON."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Response
from starlette.status import HTTP_304_NOT_MODIFIED

from api.context import Context
from api.geometry_documents import Layer
from api.problems import not_found, problem_document

router = APIRouter(prefix="/geometry", tags=["geometry"])

GEOJSON_MEDIA_TYPE: Final = "application/geo+json"
_CACHE: Final = "public, max-age=300, must-revalidate"
_GEOJSON: Final = {GEOJSON_MEDIA_TYPE: {"schema": {"type": "object", "title": "FeatureCollection"}}}


@router.get(
    "/{layer}",
    summary="Read a layer of the map",
    response_class=Response,
    responses={
        200: {"description": "GeoJSON FeatureCollection", "content": _GEOJSON},
        304: {"description": "Unchanged since the tag in If-None-Match"},
        **problem_document(404, 422),
    },
)
def read_layer(
    context: Context,
    layer: Annotated[Layer, Path(description="Layer wanted.")],
    if_none_match: Annotated[str, Header(description="Tag of the copy at hand.")] = "",
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Return communes, provinces or reaches; a reach names the station whose forecast state colours it."""
    document = context.geometry.get(layer)
    if document is None:
        raise not_found(f"The basin folder of {context.basin.name} has no geometry of {layer.value}.")
    headers = {"ETag": document.etag, "Cache-Control": _CACHE, "Vary": "Accept-Encoding"}
    if document.etag in {tag.strip() for tag in if_none_match.split(",")}:
        return Response(status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    if "gzip" in accept_encoding:
        headers["Content-Encoding"] = "gzip"
        return Response(document.compressed, headers=headers, media_type=GEOJSON_MEDIA_TYPE)
    return Response(document.body, headers=headers, media_type=GEOJSON_MEDIA_TYPE)
