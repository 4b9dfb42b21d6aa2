"""Server-sent events: word of every change, so that pages need not ask."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.context import Context

router = APIRouter(prefix="/events", tags=["events"])

_MEDIA_TYPE: Final = "text/event-stream"
_STREAM: Final = {
    _MEDIA_TYPE: {
        "schema": {"type": "string"},
        "example": 'event: forecast\ndata: {"topic":"forecast","id":42,"at":"2021-07-14T15:00:00Z"}\n\n',
    }
}


@router.get(
    "",
    summary="Listen to changes",
    response_class=StreamingResponse,
    responses={200: {"description": "A stream that does not end", "content": _STREAM}},
)
async def listen(context: Context) -> StreamingResponse:
    """Stream events named clock, readings, forecast, alerts and resync.

    `resync` says that events may have been missed (the page was slow, or the database was away): read
    everything again. Do so on every (re)connection too.
    """
    stream = context.broadcast.stream(context.settings.keep_alive_s)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, headers=headers, media_type=_MEDIA_TYPE)
