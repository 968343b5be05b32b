-- One row a trace: what is searched is a column, the rest is JSON in `facts`.
CREATE TABLE trace (
    trace_id  BLOB PRIMARY KEY,     -- 16 bytes
    started   INTEGER NOT NULL,     -- of the request or unit of work, else of the first span; nanoseconds since 1970
    arrived   INTEGER NOT NULL,     -- when its last batch was stored
    method    TEXT NOT NULL,        -- upper case, of a unit of work its kind (TASK, COMMAND, …); empty without either
    path      TEXT NOT NULL,        -- without the query; of a unit of work its name
    status    INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,     -- of spans, before compression
    request   INTEGER NOT NULL,     -- 1: it holds an HTTP request or a unit of work
    aside     INTEGER NOT NULL,     -- 1: a static file, favicon, health check or unit of work, which "latest" never means
    complete  INTEGER NOT NULL,     -- 1: all of it is here and nothing was lost
    in_flight INTEGER NOT NULL,     -- 1: more must come
    facts     TEXT NOT NULL         -- unspan_collector.facts.Facts
) WITHOUT ROWID;

CREATE INDEX trace_started ON trace (started);
CREATE INDEX trace_in_flight ON trace (arrived) WHERE in_flight;

-- One row a trace and batch: a serialised TracesData, compressed by zstandard, never rewritten.
CREATE TABLE chunk (
    number   INTEGER PRIMARY KEY,   -- order of arrival
    trace_id BLOB NOT NULL,
    spans    BLOB NOT NULL
);

CREATE INDEX chunk_trace ON chunk (trace_id);

-- Traces that no limit removes.
CREATE TABLE pin (trace_id BLOB PRIMARY KEY) WITHOUT ROWID;

-- What `probe` writes to, so that a full disk shows before anything is promised.
CREATE TABLE pulse (beat BLOB NOT NULL);
INSERT INTO pulse VALUES (x'00');
