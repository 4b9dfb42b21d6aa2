"""The operator's list of tracked conditions. Nothing here is sent to anybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field, StringConstraints

from api.context import Context
from api.problems import not_found, problem_document
from api.security import Actor
from api.wire import Evidence, Instant, StationId, Storable, Wire
from domain.alerts import AlertState, Basis
from domain.basin import Basin
from domain.records import AlertRecord

router = APIRouter(prefix="/alerts", tags=["alerts"])

Comment = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    Storable,
    Field(description="What the operator wants remembered; may be empty.", examples=["Called the dam warden."]),
]


class AlertView(Wire):
    """A tracked condition at a station."""

    alert_id: int
    station_id: StationId
    station_name: str
    river: str
    basis: Basis
    state: AlertState
    highest_state: AlertState
    opened_at: Instant
    closed_at: Instant | None
    evidence: Evidence
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    comment: str | None


class AlertsView(Wire):
    """Alerts, newest first."""

    alerts: list[AlertView]


class AcknowledgeRequest(Wire):
    """What the operator says on acknowledging."""

    comment: Comment = ""


@router.get("", summary="List alerts", responses=problem_document(422, 503))
def read_alerts(
    context: Context,
    only_open: Annotated[bool, Query(alias="open", description="Leave out the closed ones.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 200,
) -> AlertsView:
    """Return alerts, newest first. A silent station keeps its alert open and says so."""
    records = context.store.alerts(only_open, limit)
    return AlertsView(alerts=[_view(context.basin, record) for record in records])


@router.post("/{alert_id}/acknowledge", summary="Acknowledge an alert", responses=problem_document(403, 404, 422, 503))
def acknowledge_alert(
    context: Context,
    alert_id: Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the alert.")],
    asked: AcknowledgeRequest,
    actor: Actor,
) -> AlertView:
    """Note that an operator has seen the alert; a second acknowledgement changes nothing."""
    record = context.store.acknowledge(alert_id, actor.name, asked.comment, context.now())
    if record is None:
        raise not_found(f"There is no alert {alert_id}.")
    return _view(context.basin, record)


def _view(basin: Basin, record: AlertRecord) -> AlertView:
    station = basin.stations.get(record.station_id)
    return AlertView(
        alert_id=record.alert_id,
        station_id=record.station_id,
        station_name=record.station_id if station is None else station.name,
        river="" if station is None else station.river,
        basis=record.basis,
        state=record.state,
        highest_state=record.highest_state,
        opened_at=record.opened_at,
        closed_at=record.closed_at,
        evidence=record.evidence,
        acknowledged_at=record.acknowledged_at,
        acknowledged_by=record.acknowledged_by,
        comment=record.comment,
    )
