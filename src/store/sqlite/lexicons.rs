//! Lexicons in tables.

use rusqlite::{Connection, params};

use super::statement::{Statement, integer};
use super::{Effect, feed};
use crate::domain::{KnowledgeBaseId, Lexicon, Revision};
use crate::store::rows::{LexiconBody, encode};
use crate::store::{ChangedSubject, LexiconRecord, Result, StoreError};

const TABLE: &str = "lexicons";

const ONE: Statement = Statement::new(
    TABLE,
    "SELECT knowledge_base, draft_revision, draft, published FROM lexicons WHERE knowledge_base = ?1",
);
const PUT: Statement = Statement::new(
    TABLE,
    "INSERT INTO lexicons (knowledge_base, draft_revision, draft, published) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (knowledge_base) DO UPDATE
     SET draft_revision = excluded.draft_revision, draft = excluded.draft, published = excluded.published",
);

/// Gets draft and published lexicon; empty ones where none was written.
pub(super) fn get(connection: &Connection, base: &KnowledgeBaseId) -> Result<LexiconRecord> {
    let found = ONE.first(connection, [base.as_str()], |cells| {
        Ok(LexiconRecord {
            draft_revision: Revision(cells.count(1)?),
            draft: cells.shape::<LexiconBody>(2)?.into(),
            published: cells.shape::<LexiconBody>(3)?.into(),
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Overwrites the draft; the base must exist.
pub(super) fn save_draft(
    connection: &Connection,
    base: &KnowledgeBaseId,
    draft: &Lexicon,
    expected: Revision,
) -> Result<Effect> {
    let mut record = at(connection, base, expected)?;
    record.draft = Lexicon { version: record.published.version, ..draft.clone() };
    record.draft_revision.0 += 1;
    put(connection, base, &record)?;
    feed::revision(connection, base).map(Effect::at)
}

/// Makes the draft the published lexicon; the base must exist.
pub(super) fn publish(connection: &Connection, base: &KnowledgeBaseId, expected: Revision) -> Result<Effect> {
    let mut record = at(connection, base, expected)?;
    record.draft.version = record.published.version + 1;
    record.published = record.draft.clone();
    put(connection, base, &record)?;
    feed::append(connection, base, ChangedSubject::Lexicon).map(Effect::at)
}

fn at(connection: &Connection, base: &KnowledgeBaseId, expected: Revision) -> Result<LexiconRecord> {
    let record = get(connection, base)?;
    if record.draft_revision != expected {
        return Err(StoreError::DraftChanged { what: "lexicon", knowledge_base: base.to_string() });
    }
    Ok(record)
}

fn put(connection: &Connection, base: &KnowledgeBaseId, record: &LexiconRecord) -> Result<()> {
    let draft = encode(&LexiconBody::from(&record.draft));
    let published = encode(&LexiconBody::from(&record.published));
    PUT.run(connection, params![base.as_str(), integer(record.draft_revision.0), draft, published]).map(drop)
}
