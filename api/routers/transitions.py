"""The history of state changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.context import Context
from api.problems import problem_document
from api.wire import AskedTime, Evidence, Instant, StationId, Wire
from domain.alerts import AlertState, Basis

router = APIRouter(prefix="/transitions", tags=["transitions"])


class TransitionView(Wire):
    """One change of state with the reason that a rule gave for it."""

    transition_id: int
    station_id: StationId
    basis: Basis
    at: Instant
    before: AlertState
    after: AlertState
    reason: Annotated[str, Field(examples=["above_alert_threshold"])]
    evidence: Evidence


class TransitionsView(Wire):
    """Changes of state, newest first."""

    transitions: list[TransitionView]


@router.get("", summary="List changes of state", responses=problem_document(422, 503))
def read_transitions(
    context: Context,
    since: Annotated[AskedTime | None, Query(description="Leave out what is older.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 200,
) -> TransitionsView:
    """Return changes of state, newest first."""
    records = context.store.transitions(since, limit)
    return TransitionsView(
        transitions=[
            TransitionView(
                transition_id=record.transition_id,
                station_id=record.station_id,
                basis=record.basis,
                at=record.at,
                before=record.before,
                after=record.after,
                reason=record.reason,
                evidence=record.evidence,
            )
            for record in records
        ]
    )
