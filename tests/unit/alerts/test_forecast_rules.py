from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.forecast_rules import FLOORS_KEY, IssueEvidence, judge_forecast
from domain.alerts import AlertState
from domain.basin import Origin, Phase
from domain.forecasts import Crossing
from tests.unit.alerts.making import START, threshold, thresholds


def _crossings(pre_alert: float | None, alert: float | None) -> list[Crossing]:
    lead = (30.0, 60.0, 120.0)
    return [
        Crossing(limit, probability, lead if probability else None)
        for limit, probability in zip(thresholds(), (pre_alert, alert), strict=True)
        if probability is not None
    ]


@pytest.mark.parametrize(
    ("pre_alert", "alert", "state", "reason"),
    [
        (0.0, 0.0, "none", "improbable"),
        (0.19, 0.0, "none", "improbable"),
        (0.2, 0.0, "watch", "possible_pre_alert"),
        (0.49, 0.19, "watch", "possible_pre_alert"),
        (0.5, 0.0, "pre_alert", "probable_pre_alert"),
        (0.3, 0.2, "pre_alert", "possible_alert"),
        (1.0, 0.49, "pre_alert", "probable_pre_alert"),
        (0.5, 0.5, "alert", "probable_alert"),
        (None, 0.5, "alert", "probable_alert"),
        (None, 0.2, "pre_alert", "possible_alert"),
        (None, 0.1, "none", "improbable"),
    ],
)
def test_probabilities(pre_alert: float | None, alert: float | None, state: str, reason: str) -> None:
    verdict = judge_forecast(IssueEvidence(thresholds(), START, _crossings(pre_alert, alert)), {}, START)
    assert (verdict.state.value, verdict.reason.value) == (state, reason)
    assert verdict.evidence["issued_at"] == "2021-07-14T12:00:00Z"


@pytest.mark.parametrize(("hours", "state"), [(2.0, "alert"), (2.01, "no_data"), (48.0, "no_data")])
def test_an_old_forecast_says_nothing_of_now(hours: float, state: str) -> None:
    known = IssueEvidence(thresholds(), START, _crossings(1.0, 1.0))
    verdict = judge_forecast(known, {}, START + timedelta(hours=hours))
    assert verdict.state.value == state


@pytest.mark.parametrize(
    "known",
    [
        IssueEvidence(thresholds(), None, ()),
        IssueEvidence(thresholds(), START, ()),
        IssueEvidence(thresholds(), START, _crossings(float("nan"), float("nan"))),
    ],
)
def test_no_forecast_is_no_data_never_none(known: IssueEvidence) -> None:
    verdict = judge_forecast(known, {}, START)
    assert verdict.state is AlertState.NO_DATA
    assert verdict.sustained is AlertState.ALERT


def test_without_thresholds_no_forecast_can_be_judged() -> None:
    assert judge_forecast(IssueEvidence([], START, ()), {}, START).state is AlertState.NO_THRESHOLD


def test_official_thresholds_decide_and_both_are_shown() -> None:
    official, suggested = threshold(Phase.ALERT, 250.0, Origin.OFFICIAL), threshold(Phase.ALERT, 200.0)
    crossings = [Crossing(official, 0.1, None), Crossing(suggested, 0.9, (30.0, 60.0, 120.0))]
    verdict = judge_forecast(IssueEvidence([official, suggested], START, crossings), {}, START)
    assert verdict.state is AlertState.NONE
    shown = [(row["threshold"], row["decides"], row["crossing_at"]) for row in verdict.evidence["crossings"]]
    assert shown == [(250.0, True, None), (200.0, False, "2021-07-14T13:00:00Z")]


def test_what_may_be_lowered_to_follows_the_last_three_issues() -> None:
    evidence: dict[str, object] = {}
    sustained = []
    for number, probability in enumerate([0.6, 0.45, 0.3, 0.05, 0.05, 0.05]):
        now = START + timedelta(minutes=15 * number)
        verdict = judge_forecast(IssueEvidence(thresholds(), now, _crossings(probability, 0.0)), evidence, now)
        evidence = dict(verdict.evidence)
        sustained.append(verdict.sustained.value)
    assert sustained == ["alert", "alert", "pre_alert", "pre_alert", "watch", "none"]


def test_judging_the_same_issue_again_counts_it_once() -> None:
    known = IssueEvidence(thresholds(), START, _crossings(0.0, 0.0))
    first = judge_forecast(known, {}, START)
    again = judge_forecast(known, first.evidence, START + timedelta(minutes=5))
    assert again == first
    assert len(again.evidence[FLOORS_KEY]) == 1


def test_calm_forecasts_repeat_no_crossings() -> None:
    assert (
        "crossings" not in judge_forecast(IssueEvidence(thresholds(), START, _crossings(0.1, 0.0)), {}, START).evidence
    )
    assert "crossings" in judge_forecast(IssueEvidence(thresholds(), START, _crossings(0.3, 0.0)), {}, START).evidence
