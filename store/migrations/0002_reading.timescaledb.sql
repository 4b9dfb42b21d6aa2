-- Readings as a hypertable. Revision 0 is current unless a later revision is a correction.

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
);

SELECT create_hypertable('reading', by_range('observed_at', INTERVAL '30 days'), create_default_indexes => false);

ALTER TABLE reading SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'series_id',
    timescaledb.orderby = 'observed_at, revision'
);

-- Chunks make themselves.
CREATE FUNCTION prepare_reading_months(months timestamptz[]) RETURNS void LANGUAGE sql AS 'SELECT';

-- Readings move to the columnstore only when no late one is expected any more: rows that arrive for a
-- compressed chunk are slow, and releases of TimescaleDB have lost some of them (issue 7672 there).
CREATE FUNCTION set_age_policies(wanted boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF wanted THEN
        CALL add_columnstore_policy('reading', after => INTERVAL '30 days', if_not_exists => true);
    ELSE
        CALL remove_columnstore_policy('reading', if_exists => true);
    END IF;
END
$$;
