from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.lifecycle import advance, held_state
from alerts.rules import Reason, Verdict
from domain.alerts import AlertState, Basis, StationState
from tests.unit.alerts.making import START

NONE, WATCH, PRE_ALERT, ALERT = AlertState.NONE, AlertState.WATCH, AlertState.PRE_ALERT, AlertState.ALERT
NO_DATA, NO_THRESHOLD = AlertState.NO_DATA, AlertState.NO_THRESHOLD
LATER = START + timedelta(minutes=15)


def _verdict(state: AlertState, sustained: AlertState, observed_at: str = "2021-07-14T12:15:00Z") -> Verdict:
    evidence = {"text": "Words.", "variable": "discharge", "value": 1.0, "observed_at": observed_at}
    return Verdict(
        state, Reason.ABOVE_ALERT, sustained, evidence if state not in {NO_DATA, NO_THRESHOLD} else {"text": "Words."}
    )


def _state(
    state: AlertState, held: AlertState | None = None, observed_at: str = "2021-07-14T12:00:00Z"
) -> StationState:
    evidence = {"variable": "discharge", "value": 1.0, "observed_at": observed_at}
    if held is not None:
        evidence = {"held": held.value}
    return StationState("S1", Basis.OBSERVED, state, START, START, evidence)


@pytest.mark.parametrize(
    ("previous", "verdict", "sustained", "after", "reason"),
    [
        (_state(NONE), ALERT, ALERT, ALERT, "above_alert_threshold"),
        (_state(WATCH), PRE_ALERT, ALERT, PRE_ALERT, "above_alert_threshold"),
        (_state(ALERT), NONE, ALERT, ALERT, None),
        (_state(ALERT), NONE, PRE_ALERT, PRE_ALERT, "stayed_below"),
        (_state(ALERT), NONE, NONE, NONE, "stayed_below"),
        (_state(PRE_ALERT), NONE, ALERT, PRE_ALERT, None),
        (_state(PRE_ALERT), ALERT, ALERT, ALERT, "above_alert_threshold"),
        (_state(ALERT), NO_DATA, ALERT, NO_DATA, "above_alert_threshold"),
        (_state(NO_DATA, ALERT), NONE, ALERT, ALERT, "evidence_back"),
        (_state(NO_DATA, ALERT), NONE, NONE, NONE, "evidence_back"),
        (_state(NO_DATA, PRE_ALERT), ALERT, ALERT, ALERT, "above_alert_threshold"),
        (_state(NO_DATA), NONE, ALERT, NONE, "above_alert_threshold"),
        (_state(NO_DATA, ALERT), NO_THRESHOLD, ALERT, NO_THRESHOLD, "above_alert_threshold"),
        (_state(NO_THRESHOLD, ALERT), PRE_ALERT, ALERT, ALERT, "evidence_back"),
        (_state(NO_DATA, ALERT), NO_DATA, ALERT, NO_DATA, None),
        (None, NONE, ALERT, NONE, None),
        (None, NO_DATA, ALERT, NO_DATA, None),
        (None, WATCH, ALERT, WATCH, "above_alert_threshold"),
        (None, ALERT, ALERT, ALERT, "above_alert_threshold"),
    ],
)
def test_every_way_from_state_to_state(
    previous: StationState | None, verdict: AlertState, sustained: AlertState, after: AlertState, reason: str | None
) -> None:
    state, transition = advance("S1", Basis.OBSERVED, previous, _verdict(verdict, sustained), LATER)
    assert state.state is after
    assert state.evaluated_at == LATER
    if reason is None:
        assert transition is None
        assert state.since == (LATER if previous is None else START)
    else:
        assert transition is not None
        assert (transition.before, transition.after) == (NO_DATA if previous is None else previous.state, after)
        assert (transition.reason, transition.at, state.since) == (reason, LATER, LATER)


def test_silence_remembers_what_it_interrupts_and_says_so() -> None:
    state, _ = advance("S1", Basis.OBSERVED, _state(ALERT), _verdict(NO_DATA, ALERT), LATER)
    assert held_state(state) is ALERT
    assert "alert" in state.evidence["text"]
    longer, _ = advance("S1", Basis.OBSERVED, state, _verdict(NO_THRESHOLD, ALERT), LATER)
    assert held_state(longer) is ALERT


def test_a_held_state_says_that_it_is_held() -> None:
    state, _ = advance("S1", Basis.OBSERVED, _state(ALERT), _verdict(NONE, ALERT), LATER)
    assert state.evidence["verdict"] == "none"
    assert "stays" in state.evidence["text"]


def test_without_a_new_newest_reading_nothing_rises() -> None:
    same = "2021-07-14T12:00:00Z"
    state, transition = advance("S1", Basis.OBSERVED, _state(NONE, None, same), _verdict(WATCH, ALERT, same), LATER)
    assert (state.state, transition) == (NONE, None)
