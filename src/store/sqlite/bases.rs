//! Knowledge bases in tables.

use rusqlite::{Connection, params};

use super::statement::{Cells, Statement, integer};
use super::{Effect, feed};
use crate::domain::{Etag, KnowledgeBase, KnowledgeBaseId, Revision, Timestamp};
use crate::store::error::Subject;
use crate::store::rows::{KnowledgeBaseBody, KnowledgeBaseStamp, encode};
use crate::store::{ChangedSubject, Result, StoreError};

const TABLE: &str = "knowledge_bases";

const EXISTS: Statement = Statement::new(TABLE, "SELECT id FROM knowledge_bases WHERE id = ?1");
const STAMP: Statement =
    Statement::new(TABLE, "SELECT id, record_revision, create_time FROM knowledge_bases WHERE id = ?1");
const ONE: Statement = Statement::new(
    TABLE,
    "SELECT b.id, c.revision, b.record_revision, b.create_time, b.update_time, b.body
     FROM knowledge_bases b JOIN counters c ON c.knowledge_base = b.id WHERE b.id = ?1",
);
const ALL: Statement = Statement::new(
    TABLE,
    "SELECT b.id, c.revision, b.record_revision, b.create_time, b.update_time, b.body
     FROM knowledge_bases b JOIN counters c ON c.knowledge_base = b.id ORDER BY b.id",
);
const INSERT: Statement = Statement::new(
    TABLE,
    "INSERT INTO knowledge_bases (id, record_revision, create_time, update_time, body) VALUES (?1, ?2, ?3, ?4, ?5)",
);
const UPDATE: Statement = Statement::new(
    TABLE,
    "UPDATE knowledge_bases SET record_revision = ?2, create_time = ?3, update_time = ?4, body = ?5 WHERE id = ?1",
);
const DELETE: Statement = Statement::new(TABLE, "DELETE FROM knowledge_bases WHERE id = ?1");
const ANY_ARTICLE: Statement = Statement::new("articles", "SELECT id FROM articles WHERE knowledge_base = ?1 LIMIT 1");

/// Gets a knowledge base; `NotFound` where there is none.
pub(super) fn get(connection: &Connection, id: &KnowledgeBaseId) -> Result<KnowledgeBase> {
    ONE.first(connection, [id.as_str()], read)?.ok_or_else(|| Subject::Base(id).not_found())
}

/// Lists all knowledge bases by id.
pub(super) fn list(connection: &Connection) -> Result<Vec<KnowledgeBase>> {
    ALL.all(connection, [], read)
}

/// Fails with `NotFound` where the base does not exist.
pub(super) fn require(connection: &Connection, id: &KnowledgeBaseId) -> Result<()> {
    if exists(connection, id)? { Ok(()) } else { Err(Subject::Base(id).not_found()) }
}

/// Creates a knowledge base.
pub(super) fn create(connection: &Connection, given: &KnowledgeBase, now: Timestamp) -> Result<Effect> {
    if exists(connection, &given.id)? {
        return Err(Subject::Base(&given.id).already_exists());
    }
    feed::ensure_counter(connection, &given.id)?;
    let revision = feed::append(connection, &given.id, ChangedSubject::KnowledgeBase)?;
    let stored =
        KnowledgeBase { revision, record_revision: revision, create_time: now, update_time: now, ..given.clone() };
    put(INSERT, connection, stored)
}

/// Overwrites a knowledge base.
pub(super) fn update(
    connection: &Connection,
    given: &KnowledgeBase,
    expected: Option<&Etag>,
    now: Timestamp,
) -> Result<Effect> {
    let create_time = checked_create_time(connection, &given.id, expected)?;
    let revision = feed::append(connection, &given.id, ChangedSubject::KnowledgeBase)?;
    let stored = KnowledgeBase { revision, record_revision: revision, create_time, update_time: now, ..given.clone() };
    put(UPDATE, connection, stored)
}

/// Deletes a knowledge base; articles, lexicon and rules go with it by their foreign keys.
pub(super) fn delete(
    connection: &Connection,
    id: &KnowledgeBaseId,
    expected: Option<&Etag>,
    force: bool,
) -> Result<Effect> {
    checked_create_time(connection, id, expected)?;
    if !force && ANY_ARTICLE.first(connection, [id.as_str()], |_| Ok(()))?.is_some() {
        return Err(StoreError::NotEmpty { id: id.to_string() });
    }
    DELETE.run(connection, [id.as_str()])?;
    feed::append(connection, id, ChangedSubject::KnowledgeBaseDeleted).map(Effect::at)
}

fn exists(connection: &Connection, id: &KnowledgeBaseId) -> Result<bool> {
    Ok(EXISTS.first(connection, [id.as_str()], |_| Ok(()))?.is_some())
}

fn checked_create_time(connection: &Connection, id: &KnowledgeBaseId, expected: Option<&Etag>) -> Result<Timestamp> {
    let found = STAMP.first(connection, [id.as_str()], |cells| Ok((Revision(cells.count(1)?), cells.time(2)?)))?;
    let (revision, create_time) = found.ok_or_else(|| Subject::Base(id).not_found())?;
    Subject::Base(id).check_etag(expected, revision)?;
    Ok(create_time)
}

fn put(statement: Statement, connection: &Connection, stored: KnowledgeBase) -> Result<Effect> {
    let params = params![
        stored.id.as_str(),
        integer(stored.record_revision.0),
        stored.create_time.0,
        stored.update_time.0,
        encode(&KnowledgeBaseBody::from(&stored)),
    ];
    statement.run(connection, params)?;
    Ok(Effect { revision: stored.revision, article: None, knowledge_base: Some(stored) })
}

fn read(cells: Cells<'_>) -> Result<KnowledgeBase> {
    let stamp = KnowledgeBaseStamp {
        id: cells.known(KnowledgeBaseId::try_new(cells.get::<String>(0)?))?,
        revision: Revision(cells.count(1)?),
        record_revision: Revision(cells.count(2)?),
        create_time: cells.time(3)?,
        update_time: cells.time(4)?,
    };
    cells.known(cells.shape::<KnowledgeBaseBody>(5)?.into_knowledge_base(stamp))
}
