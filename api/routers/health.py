"""Whether the service can be relied on, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import Field

from api.context import ApiContext, Context
from api.wire import Instant, Wire, utc_or_none
from domain.clock import format_utc
from domain.errors import StoreUnavailable
from domain.forecasts import ForecastKind

router = APIRouter(prefix="/health", tags=["health"])

COMMIT_AGE: Final = timedelta(hours=1)
FORECAST_AGE: Final = timedelta(hours=2)


class Health(StrEnum):
    """Degraded: it runs, but something that people rely on is missing or old."""

    OK = "ok"
    DEGRADED = "degraded"


class DatabaseState(StrEnum):
    """Whether the database answers."""

    OK = "ok"
    UNAVAILABLE = "unavailable"


class HealthView(Wire):
    """Health of the service, relative to the run's clock."""

    status: Health
    now: Instant
    database: DatabaseState
    newest_commit_at: Instant | None
    newest_forecast_at: Instant | None
    detail: Annotated[list[str], Field(description="What is missing or old, one sentence each.")]


@router.get(
    "",
    summary="Tell whether the service is well",
    responses={503: {"model": HealthView, "description": "The database does not answer"}},
)
def read_health(context: Context, response: Response) -> HealthView:
    """Return ok or degraded with reasons; 503 when the database does not answer."""
    response.headers["Cache-Control"] = "no-store"
    try:
        return _look(context)
    except StoreUnavailable as error:
        response.status_code = 503
        return HealthView(
            status=Health.DEGRADED,
            now=context.wall.now(),
            database=DatabaseState.UNAVAILABLE,
            newest_commit_at=None,
            newest_forecast_at=None,
            detail=[f"The database cannot be reached: {error}"],
        )


def _look(context: ApiContext) -> HealthView:
    clock = context.store.run_clock()
    now = context.wall.now() if clock is None else context.now(clock)
    commit_at = context.store.newest_commit_at()
    issue = context.store.newest_issue(ForecastKind.ENSEMBLE)
    issued_at = None if issue is None else issue.issued_at
    detail = [] if clock is not None else ["The run has not started yet."]
    detail.extend(_stale("reading was committed", commit_at, now, COMMIT_AGE))
    detail.extend(_stale("forecast was issued", issued_at, now, FORECAST_AGE))
    return HealthView(
        status=Health.DEGRADED if detail else Health.OK,
        now=now,
        database=DatabaseState.OK,
        newest_commit_at=utc_or_none(commit_at),
        newest_forecast_at=utc_or_none(issued_at),
        detail=detail,
    )


def _stale(what: str, newest: datetime | None, now: datetime, limit: timedelta) -> Iterator[str]:
    if newest is None:
        yield f"No {what} so far."
    elif now - newest > limit:
        yield f"No {what} after {format_utc(newest)}."
