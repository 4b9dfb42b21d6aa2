"""Statements of the forecast repository."""

from __future__ import annotations

from typing import Final

# Slot 0 is the step that ends at "until", counted backwards. Revision 0 is current unless corrected.
OBSERVED_WINDOW: Final = """
SELECT current.series_id,
       floor(extract(epoch FROM %(until)s::timestamptz - current.observed_at) / %(step)s::int)::int AS slot,
       current.value
FROM (
    SELECT DISTINCT ON (series_id, observed_at) series_id, observed_at, revision, value, flag
    FROM reading
    WHERE series_id = ANY(%(series)s::int[]) AND observed_at > %(after)s AND observed_at <= %(until)s
    AND (revision = 0 OR correction)
    ORDER BY series_id, observed_at, revision DESC
) AS current
LEFT JOIN LATERAL (
    SELECT f.flag FROM flag_change f
    WHERE f.series_id = current.series_id AND f.observed_at = current.observed_at AND f.revision = current.revision
    ORDER BY f.known_at DESC LIMIT 1
) AS judged ON true
WHERE coalesce(judged.flag, current.flag) = 'GOOD' AND current.value IS NOT NULL
ORDER BY current.series_id, current.observed_at
"""

SAVE_STATE: Final = """
INSERT INTO model_state (valid_at, configuration_hash, code_version, seed, state) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (configuration_hash, valid_at)
DO UPDATE SET (code_version, seed, state) = (EXCLUDED.code_version, EXCLUDED.seed, EXCLUDED.state)
"""

DROP_OLD_STATES: Final = "DELETE FROM model_state WHERE configuration_hash = %s AND valid_at < %s"

NEWEST_STATE: Final = """
SELECT valid_at, code_version, configuration_hash, seed, state FROM model_state
WHERE configuration_hash = %s AND valid_at <= %s ORDER BY valid_at DESC LIMIT 1
"""

DROP_RUN: Final = "DELETE FROM forecast_run WHERE issued_at = %s AND kind = %s"

INSERT_RUN: Final = """
INSERT INTO forecast_run (issued_at, kind, scheme, label, members, seed, code_version, configuration_hash,
                          lead_minutes, quantile_levels, water_balance_error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::real[], %s)
RETURNING run_id
"""

# All series travel as one flat array; each row takes its slice.
INSERT_SERIES: Final = """
INSERT INTO forecast_series (run_id, series_id, quantiles, peak_value, peak_lead_minutes)
SELECT %(run_id)s, series_id,
       (%(quantiles)s::real[])[(n - 1) * %(per_series)s::int + 1 : n * %(per_series)s::int],
       (%(peak_values)s::real[])[(n - 1) * %(levels)s::int + 1 : n * %(levels)s::int],
       (%(peak_leads)s::real[])[(n - 1) * %(levels)s::int + 1 : n * %(levels)s::int]
FROM unnest(%(series)s::int[]) WITH ORDINALITY AS sent (series_id, n)
"""

INSERT_CROSSINGS: Final = """
INSERT INTO forecast_crossing (run_id, station_id, variable, phase, origin, threshold, threshold_detail,
                               probability, lead_minutes)
SELECT %(run_id)s, station_id, variable, phase, origin, threshold,
       jsonb_build_object('rule', rule, 'source', source, 'confidence', confidence), probability,
       CASE WHEN lead_10 IS NULL THEN NULL ELSE ARRAY[lead_10, lead_50, lead_90] END
FROM unnest(%(stations)s::text[], %(variables)s::text[], %(phases)s::text[], %(origins)s::text[],
            %(thresholds)s::float8[], %(rules)s::text[], %(sources)s::text[], %(confidences)s::text[],
            %(probabilities)s::real[], %(leads_10)s::real[], %(leads_50)s::real[], %(leads_90)s::real[])
    AS sent (station_id, variable, phase, origin, threshold, rule, source, confidence,
             probability, lead_10, lead_50, lead_90)
"""

NEWEST_RUN: Final = """
SELECT run_id, issued_at, label FROM forecast_run WHERE kind = %s ORDER BY issued_at DESC LIMIT 1
"""

CROSSINGS: Final = """
SELECT station_id, variable, phase, origin, threshold, threshold_detail, probability, lead_minutes
FROM forecast_crossing WHERE run_id = %(run_id)s AND (%(station)s::text IS NULL OR station_id = %(station)s)
ORDER BY station_id, variable, phase, origin, threshold
"""

STATION_FORECAST: Final = """
SELECT run_id, issued_at, scheme, label, members, lead_minutes, quantile_levels,
       quantiles, peak_value, peak_lead_minutes
FROM forecast_run JOIN forecast_series USING (run_id)
WHERE series_id = %(series)s AND kind = %(kind)s
AND (%(issued_at)s::timestamptz IS NULL OR issued_at = %(issued_at)s)
ORDER BY issued_at DESC LIMIT 1
"""
