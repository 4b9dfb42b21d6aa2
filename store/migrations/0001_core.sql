-- Series, devices and what they sent. All times are event time given by the caller; none is now().

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

-- One row a stream of messages. Every sequence number up to high_water was committed; its row is also
-- the lock that puts the batches of one device in order when several ingesters share a stream.
CREATE TABLE device_stream (
    stream_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id    text   NOT NULL,
    boot_id      text   NOT NULL,
    high_water   bigint NOT NULL DEFAULT 0,
    messages     bigint NOT NULL DEFAULT 0,
    committed_at timestamptz,
    UNIQUE (device_id, boot_id)
) WITH (fillfactor = 50);

-- Committed messages that wait above a gap: rows exist only while a smaller number is missing, so the
-- mark moves without looking at what was sent long ago.
CREATE TABLE message (
    stream_id integer NOT NULL REFERENCES device_stream,
    seq       bigint  NOT NULL,
    PRIMARY KEY (stream_id, seq)
);

-- The newest reading of each series by observed time, kept in step by the transaction that writes it.
CREATE TABLE latest_reading (
    series_id       integer PRIMARY KEY REFERENCES series,
    observed_at     timestamptz NOT NULL,
    value           double precision,
    flag            text NOT NULL,
    unchanged_since timestamptz NOT NULL
) WITH (fillfactor = 50);

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
    detail         text NOT NULL,
    accounted      boolean NOT NULL
);

CREATE UNIQUE INDEX dead_letter_once ON dead_letter (received_at, topic, md5(payload), md5(detail));

-- How many there are, without counting them.
CREATE TABLE dead_letter_count (
    reason    text NOT NULL,
    accounted boolean NOT NULL,
    letters   bigint NOT NULL,
    PRIMARY KEY (reason, accounted)
);
