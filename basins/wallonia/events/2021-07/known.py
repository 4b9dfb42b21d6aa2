"""What was known when: rain forecasts, dam decisions, silences of gauges. Typed by hand, in Brussels time.

Nothing may enter here that was not said before its issue time. Where a source gives only a day, the END
of that day is taken, so that no forecast profits from a notice earlier than it certainly was.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.clock import format_utc

BRUSSELS = ZoneInfo("Europe/Brussels")
METROTIME = 'metrotime.be "De fortes précipitations attendues, l\'IRM augmente son avertissement"'
COLOURS = "criteria: Belga/IRM text of 14-09-2022"

FORECAST_COLUMNS = (
    "issued_at", "provider", "valid_from", "valid_until", "area", "accumulation_h",
    "total_low_mm", "total_high_mm", "probability", "statement", "source", "confidence",
)  # fmt: skip


def utc(local: str) -> str:
    """Turn a Brussels time such as ``2021-07-14 09:32`` into ISO UTC.

    >>> utc("2021-07-14 09:32")
    '2021-07-14T07:32:00Z'
    """
    return format_utc(datetime.fromisoformat(local).replace(tzinfo=BRUSSELS))


def rain_forecast_rows() -> list[tuple[str, ...]]:
    """Return the rows of ``rain_forecasts.csv``, in order of issue."""
    rows = [_efas("2021-07-11 00:00", "Meuse", "High flood risk on the Meuse; first of 25 notifications until 14 July. "
                  "No rain amount stated. Only the day (10 July) is known: taken as known at its end.",
                  "rtbf.be 10809340 (Copernicus EMS)", "high")]  # fmt: skip
    rows += [
        _efas("2021-07-12 12:00", area, "EFAS forecast described as catastrophic for Vesdre and Ourthe. "
              "No rain amount stated.", "sudinfo.be 833963", "medium")
        for area in ("Vesdre", "Ourthe")
    ]  # fmt: skip
    rows += [
        _rmi("2021-07-12 12:16", ("2021-07-13 00:00", "2021-07-16 00:00"), area, ("24", "25", "50", "0.65"),
             "Yellow warning for rain from 13 to 15 July. Amounts are the criterion of the colour (25-50 mm in 24 h on "
             "at least a quarter of the province), not amounts stated then.",
             f"eschnou.notion.site timeline; {COLOURS}", "high")
        for area in ("Brabant", "Hainaut", "Liège", "Luxembourg", "Namur")
    ]  # fmt: skip
    totals = {
        "Brabant": ("10", "60"), "Hainaut": ("5", "50"), "Liège": ("80", "150"),
        "Luxembourg": ("70", "120"), "Namur": ("40", "100"),
    }  # fmt: skip
    rows += [
        _rmi("2021-07-13 13:47", ("2021-07-13 13:47", "2021-07-16 02:00"), area, ("", low, high, ""),
             "Orange warning for Liège, Namur, Luxembourg (and Limburg); expected event totals by province.",
             METROTIME, "high")
        for area, (low, high) in totals.items()
    ]  # fmt: skip
    rows.append(
        _rmi("2021-07-14 09:32", ("2021-07-14 09:32", "2021-07-15 09:32"), "Liège", ("24", "100", "", "0.65"),
             "Red warning: 65 % chance of more than 100 mm in 24 h on a quarter of the province. End of validity "
             "not stated: taken as 24 h.", "eschnou.notion.site timeline; metrotime.be", "high")
    )  # fmt: skip
    return rows


def _efas(issued: str, area: str, statement: str, source: str, confidence: str) -> tuple[str, ...]:
    # The window is that of the warned flood as far as it was said: up to ten days ahead.
    return (utc(issued), "EFAS", utc(issued), utc("2021-07-20 00:00"), area, "", "", "", "",
            statement, source, confidence)  # fmt: skip


def _rmi(
    issued: str, valid: tuple[str, str], area: str, amounts: tuple[str, str, str, str], *words: str
) -> tuple[str, ...]:
    accumulation, low, high, probability = amounts
    return (utc(issued), "RMI", utc(valid[0]), utc(valid[1]), area, accumulation, low, high, probability, *words)


DECISION_COLUMNS = ("at", "dam_id", "decision", "release_m3s", "source")
_ENGIE = "levif.be 2021-08; notion timeline; hour and release estimated"


def dam_decision_rows() -> list[tuple[str, ...]]:
    """Return the rows of ``dam_decisions.csv``. Times are reported, releases are estimates of ours."""
    rows = [
        (utc("2021-07-12 10:00"), "ROBERTVILLE", "preventive_release", "8", _ENGIE),
        (utc("2021-07-12 10:00"), "BUTGENBACH", "preventive_release", "5", _ENGIE),
        (utc("2021-07-14 08:00"), "ROBERTVILLE", "increase_release", "20", _ENGIE),
        (utc("2021-07-14 08:00"), "BUTGENBACH", "increase_release", "12", _ENGIE),
        (utc("2021-07-14 20:00"), "ROBERTVILLE", "stop_release", "0", _ENGIE),
        (utc("2021-07-14 20:00"), "BUTGENBACH", "stop_release", "0", _ENGIE),
        (utc("2021-07-14 17:00"), "EUPEN", "start_release", "25", "rtl.be 1312996 (about 17 h); release estimated: "
         "just below the 30 m3/s at which the lower town of Eupen floods"),
        (utc("2021-07-14 22:30"), "EUPEN", "increase_release", "90", "levif.be 1475131 (22 h 30: inflow rises again, "
         "lake filled, release increased); release estimated: both outlets open"),
    ]  # fmt: skip
    return sorted(rows)


OUTAGE_COLUMNS = ("station_id", "silent_from", "silent_until", "source")
_LOST = "gauges of the Vesdre basin were destroyed on 14 July: no gauge recorded the whole wave; hour assumed"


def outage_rows() -> list[tuple[str, ...]]:
    """Return the rows of ``outages.csv``: each hour lies after the last public reading of its gauge, if any."""
    silent = {
        "WAY_SPIXHE": ("15:00", "last public reading 10:00 local"),
        "HOE_THEUX": ("16:00", "last public reading 12:30 local"),
        "VES_VERVIERS": ("17:30", "last public reading 14:00 local"),
        "VES_PEPINSTER": ("18:00", "no public reading"),
        "VES_CHAUDFONTAINE": ("19:00", "last public reading 07:37 local"),
        "VES_TROOZ": ("19:30", "no public reading"),
        "VES_DOLHAIN": ("21:00", "no public reading"),
        "VES_EUPEN": ("23:30", "no public reading"),
    }
    until = utc("2021-07-20 00:00")
    return [
        (station_id, utc(f"2021-07-14 {hour}"), until, f"{_LOST}; {last}")
        for station_id, (hour, last) in silent.items()
    ]
