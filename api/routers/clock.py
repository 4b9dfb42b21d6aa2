"""The clock of the run: read it, and in a demo play, pause or change its speed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.context import ApiContext, Context
from api.problems import Problem, problem_document
from api.security import Actor
from api.wire import Instant, Wire, utc_or_none
from domain.records import RunClock, RunMode

router = APIRouter(prefix="/clock", tags=["clock"])


class ClockView(Wire):
    """The time of the run and how fast it goes."""

    now: Instant
    mode: Annotated[RunMode, Field(description="live follows the machine's clock, the others event time.")]
    label: Annotated[str, Field(description="Shown wherever the run is shown; says what was reconstructed.")]
    starts_at: Instant | None
    ends_at: Instant | None
    playing: bool
    speed: Annotated[float, Field(description="Event seconds per wall second.", gt=0, examples=[900.0])]


class ClockRequest(Wire):
    """What the operator asks of the clock; a field left out stays as it is."""

    playing: Annotated[bool | None, Field(description="True plays, False pauses.", examples=[True])] = None
    speed: Annotated[
        float | None, Field(description="Event seconds per wall second.", gt=0, le=1e6, examples=[900.0])
    ] = None


@router.get("", summary="Read the clock", responses=problem_document(503))
def read_clock(context: Context) -> ClockView:
    """Return the run's time, its mode and its speed."""
    return _view(context, context.run_clock())


@router.post("", summary="Play, pause or change speed", responses=problem_document(403, 409, 422, 503))
def ask_clock(context: Context, asked: ClockRequest, _: Actor) -> ClockView:
    """Ask the run to play, pause or change speed. Impossible in live mode: time is not ours to stop."""
    if context.run_clock().mode is RunMode.LIVE:
        raise Problem(HTTPStatus.CONFLICT, "live-clock", "The run is live; its clock cannot be paused or sped up.")
    return _view(context, context.store.request_clock(asked.playing, asked.speed))


def _view(context: ApiContext, clock: RunClock) -> ClockView:
    return ClockView(
        now=context.now(clock),
        mode=clock.mode,
        label=clock.label,
        starts_at=utc_or_none(clock.starts_at),
        ends_at=utc_or_none(clock.ends_at),
        playing=clock.playing,
        speed=clock.speed,
    )
