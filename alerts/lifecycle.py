"""From verdict to state: raise at once, lower late, and let silence end nothing.

The whole memory of a station is its previous :class:`StationState`. While it is NO_DATA or NO_THRESHOLD the
state that a value decided last is kept in the evidence under ``held``, so that an alert that was open when
the gauge fell silent is still there when it speaks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alerts.rules import Reason, Verdict
from domain.alerts import SEVERITY, AlertState, Basis, StationState, Transition

HELD_KEY = "held"
"""Key of the evidence under which a blind state keeps the state that a value decided last."""


def advance(
    station_id: str, basis: Basis, previous: StationState | None, verdict: Verdict, now: datetime
) -> tuple[StationState, Transition | None]:
    """Return the new state of a station and the transition, if the state changed.

    Rises take the verdict at once, but only on a newest reading that was not judged before: late data
    may hold a state, never raise it. Falls go no lower than ``verdict.sustained``. Before a first evaluation
    nothing was known (NO_DATA); it makes a transition only when it finds a watch or more.
    """
    held = held_state(previous)
    state = _decide(held, verdict, may_rise=not _same_reading(previous, verdict))
    before = AlertState.NO_DATA if previous is None else previous.state
    evidence = _evidence(held, state, verdict)
    changed = SEVERITY.get(state, 0) > 0 if previous is None else state is not before
    since = now if previous is None or changed else previous.since
    new = StationState(station_id, basis, state, since, now, evidence)
    if not changed:
        return new, None
    reason = _reason(before, held, state, verdict)
    return new, Transition(station_id, basis, now, before, state, reason.value, evidence)


def held_state(previous: StationState | None) -> AlertState | None:
    """Return the state that a value decided last, or None when none ever did."""
    if previous is None:
        return None
    if previous.state in SEVERITY:
        return previous.state
    held = previous.evidence.get(HELD_KEY)
    return None if held is None else AlertState(held)


def _same_reading(previous: StationState | None, verdict: Verdict) -> bool:
    """Tell whether the newest reading is the one judged before, so that only older ones can be new."""
    if previous is None or "observed_at" not in verdict.evidence:
        return False
    return all(previous.evidence.get(key) == verdict.evidence[key] for key in ("variable", "observed_at", "value"))


def _decide(held: AlertState | None, verdict: Verdict, may_rise: bool) -> AlertState:
    if verdict.state not in SEVERITY or held is None:
        return verdict.state
    if not may_rise and SEVERITY[verdict.state] > SEVERITY[held]:
        return held
    lowest_allowed = min(held, verdict.sustained, key=SEVERITY.__getitem__)
    return max(verdict.state, lowest_allowed, key=SEVERITY.__getitem__)


def _evidence(held: AlertState | None, state: AlertState, verdict: Verdict) -> Mapping[str, Any]:
    """Return the verdict's evidence, with what is held above it or kept through blindness, in words."""
    evidence = dict(verdict.evidence)
    if state not in SEVERITY:
        if held is not None:
            evidence[HELD_KEY] = held.value
            if SEVERITY[held] > 0:
                evidence["text"] = (
                    f"{evidence['text']} Before that the state was {_name(held)}; it is not ended by this."
                )
    elif SEVERITY[state] > SEVERITY[verdict.state]:
        evidence["verdict"] = verdict.state.value
        evidence["text"] = f"{evidence['text']} The state {_name(state)} stays until the fall has lasted."
    return evidence


def _name(state: AlertState) -> str:
    return state.value.replace("_", "-")


def _reason(before: AlertState, held: AlertState | None, state: AlertState, verdict: Verdict) -> Reason:
    if state not in SEVERITY or held is None or SEVERITY[state] > SEVERITY[held]:
        return verdict.reason
    return Reason.STAYED_BELOW if before in SEVERITY else Reason.EVIDENCE_BACK
