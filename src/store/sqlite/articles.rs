//! Articles in tables: reading, listing, changing.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, named_params, params};

use super::statement::{Cells, Statement, integer};
use super::{Effect, feed};
use crate::domain::{Article, ArticleId, ArticleNo, KnowledgeBaseId, Revision, Timestamp};
use crate::store::error::Subject;
use crate::store::rows::{ArticleBody, ArticleStamp, encode, fold_lines, question_lines, tag_list, tag_needle};
use crate::store::{ArticleChange, ArticleFilter, ArticlePage, ChangedSubject, FeedEntry, Result};

const TABLE: &str = "articles";

/// A statement over articles; the columns are those that `read` reads.
macro_rules! select {
    ($rest:literal) => {
        Statement::keyed_by_two(
            TABLE,
            concat!("SELECT knowledge_base, id, no, revision, create_time, update_time, body FROM articles ", $rest),
        )
    };
}

/// The conditions of a filter; a missing one is NULL.
macro_rules! filtered {
    () => {
        "knowledge_base = :knowledge_base
         AND (:state IS NULL OR state = :state)
         AND (:domain IS NULL OR domain = :domain)
         AND (:tag IS NULL OR instr(tags, :tag) > 0)
         AND (:prefix IS NULL OR substr(id, 1, length(:prefix)) = :prefix)
         AND (:text IS NULL OR instr(questions, :text) > 0)"
    };
}

const BY_ID: Statement = select!("WHERE knowledge_base = ?1 AND id = ?2");
const BY_NO: Statement = select!("WHERE knowledge_base = ?1 AND no = ?2");
const ALL: Statement = select!("WHERE knowledge_base = ?1 ORDER BY id");
const PAGE: Statement = Statement::keyed_by_two(
    TABLE,
    concat!(
        "SELECT knowledge_base, id, no, revision, create_time, update_time, body FROM articles WHERE ",
        filtered!(),
        " AND id > :after ORDER BY id LIMIT :limit"
    ),
);
const COUNT: Statement = Statement::new(TABLE, concat!("SELECT count(*) FROM articles WHERE ", filtered!()));
const STAMP: Statement = Statement::keyed_by_two(
    TABLE,
    "SELECT knowledge_base, id, no, revision, create_time FROM articles WHERE knowledge_base = ?1 AND id = ?2",
);
const INSERT: Statement = Statement::keyed_by_two(
    TABLE,
    "INSERT INTO articles
     (knowledge_base, id, revision, create_time, update_time, state, domain, tags, questions, body)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
);
const UPDATE: Statement = Statement::keyed_by_two(
    TABLE,
    "UPDATE articles SET revision = ?3, create_time = ?4, update_time = ?5, state = ?6, domain = ?7, tags = ?8,
     questions = ?9, body = ?10 WHERE knowledge_base = ?1 AND id = ?2",
);
const DELETE: Statement = Statement::keyed_by_two(TABLE, "DELETE FROM articles WHERE knowledge_base = ?1 AND id = ?2");

/// Gets an article; `NotFound` where there is none.
pub(super) fn get(connection: &Connection, base: &KnowledgeBaseId, id: &ArticleId) -> Result<Article> {
    let found = BY_ID.first(connection, [base.as_str(), id.as_str()], read)?;
    found.ok_or_else(|| Subject::Article(base, id).not_found())
}

/// Reads every article of a base, by id.
pub(super) fn all(connection: &Connection, base: &KnowledgeBaseId) -> Result<Vec<Article>> {
    ALL.all(connection, [base.as_str()], read)
}

/// Reads the named articles that exist, by number.
pub(super) fn by_no(connection: &Connection, base: &KnowledgeBaseId, nos: &[ArticleNo]) -> Result<Vec<Article>> {
    let nos: BTreeSet<ArticleNo> = nos.iter().copied().collect();
    let found = nos.iter().map(|no| BY_NO.first(connection, params![base.as_str(), integer(no.0)], read));
    found.filter_map(Result::transpose).collect()
}

/// A filter in the words of the tables.
pub(super) struct Listing<'a> {
    base: &'a KnowledgeBaseId,
    state: Option<&'static str>,
    domain: Option<&'a str>,
    tag: Option<String>,
    prefix: Option<&'a str>,
    text: Option<String>,
}

impl<'a> Listing<'a> {
    /// Translates the filter.
    pub(super) fn new(base: &'a KnowledgeBaseId, filter: &'a ArticleFilter) -> Self {
        Self {
            base,
            state: filter.state.map(|state| state.as_str()),
            domain: filter.domain.as_deref(),
            tag: filter.tag.as_deref().map(tag_needle),
            prefix: filter.id_prefix.as_deref(),
            text: filter.text.as_deref().map(fold_lines),
        }
    }

