-- Schema version 2: the rules of a knowledge base.

CREATE TABLE rulebooks (
    knowledge_base TEXT PRIMARY KEY REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    draft_revision INTEGER NOT NULL,
    draft          TEXT NOT NULL,
    published      TEXT NOT NULL
) STRICT;
