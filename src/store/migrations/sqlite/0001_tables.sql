-- Schema version 1. Times are milliseconds since 1970; bodies are the versioned JSON of src/store/rows.

-- One row: the epoch names this life of the store.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The count of changes of every base that ever was; it outlives the base.
CREATE TABLE counters (
    knowledge_base TEXT PRIMARY KEY,
    revision       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE knowledge_bases (
    id              TEXT PRIMARY KEY REFERENCES counters (knowledge_base),
    record_revision INTEGER NOT NULL,
    create_time     INTEGER NOT NULL,
    update_time     INTEGER NOT NULL,
    body            TEXT NOT NULL
) STRICT;

-- state, domain, tags and questions repeat what the body says, for filters; AUTOINCREMENT because a number is never
-- given twice.
CREATE TABLE articles (
    no             INTEGER PRIMARY KEY AUTOINCREMENT,
    knowledge_base TEXT NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    id             TEXT NOT NULL,
    revision       INTEGER NOT NULL,
    create_time    INTEGER NOT NULL,
    update_time    INTEGER NOT NULL,
    state          TEXT NOT NULL,
    domain         TEXT NOT NULL,
    tags           TEXT NOT NULL,
    questions      TEXT NOT NULL,
    body           TEXT NOT NULL,
    UNIQUE (knowledge_base, id)
) STRICT;

CREATE TABLE lexicons (
    knowledge_base TEXT PRIMARY KEY REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    draft_revision INTEGER NOT NULL,
    draft          TEXT NOT NULL,
    published      TEXT NOT NULL
) STRICT;

-- One row a revision; it outlives the base.
CREATE TABLE feed (
    knowledge_base TEXT NOT NULL REFERENCES counters (knowledge_base),
    revision       INTEGER NOT NULL,
    subject        TEXT NOT NULL,
    article_no     INTEGER,
    article_id     TEXT,
    PRIMARY KEY (knowledge_base, revision)
) STRICT, WITHOUT ROWID;

-- Replies to request ids, kept for a week.
CREATE TABLE requests (
    credential  TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    create_time INTEGER NOT NULL,
    written     TEXT NOT NULL,
    PRIMARY KEY (credential, request_id)
) STRICT;

CREATE INDEX requests_by_time ON requests (create_time);

-- What is kept of calls refers to no base, for it outlives one.
CREATE TABLE answer_records (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE feedback (
    id            TEXT PRIMARY KEY,
    answer_record TEXT NOT NULL,
    create_time   INTEGER NOT NULL,
    body          TEXT NOT NULL
) STRICT;

CREATE INDEX feedback_by_record ON feedback (answer_record, create_time, id);

CREATE TABLE satisfaction (
    id            TEXT PRIMARY KEY,
    answer_record TEXT NOT NULL,
    create_time   INTEGER NOT NULL,
    body          TEXT NOT NULL
) STRICT;

CREATE INDEX satisfaction_by_record ON satisfaction (answer_record, create_time, id);