    /// Reads a page and counts all pages; both in the transaction given, so that they agree.
    pub(super) fn page(
        &self,
        transaction: &Transaction<'_>,
        after: Option<&ArticleId>,
        limit: usize,
    ) -> Result<ArticlePage> {
        let count = named_params! {
            ":knowledge_base": self.base.as_str(), ":state": self.state, ":domain": self.domain, ":tag": self.tag,
            ":prefix": self.prefix, ":text": self.text,
        };
        let total = COUNT.first(transaction, count, |cells| cells.count(0))?.unwrap_or_default();
        // One more than asked for tells whether there are more. No id is empty, so all come after the empty one.
        let page = named_params! {
            ":knowledge_base": self.base.as_str(), ":state": self.state, ":domain": self.domain, ":tag": self.tag,
            ":prefix": self.prefix, ":text": self.text, ":after": after.map_or("", ArticleId::as_str),
            ":limit": integer(limit as u64).saturating_add(1),
        };
        let mut articles = PAGE.all(transaction, page, read)?;
        let has_more = articles.len() > limit;
        articles.truncate(limit);
        Ok(ArticlePage { articles, has_more, total })
    }
}

/// Does changes of articles in one transaction.
pub(super) struct Changer<'a> {
    transaction: &'a Transaction<'a>,
    base: &'a KnowledgeBaseId,
    now: Timestamp,
}

/// What is stored already.
struct Present {
    no: ArticleNo,
    revision: Revision,
    create_time: Timestamp,
}

impl<'a> Changer<'a> {
    /// Makes a changer; the base must exist.
    pub(super) fn new(transaction: &'a Transaction<'a>, base: &'a KnowledgeBaseId, now: Timestamp) -> Self {
        Self { transaction, base, now }
    }

    /// Does the changes in order; where one fails the transaction is to be rolled back.
    pub(super) fn run(&self, changes: &[ArticleChange]) -> Result<Effect> {
        let num = changes.len() as u64;
        let last = feed::take(self.transaction, self.base, num)?;
        let first = Revision(last.0 - num + 1);
        let mut effect = Effect::at(last);
        for (change, revision) in changes.iter().zip((first.0..).map(Revision)) {
            let (subject, article) = self.change(change, revision)?;
            feed::add(self.transaction, self.base, &FeedEntry { revision, subject })?;
            if revision == first {
                effect.article = article;
            }
        }
        Ok(effect)
    }

    fn change(&self, change: &ArticleChange, revision: Revision) -> Result<(ChangedSubject, Option<Article>)> {
        match change {
            ArticleChange::Create(article) => {
                if self.present(&article.id)?.is_some() {
                    return Err(Subject::Article(self.base, &article.id).already_exists());
                }
                self.put(article, None, revision)
            }
            ArticleChange::Update { article, expected } => {
                let subject = Subject::Article(self.base, &article.id);
                let present = self.present(&article.id)?.ok_or_else(|| subject.not_found())?;
                subject.check_etag(expected.as_ref(), present.revision)?;
                self.put(article, Some(present), revision)
            }
            ArticleChange::Upsert(article) => self.put(article, self.present(&article.id)?, revision),
            ArticleChange::Delete { id, expected } => {
                let subject = Subject::Article(self.base, id);
                let present = self.present(id)?.ok_or_else(|| subject.not_found())?;
                subject.check_etag(expected.as_ref(), present.revision)?;
                DELETE.run(self.transaction, [self.base.as_str(), id.as_str()])?;
                Ok((ChangedSubject::ArticleDeleted { no: present.no, id: id.clone() }, None))
            }
        }
    }

    fn present(&self, id: &ArticleId) -> Result<Option<Present>> {
        STAMP.first(self.transaction, [self.base.as_str(), id.as_str()], |cells| {
            Ok(Present {
                no: ArticleNo(cells.count(2)?),
                revision: Revision(cells.count(3)?),
                create_time: cells.time(4)?,
            })
        })
    }

    fn put(
        &self,
        given: &Article,
        present: Option<Present>,
        revision: Revision,
    ) -> Result<(ChangedSubject, Option<Article>)> {
        let create_time = present.as_ref().map_or(self.now, |present| present.create_time);
        let statement = if present.is_some() { UPDATE } else { INSERT };
        let params = params![
            self.base.as_str(),
            given.id.as_str(),
            integer(revision.0),
            create_time.0,
            self.now.0,
            given.state.as_str(),
            given.domain.as_str(),
            tag_list(&given.tags),
            question_lines(given),
            encode(&ArticleBody::from(given)),
        ];
        statement.run(self.transaction, params)?;
        let inserted = self.transaction.last_insert_rowid().unsigned_abs();
        let no = present.map_or(ArticleNo(inserted), |present| present.no);
        let stored = Article { no, revision, create_time, update_time: self.now, ..given.clone() };
        Ok((ChangedSubject::Article { no, id: given.id.clone() }, Some(stored)))
    }
}

fn read(cells: Cells<'_>) -> Result<Article> {
    let stamp = ArticleStamp {
        id: cells.known(ArticleId::try_new(cells.get::<String>(1)?))?,
        no: ArticleNo(cells.count(2)?),
        revision: Revision(cells.count(3)?),
        create_time: cells.time(4)?,
        update_time: cells.time(5)?,
    };
    cells.known(cells.shape::<ArticleBody>(6)?.into_article(stamp))
}
