-- Readings in native range partitions, one a month.
-- Revision 0 is current unless a later revision is a correction.

CREATE TABLE reading (
    series_id   integer NOT NULL,
    observed_at timestamptz NOT NULL,
    revision    integer NOT NULL,
    value       double precision,
    flag        text NOT NULL CHECK (flag IN ('GOOD', 'SUSPECT', 'BAD', 'MISSING')),
    rule        text NOT NULL,
    correction  boolean NOT NULL DEFAULT false,
    received_at timestamptz NOT NULL,
    device_id   text NOT NULL,
    boot_id     text NOT NULL,
    seq         bigint NOT NULL,
    PRIMARY KEY (series_id, observed_at, revision)
) PARTITION BY RANGE (observed_at);

-- Takes what no month was prepared for, so that a row is never refused for its time.
CREATE TABLE reading_other PARTITION OF reading DEFAULT;

-- Make the partitions of the given months (any instant of each). Rows of the default partition that
-- belong to a new month move into it.
CREATE FUNCTION prepare_reading_months(months timestamptz[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_day timestamptz;
    next_month timestamptz;
    partition_name text;
BEGIN
    -- One at a time: two ingesters may meet the first reading of a month together.
    PERFORM pg_advisory_xact_lock(hashtext('prepare_reading_months'));
    FOR first_day IN
        SELECT DISTINCT date_trunc('month', instant, 'UTC') FROM unnest(months) AS instant ORDER BY 1
    LOOP
        next_month := date_trunc('month', first_day + interval '32 days', 'UTC');
        partition_name := 'reading_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE reading INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition_name);
        EXECUTE format(
            'WITH moved AS (DELETE FROM reading_other WHERE observed_at >= %L AND observed_at < %L RETURNING *) '
            'INSERT INTO %I SELECT * FROM moved', first_day, next_month, partition_name);
        EXECUTE format('ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition_name, first_day, next_month);
    END LOOP;
END
$$;

-- Plain PostgreSQL has no columnstore: nothing happens to readings by age.
CREATE FUNCTION set_age_policies(wanted boolean) RETURNS void LANGUAGE sql AS 'SELECT';
