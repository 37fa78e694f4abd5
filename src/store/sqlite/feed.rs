//! Counters and the change feed: what makes a revision.

use rusqlite::{Connection, params};

use super::statement::{Cells, Statement, integer};
use crate::domain::{ArticleId, ArticleNo, KnowledgeBaseId, Revision};
use crate::store::error::Subject;
use crate::store::rows::RowError;
use crate::store::{ChangedSubject, FeedEntry, Result};

const ENSURE: Statement =
    Statement::new("counters", "INSERT INTO counters (knowledge_base, revision) VALUES (?1, 0) ON CONFLICT DO NOTHING");
const TAKE: Statement = Statement::new(
    "counters",
    "UPDATE counters SET revision = revision + ?2 WHERE knowledge_base = ?1 RETURNING knowledge_base, revision",
);
const ONE: Statement =
    Statement::new("counters", "SELECT knowledge_base, revision FROM counters WHERE knowledge_base = ?1");
const ALL: Statement =
    Statement::new("counters", "SELECT knowledge_base, revision FROM counters ORDER BY knowledge_base");
const APPEND: Statement = Statement::keyed_by_two(
    "feed",
    "INSERT INTO feed (knowledge_base, revision, subject, article_no, article_id) VALUES (?1, ?2, ?3, ?4, ?5)",
);
const AFTER: Statement = Statement::keyed_by_two(
    "feed",
    "SELECT knowledge_base, revision, subject, article_no, article_id FROM feed
     WHERE knowledge_base = ?1 AND revision > ?2 ORDER BY revision LIMIT ?3",
);

const ARTICLE: &str = "article";
const ARTICLE_DELETED: &str = "article_deleted";
const KNOWLEDGE_BASE: &str = "knowledge_base";
const KNOWLEDGE_BASE_DELETED: &str = "knowledge_base_deleted";
const LEXICON: &str = "lexicon";
const RULES: &str = "rules";

/// Makes the counter of a base, where it never was before.
pub(super) fn ensure_counter(connection: &Connection, base: &KnowledgeBaseId) -> Result<()> {
    ENSURE.run(connection, [base.as_str()]).map(drop)
}

/// Takes the next `num` revisions and returns the last of them; the row stays locked until the transaction ends.
pub(super) fn take(connection: &Connection, base: &KnowledgeBaseId, num: u64) -> Result<Revision> {
    let last = TAKE.first(connection, params![base.as_str(), integer(num)], |cells| cells.count(1))?;
    last.map(Revision).ok_or_else(|| Subject::Base(base).not_found())
}

/// Reads the revision of a base.
pub(super) fn revision(connection: &Connection, base: &KnowledgeBaseId) -> Result<Revision> {
    let found = ONE.first(connection, [base.as_str()], |cells| cells.count(1))?;
    found.map(Revision).ok_or_else(|| Subject::Base(base).not_found())
}

/// Lists all counters by id.
pub(super) fn counters(connection: &Connection) -> Result<Vec<(KnowledgeBaseId, Revision)>> {
    ALL.all(connection, [], |cells| {
        let base = cells.known(KnowledgeBaseId::try_new(cells.get::<String>(0)?))?;
        Ok((base, Revision(cells.count(1)?)))
    })
}

/// Takes a revision for one change and appends it to the feed.
pub(super) fn append(connection: &Connection, base: &KnowledgeBaseId, subject: ChangedSubject) -> Result<Revision> {
    let revision = take(connection, base, 1)?;
    add(connection, base, &FeedEntry { revision, subject })?;
    Ok(revision)
}

/// Appends an entry whose revision was taken before.
pub(super) fn add(connection: &Connection, base: &KnowledgeBaseId, entry: &FeedEntry) -> Result<()> {
    let (subject, article) = match &entry.subject {
        ChangedSubject::Article { no, id } => (ARTICLE, Some((no, id))),
        ChangedSubject::ArticleDeleted { no, id } => (ARTICLE_DELETED, Some((no, id))),
        ChangedSubject::KnowledgeBase => (KNOWLEDGE_BASE, None),
        ChangedSubject::KnowledgeBaseDeleted => (KNOWLEDGE_BASE_DELETED, None),
        ChangedSubject::Lexicon => (LEXICON, None),
        ChangedSubject::Rules => (RULES, None),
    };
    let no = article.map(|(no, _)| integer(no.0));
    let id = article.map(|(_, id)| id.as_str());
    APPEND.run(connection, params![base.as_str(), integer(entry.revision.0), subject, no, id]).map(drop)
}

/// Reads the feed after a revision.
pub(super) fn after(
    connection: &Connection,
    base: &KnowledgeBaseId,
    after: Revision,
    limit: usize,
) -> Result<Vec<FeedEntry>> {
    let params = params![base.as_str(), integer(after.0), integer(limit as u64)];
    AFTER.all(connection, params, |cells| {
        Ok(FeedEntry { revision: Revision(cells.count(1)?), subject: read_subject(cells)? })
    })
}

fn read_subject(cells: Cells<'_>) -> Result<ChangedSubject> {
    let article = || -> Result<(ArticleNo, ArticleId)> {
        let id = cells.known(ArticleId::try_new(cells.get::<String>(4)?))?;
        Ok((ArticleNo(cells.count(3)?), id))
    };
    match cells.get::<String>(2)?.as_str() {
        ARTICLE => article().map(|(no, id)| ChangedSubject::Article { no, id }),
        ARTICLE_DELETED => article().map(|(no, id)| ChangedSubject::ArticleDeleted { no, id }),
        KNOWLEDGE_BASE => Ok(ChangedSubject::KnowledgeBase),
        KNOWLEDGE_BASE_DELETED => Ok(ChangedSubject::KnowledgeBaseDeleted),
        LEXICON => Ok(ChangedSubject::Lexicon),
        RULES => Ok(ChangedSubject::Rules),
        other => cells.known(Err(RowError::Unknown { field: "subject", found: other.to_owned() })),
    }
}
