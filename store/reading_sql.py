"""Statements of the reading repository. Arrays go in by unnest: one round trip a table, no COPY."""

from __future__ import annotations

from typing import Final

REGISTER_STREAMS: Final = """
INSERT INTO device_stream (device_id, boot_id) SELECT * FROM unnest(%s::text[], %s::text[])
ON CONFLICT DO NOTHING
"""

FIND_STREAMS: Final = """
SELECT d.device_id, d.boot_id, d.stream_id
FROM device_stream d JOIN unnest(%s::text[], %s::text[]) AS wanted (device_id, boot_id) USING (device_id, boot_id)
"""

# In the order of their numbers, so that two ingesters wait for each other instead of blocking each other.
LOCK_STREAMS: Final = """
SELECT stream_id, high_water FROM device_stream WHERE stream_id = ANY(%s::int[]) ORDER BY stream_id FOR UPDATE
"""

# fresh: messages never committed. A mark can only move when the message that it waits for is among them;
# only then are the messages above the gap looked at. expected = seq as long as nothing is missing.
MOVE_HIGH_WATER: Final = """
WITH fresh AS MATERIALIZED (
    SELECT DISTINCT stream_id, seq, high_water
    FROM unnest(%(streams)s::int[], %(seqs)s::bigint[], %(marks)s::bigint[]) AS sent (stream_id, seq, high_water)
    WHERE seq > high_water
    AND NOT EXISTS (SELECT FROM message m WHERE m.stream_id = sent.stream_id AND m.seq = sent.seq)
), known AS (
    SELECT stream_id, seq, high_water, true AS is_fresh FROM fresh
    UNION ALL
    SELECT m.stream_id, m.seq, f.high_water, false
    FROM fresh f JOIN message m ON m.stream_id = f.stream_id WHERE f.seq = f.high_water + 1
), numbered AS MATERIALIZED (
    SELECT *, high_water + row_number() OVER (PARTITION BY stream_id ORDER BY seq) AS expected FROM known
), kept AS (
    INSERT INTO message (stream_id, seq) SELECT stream_id, seq FROM numbered WHERE is_fresh AND seq > expected
), forgotten AS (
    DELETE FROM message m USING numbered n
    WHERE NOT n.is_fresh AND n.seq = n.expected AND m.stream_id = n.stream_id AND m.seq = n.seq
)
UPDATE device_stream d
SET high_water = greatest(d.high_water, counted.high_water), messages = d.messages + counted.messages,
    committed_at = greatest(d.committed_at, %(at)s::timestamptz)
FROM (
    SELECT stream_id, count(*) FILTER (WHERE is_fresh) AS messages,
           max(seq) FILTER (WHERE seq = expected) AS high_water
    FROM numbered GROUP BY stream_id
) AS counted
WHERE d.stream_id = counted.stream_id
RETURNING d.stream_id, d.high_water
"""

# New keys go in as revision 0. latest_reading follows: rows later than its own are walked in order
# to find since when the value has not changed. Returns how many keys were new and which series got late ones.
INSERT_NEW: Final = """
WITH inserted AS (
    INSERT INTO reading
        (series_id, observed_at, revision, value, flag, rule, received_at, device_id, boot_id, seq)
    SELECT series_id, observed_at, 0, value, flag, rule, received_at, device_id, boot_id, seq
    FROM unnest(%(series)s::int[], %(observed)s::timestamptz[], %(values)s::float8[], %(flags)s::text[],
                %(rules)s::text[], %(received)s::timestamptz[], %(devices)s::text[], %(boots)s::text[],
                %(seqs)s::bigint[])
        AS sent (series_id, observed_at, value, flag, rule, received_at, device_id, boot_id, seq)
    ON CONFLICT DO NOTHING
    RETURNING series_id, observed_at, value, flag
), placed AS (
    SELECT i.*, l.observed_at AS last_at, l.value AS last_value, l.unchanged_since AS last_since
    FROM inserted i LEFT JOIN latest_reading l USING (series_id)
), walked AS (
    SELECT *, CASE WHEN row_number() OVER in_time = 1
                   THEN last_at IS NULL OR value IS DISTINCT FROM last_value
                   ELSE value IS DISTINCT FROM lag(value) OVER in_time END AS changed
    FROM placed WHERE last_at IS NULL OR observed_at > last_at
    WINDOW in_time AS (PARTITION BY series_id ORDER BY observed_at)
), newest AS (
    SELECT DISTINCT ON (series_id) series_id, observed_at, value, flag,
        coalesce(max(observed_at) FILTER (WHERE changed) OVER (PARTITION BY series_id), last_since) AS unchanged_since
    FROM walked ORDER BY series_id, observed_at DESC
), renewed AS (
    INSERT INTO latest_reading (series_id, observed_at, value, flag, unchanged_since)
    SELECT series_id, observed_at, value, flag, unchanged_since FROM newest ORDER BY series_id
    ON CONFLICT (series_id) DO UPDATE
    SET (observed_at, value, flag, unchanged_since)
        = (EXCLUDED.observed_at, EXCLUDED.value, EXCLUDED.flag, EXCLUDED.unchanged_since)
    WHERE EXCLUDED.observed_at > latest_reading.observed_at
)
SELECT count(*), coalesce(array_agg(DISTINCT series_id) FILTER (WHERE observed_at < last_at), '{}') FROM placed
"""

