//! Rules of knowledge bases in tables.

use rusqlite::{Connection, params};

use super::statement::{Statement, integer};
use super::{Effect, feed};
use crate::domain::{KnowledgeBaseId, Revision, Rulebook};
use crate::store::rows::{RulebookBody, encode};
use crate::store::{ChangedSubject, Result, RulebookRecord, StoreError};

const TABLE: &str = "rulebooks";

const ONE: Statement = Statement::new(
    TABLE,
    "SELECT knowledge_base, draft_revision, draft, published FROM rulebooks WHERE knowledge_base = ?1",
);
const PUT: Statement = Statement::new(
    TABLE,
    "INSERT INTO rulebooks (knowledge_base, draft_revision, draft, published) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (knowledge_base) DO UPDATE
     SET draft_revision = excluded.draft_revision, draft = excluded.draft, published = excluded.published",
);

/// Gets draft and published rules; empty ones where none were written.
pub(super) fn get(connection: &Connection, base: &KnowledgeBaseId) -> Result<RulebookRecord> {
    let found = ONE.first(connection, [base.as_str()], |cells| {
        Ok(RulebookRecord {
            draft_revision: Revision(cells.count(1)?),
            draft: cells.known(cells.shape::<RulebookBody>(2)?.into_rulebook())?,
            published: cells.known(cells.shape::<RulebookBody>(3)?.into_rulebook())?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Overwrites the draft; the base must exist.
pub(super) fn save_draft(
    connection: &Connection,
    base: &KnowledgeBaseId,
    draft: &Rulebook,
    expected: Revision,
) -> Result<Effect> {
    let mut record = at(connection, base, expected)?;
    record.draft = Rulebook { version: record.published.version, ..draft.clone() };
    record.draft_revision.0 += 1;
    put(connection, base, &record)?;
    feed::revision(connection, base).map(Effect::at)
}

/// Makes the draft the published rules; the base must exist.
pub(super) fn publish(connection: &Connection, base: &KnowledgeBaseId, expected: Revision) -> Result<Effect> {
    let mut record = at(connection, base, expected)?;
    record.draft.version = record.published.version + 1;
    record.published = record.draft.clone();
    // Who read what served before must not write it back over this.
    record.draft_revision.0 += 1;
    put(connection, base, &record)?;
    feed::append(connection, base, ChangedSubject::Rules).map(Effect::at)
}

fn at(connection: &Connection, base: &KnowledgeBaseId, expected: Revision) -> Result<RulebookRecord> {
    let record = get(connection, base)?;
    if record.draft_revision != expected {
        return Err(StoreError::DraftChanged { what: "rules", knowledge_base: base.to_string() });
    }
    Ok(record)
}

fn put(connection: &Connection, base: &KnowledgeBaseId, record: &RulebookRecord) -> Result<()> {
    let draft = encode(&RulebookBody::from(&record.draft));
    let published = encode(&RulebookBody::from(&record.published));
    PUT.run(connection, params![base.as_str(), integer(record.draft_revision.0), draft, published]).map(drop)
}
