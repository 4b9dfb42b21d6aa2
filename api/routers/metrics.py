"""Metrics for Prometheus."""

from __future__ import annotations

from collections import Counter
from typing import Final

from fastapi import APIRouter, Response
from prometheus_client import generate_latest

from api.context import ApiContext, Context
from domain.errors import StoreUnavailable
from domain.forecasts import ForecastKind

router = APIRouter(prefix="/metrics", tags=["metrics"])

_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@router.get(
    "",
    summary="Read metrics",
    response_class=Response,
    responses={
        200: {"description": "Prometheus text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
    },
)
def read_metrics(context: Context) -> Response:
    """Return the metrics of this process and what the database says of the run."""
    context.metrics.pages.set(context.broadcast.pages)
    try:
        _gather(context)
        context.metrics.database.set(1)
    except StoreUnavailable:
        context.metrics.database.set(0)
    return Response(generate_latest(context.metrics.registry), media_type=_MEDIA_TYPE)


def _gather(context: ApiContext) -> None:
    store, metrics = context.store, context.metrics
    metrics.dead_letters.set(store.dead_letter_count())
    commit_at = store.newest_commit_at()
    if commit_at is not None:
        metrics.newest_commit.set(commit_at.timestamp())
    issue = store.newest_issue(ForecastKind.ENSEMBLE)
    if issue is not None:
        metrics.newest_forecast.set(issue.issued_at.timestamp())
    counted = Counter((state.basis.value, state.state.value) for state in store.station_states().values())
    metrics.stations.clear()
    for (basis, state), count in counted.items():
        metrics.stations.labels(basis, state).set(count)