# A late reading may shorten or lengthen the time for which the newest value has stood.
REVISIT_UNCHANGED: Final = """
UPDATE latest_reading l
SET unchanged_since = coalesce(
    (SELECT r.observed_at FROM reading r
     WHERE r.series_id = l.series_id AND r.revision = 0 AND r.observed_at <= l.observed_at
     AND r.observed_at > (SELECT o.observed_at FROM reading o
                          WHERE o.series_id = l.series_id AND o.revision = 0 AND o.observed_at < l.observed_at
                          AND o.value IS DISTINCT FROM l.value
                          ORDER BY o.observed_at DESC LIMIT 1)
     ORDER BY r.observed_at LIMIT 1),
    (SELECT min(r.observed_at) FROM reading r WHERE r.series_id = l.series_id AND r.revision = 0))
WHERE l.series_id = ANY(%(series)s::int[])
"""

# For a batch of which INSERT_NEW did not take all. A value that some revision has is a duplicate (or was
# taken just now), another value becomes one more revision. A key without any revision can only mean that
# the insert before lost a row in silence (as TimescaleDB has done); it is then stored as the first.
INSERT_CONFLICTS: Final = """
WITH sent AS (
    SELECT * FROM unnest(%(series)s::int[], %(observed)s::timestamptz[], %(values)s::float8[], %(flags)s::text[],
                %(rules)s::text[], %(received)s::timestamptz[], %(devices)s::text[], %(boots)s::text[],
                %(seqs)s::bigint[]) WITH ORDINALITY
        AS sent (series_id, observed_at, value, flag, rule, received_at, device_id, boot_id, seq, position)
), novel AS MATERIALIZED (
    SELECT DISTINCT ON (series_id, observed_at, value) sent.*,
        (SELECT max(r.revision) FROM reading r
         WHERE r.series_id = sent.series_id AND r.observed_at = sent.observed_at) AS newest
    FROM sent
    WHERE NOT EXISTS (SELECT FROM reading r WHERE r.series_id = sent.series_id
                      AND r.observed_at = sent.observed_at AND r.value IS NOT DISTINCT FROM sent.value)
    ORDER BY series_id, observed_at, value, position
), numbered AS (
    SELECT *, coalesce(newest, -1)
              + row_number() OVER (PARTITION BY series_id, observed_at ORDER BY position) AS revision
    FROM novel
), inserted AS (
    INSERT INTO reading
        (series_id, observed_at, revision, value, flag, rule, received_at, device_id, boot_id, seq)
    SELECT series_id, observed_at, revision, value,
           CASE WHEN revision = 0 THEN flag ELSE 'SUSPECT' END, CASE WHEN revision = 0 THEN rule ELSE 'conflict' END,
           received_at, device_id, boot_id, seq
    FROM numbered ON CONFLICT DO NOTHING
    RETURNING revision
)
SELECT (SELECT count(*) FROM novel), (SELECT count(*) FROM inserted),
       (SELECT count(*) FROM inserted WHERE revision > 0)
"""

# A batch that is repeated because its commit was in doubt adds no letter twice.
INSERT_DEAD_LETTERS: Final = """
WITH added AS (
    INSERT INTO dead_letter (received_at, device_id, topic, payload, reason, detail, accounted)
    SELECT * FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::boolean[])
    ON CONFLICT DO NOTHING
    RETURNING reason, accounted
), counted AS (
    INSERT INTO dead_letter_count (reason, accounted, letters)
    SELECT reason, accounted, count(*) FROM added GROUP BY reason, accounted ORDER BY reason, accounted
    ON CONFLICT (reason, accounted) DO UPDATE SET letters = dead_letter_count.letters + EXCLUDED.letters
)
SELECT count(*) FROM added
"""

LAST_READINGS: Final = """
SELECT s.station_id, s.variable, s.source_id, l.value, l.observed_at, l.flag, l.unchanged_since
FROM latest_reading l JOIN series s USING (series_id)
"""

REGISTER_DEVICES: Final = """
WITH wanted AS (
    SELECT * FROM unnest(%s::text[], %s::text[]) AS wanted (device_id, station_id)
), removed AS (
    DELETE FROM device_station d
    WHERE NOT EXISTS (SELECT FROM wanted w WHERE (w.device_id, w.station_id) = (d.device_id, d.station_id))
), added AS (
    INSERT INTO device SELECT DISTINCT device_id FROM wanted ON CONFLICT DO NOTHING
)
INSERT INTO device_station SELECT device_id, station_id FROM wanted ON CONFLICT DO NOTHING
"""
