"""What an operator would be asked to consider: transitions into pre-alert and alert, grouped by river.

A proposal is nothing that was sent to anybody. Two hundred stations that cross within a minute make one
proposal a river, not two hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from domain.alerts import OPENING_STATES, SEVERITY, AlertState, Basis, Transition
from domain.basin import Basin
from domain.clock import format_utc


@dataclass(frozen=True, slots=True)
class Proposal:
    """One river reached a state on one basis for the first time since it was last clear of it.

    ``station_id``, ``probability`` and ``evidence`` are those of the first station; ``station_ids`` are all that
    followed while the river was not clear, in order. ``probability`` is None for an observed crossing.
    """

    river: str
    state: AlertState
    basis: Basis
    first_at: datetime
    station_id: str
    station_ids: tuple[str, ...]
    probability: float | None
    evidence: Mapping[str, Any]


def propose(transitions: Iterable[Transition], basin: Basin) -> Sequence[Proposal]:
    """Group transitions into proposals, in order of their first time.

    A rise from none straight to alert proposes an alert alone: the graver proposal covers the lesser. Silence ends
    nothing, so a river is clear only when each of its stations went below the state by value.
    """
    made: list[Proposal] = []
    courses: dict[tuple[str, Basis, AlertState], _Course] = {}
    for transition in sorted(transitions, key=lambda item: item.at):
        if transition.after in SEVERITY:
            river = basin.stations[transition.station_id].river
            for state in OPENING_STATES:
                course = courses.setdefault((river, transition.basis, state), _Course())
                _follow(course, state, transition, river, made)
    return made


@dataclass
class _Course:
    """Who is at or above one state on one river and basis, and where the proposal made of it stands."""

    above: set[str] = field(default_factory=set)
    position: int | None = None


def _follow(course: _Course, state: AlertState, transition: Transition, river: str, made: list[Proposal]) -> None:
    """Let one transition begin a proposal, join the one that stands, or leave it."""
    station_id = transition.station_id
    if SEVERITY[transition.after] < SEVERITY[state]:
        course.above.discard(station_id)
        return
    begins = not course.above
    course.above.add(station_id)
    if begins:
        course.position = None
    if begins and transition.after is state:
        course.position = len(made)
        made.append(_proposal(river, transition))
    elif course.position is not None:
        made[course.position] = _joined(made[course.position], station_id)


def _proposal(river: str, transition: Transition) -> Proposal:
    return Proposal(
        river=river,
        state=transition.after,
        basis=transition.basis,
        first_at=transition.at,
        station_id=transition.station_id,
        station_ids=(transition.station_id,),
        probability=_probability(transition),
        evidence=transition.evidence,
    )


def _joined(proposal: Proposal, station_id: str) -> Proposal:
    if station_id in proposal.station_ids:
        return proposal
    return replace(proposal, station_ids=(*proposal.station_ids, station_id))


def _probability(transition: Transition) -> float | None:
    """Return the probability of the phase that was reached, when the evidence is a forecast."""
    found = transition.evidence.get("probability", {}).get(transition.after.value)
    return None if found is None else float(found)


def proposal_rows(proposals: Iterable[Proposal], basin: Basin) -> list[dict[str, Any]]:
    """Return proposals as plain rows for a summary file, times as ISO 8601 with Z."""
    return [
        {
            "first_at": format_utc(proposal.first_at),
            "river": proposal.river,
            "state": proposal.state.value,
            "basis": proposal.basis.value,
            "station_id": proposal.station_id,
            "station_name": basin.stations[proposal.station_id].name,
            "station_ids": list(proposal.station_ids),
            "probability": proposal.probability,
            "evidence": dict(proposal.evidence),
        }
        for proposal in proposals
    ]
