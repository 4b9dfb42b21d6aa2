-- Model states and forecasts: one row an issue and series, quantiles as real[] in lead-major order.

CREATE TABLE model_state (
    valid_at           timestamptz NOT NULL,
    configuration_hash text NOT NULL,
    code_version       text NOT NULL,
    seed               bigint NOT NULL,
    state              bytea NOT NULL,
    PRIMARY KEY (configuration_hash, valid_at)
);

CREATE TABLE forecast_run (
    run_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    issued_at          timestamptz NOT NULL,
    kind               text NOT NULL,
    scheme             text NOT NULL,
    label              text NOT NULL,
    members            integer NOT NULL,
    seed               bigint NOT NULL,
    code_version       text NOT NULL,
    configuration_hash text NOT NULL,
    lead_minutes       integer[] NOT NULL,
    quantile_levels    real[] NOT NULL,
    water_balance_error double precision NOT NULL,
    UNIQUE (issued_at, kind)
);

CREATE TABLE forecast_series (
    run_id    bigint NOT NULL REFERENCES forecast_run ON DELETE CASCADE,
    series_id integer NOT NULL REFERENCES series,
    quantiles real[] NOT NULL,
    peak_value real[] NOT NULL,
    peak_lead_minutes real[] NOT NULL,
    PRIMARY KEY (run_id, series_id)
);

-- Nobody filters by these; statistics of long arrays would only keep the server busy.
ALTER TABLE forecast_series ALTER quantiles SET STATISTICS 0;
ALTER TABLE forecast_series ALTER peak_value SET STATISTICS 0;
ALTER TABLE forecast_series ALTER peak_lead_minutes SET STATISTICS 0;

CREATE TABLE forecast_crossing (
    run_id      bigint NOT NULL REFERENCES forecast_run ON DELETE CASCADE,
    station_id  text NOT NULL,
    variable    text NOT NULL,
    phase       text NOT NULL,
    origin      text NOT NULL,
    threshold   double precision NOT NULL,
    threshold_detail jsonb NOT NULL,
    probability real NOT NULL CHECK (probability BETWEEN 0 AND 1),
    lead_minutes real[]
);
CREATE INDEX forecast_crossing_run ON forecast_crossing (run_id);
