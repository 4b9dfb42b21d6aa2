"""What an operator would be asked to consider: transitions into pre-alert and alert, grouped by river.

A proposal is nothing that was sent to anybody. Two hundred stations that cross within a minute make one
proposal a river, not two hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    open_at: dict[tuple[str, Basis, AlertState], int] = {}
    active: dict[tuple[str, Basis, AlertState], set[str]] = {}
    for transition in sorted(transitions, key=lambda item: item.at):
        if transition.after not in SEVERITY:
            continue
        station = basin.stations[transition.station_id]
        for state in sorted(OPENING_STATES, key=SEVERITY.__getitem__, reverse=True):
            key = (station.river, transition.basis, state)
            members = active.setdefault(key, set())
            if SEVERITY[transition.after] < SEVERITY[state]:
                members.discard(transition.station_id)
                continue
            known = bool(members)
            members.add(transition.station_id)
            if known:
                _join(made, open_at.get(key), transition.station_id)
            elif transition.after is state:
                open_at[key] = len(made)
                made.append(_begin(station.river, transition))
            else:
                open_at.pop(key, None)
    return made


def _begin(river: str, transition: Transition) -> Proposal:
    first = transition.station_id
    likely = _probability(transition)
    return Proposal(
        river, transition.after, transition.basis, transition.at, first, (first,), likely, transition.evidence
    )


def _join(made: list[Proposal], position: int | None, station_id: str) -> None:
    if position is not None and station_id not in made[position].station_ids:
        made[position] = replace(made[position], station_ids=(*made[position].station_ids, station_id))


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
