-- Version 1. It was released, so it is never changed. What stands in braces is said by each database in its own words.

CREATE TABLE records (
    id {number} PRIMARY KEY,
    call_ref TEXT NOT NULL UNIQUE,
    agent_id TEXT,
    action_name TEXT,
    intercept_index {number},
    source_url TEXT NOT NULL,
    method TEXT NOT NULL,
    request_payload TEXT NOT NULL,
    raw_response TEXT NOT NULL,
    response_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    decisions TEXT NOT NULL,
    created_at {time} NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX records_by_action ON records (action_name, agent_id, id);
CREATE INDEX records_by_agent ON records (agent_id, id);
CREATE INDEX records_by_time ON records (created_at);
CREATE TABLE record_head (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), id {number} NOT NULL, hash TEXT NOT NULL);
INSERT INTO record_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE trust_endpoints (
    place {place},
    id TEXT NOT NULL UNIQUE,
    org TEXT NOT NULL,
    url TEXT NOT NULL,
    normalized_url TEXT NOT NULL,
    label TEXT,
    tier TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT,
    created_by TEXT
);
CREATE UNIQUE INDEX trust_active ON trust_endpoints (org, normalized_url) WHERE revoked_at IS NULL;
CREATE TABLE audit_events (
    id {place},
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    call_ref TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_kind ON audit_events (kind, id);
