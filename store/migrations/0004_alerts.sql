-- State of each station and basis, every change of it, and the alerts that operators see.

CREATE TABLE station_state (
    station_id   text NOT NULL,
    basis        text NOT NULL,
    state        text NOT NULL,
    since        timestamptz NOT NULL,
    evaluated_at timestamptz NOT NULL,
    evidence     jsonb NOT NULL,
    PRIMARY KEY (station_id, basis)
);

CREATE TABLE alert (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station_id      text NOT NULL,
    basis           text NOT NULL,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz,
    state           text NOT NULL,
    highest_state   text NOT NULL,
    evidence        jsonb NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    comment         text
);
CREATE INDEX alert_opened_at ON alert (opened_at);
CREATE UNIQUE INDEX alert_open ON alert (station_id, basis) WHERE closed_at IS NULL;

CREATE TABLE transition (
    transition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station_id    text NOT NULL,
    basis         text NOT NULL,
    at            timestamptz NOT NULL,
    before        text NOT NULL,
    after         text NOT NULL,
    reason        text NOT NULL,
    evidence      jsonb NOT NULL
);
CREATE INDEX transition_at ON transition (at);
-- A rule that is run again over the same time says the same and is not written twice.
CREATE UNIQUE INDEX transition_once ON transition (station_id, basis, at, before, after);

-- The clock of the run, one row; play, pause and speed are requests of the operator.
CREATE TABLE run_clock (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    mode      text NOT NULL CHECK (mode IN ('live', 'demo', 'replay')),
    label     text NOT NULL,
    starts_at timestamptz,
    ends_at   timestamptz,
    at        timestamptz NOT NULL,
    playing   boolean NOT NULL,
    speed     double precision NOT NULL CHECK (speed > 0)
);
