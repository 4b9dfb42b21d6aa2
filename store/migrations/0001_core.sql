-- Series, readings with quality, dead letters. All times are event time given by the caller; none is now().

CREATE TABLE series (
    series_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station_id text NOT NULL,
    variable   text NOT NULL,
    source_id  text NOT NULL,
    UNIQUE (station_id, variable, source_id)
);

CREATE TABLE device (
    device_id text PRIMARY KEY
);

CREATE TABLE device_station (
    device_id  text NOT NULL REFERENCES device,
    station_id text NOT NULL,
    PRIMARY KEY (device_id, station_id)
);

-- One row a field message that was committed: drops redelivered copies and carries the high-water mark.
CREATE TABLE message (
    device_id   text   NOT NULL,
    boot_id     text   NOT NULL,
    seq         bigint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (device_id, boot_id, seq)
);

-- revision 0 is current unless a later revision is a correction.
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

-- Later judgements of a value; the newest with known_at <= T is the flag as known at T.
CREATE TABLE flag_change (
    series_id   integer NOT NULL,
    observed_at timestamptz NOT NULL,
    revision    integer NOT NULL,
    known_at    timestamptz NOT NULL,
    flag        text NOT NULL CHECK (flag IN ('GOOD', 'SUSPECT', 'BAD', 'MISSING')),
    rule        text NOT NULL,
    author      text NOT NULL,
    PRIMARY KEY (series_id, observed_at, revision, known_at)
);

CREATE TABLE dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at    timestamptz NOT NULL,
    device_id      text,
    topic          text NOT NULL,
    payload        bytea NOT NULL,
    reason         text NOT NULL,
    detail         text NOT NULL
);
