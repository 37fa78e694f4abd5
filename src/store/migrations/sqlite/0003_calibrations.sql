-- Schema version 3: how confidences of a knowledge base were set right, once for each generation; version counts the
-- calibrations.

CREATE TABLE calibrations (
    knowledge_base TEXT NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    generation     TEXT NOT NULL,
    version        INTEGER NOT NULL,
    body           TEXT NOT NULL,
    PRIMARY KEY (knowledge_base, generation)
) STRICT, WITHOUT ROWID;
