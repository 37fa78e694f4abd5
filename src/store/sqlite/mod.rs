//! The default store: one SQLite file, nothing to install.
//!
//! The only place that says SQL. Invariants: one connection writes, behind a lock, in `BEGIN IMMEDIATE` transactions
//! that are on the disk when they return (WAL, `synchronous=FULL`); reads have connections of their own and never wait
//! for a write; what is read in one call is of one moment. Other processes may have the same file open. To add a
//! column or table: add the next file under `migrations/sqlite`, name it in `connect.rs`, and never change an old one.

mod articles;
mod bases;
mod bundles;
mod calibrations;
mod connect;
mod feed;
mod lexicons;
mod pool;
mod records;
mod requests;
mod rulebooks;
mod statement;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::pool::Pool;
use self::statement::whole_file;
use super::rows::Pruning;
use super::{
    ArticleFilter, ArticlePage, BundleChoice, FeedEntry, LexiconRecord, RequestKey, Result, RulebookRecord, Store,
    Write, WriteOp, Written,
};
use crate::domain::{
    AnswerRecord, Article, ArticleId, ArticleNo, BundleId, Calibration, Feedback, KnowledgeBase, KnowledgeBaseId,
    Revision, Satisfaction, StoreEpoch, Timestamp,
};

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    epoch: StoreEpoch,
    writer: Mutex<Writer>,
    readers: Pool,
}

impl SqliteStore {
    /// Opens the file, or makes it with `new_epoch` as its epoch; fails with `UnknownSchema` where a newer program wrote
    /// it, with `Corrupt` where it is no store, and with `Unavailable` where it cannot be opened.
    pub fn open(path: &Path, new_epoch: &str) -> Result<Self> {
        let mut connection = connect::open_writer(path)?;
        let epoch = connect::prepare_tables(&mut connection, new_epoch)?;
        let readers = Pool::open(path)?;
        let writer = Writer { connection, pruning: Pruning::default() };
        Ok(Self { epoch, writer: Mutex::new(writer), readers })
    }

    fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        // The transaction of a call that panicked was rolled back as it was dropped, so the connection is good.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs reads that must agree with one another.
    fn read<T>(&self, run: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut reader = self.readers.take();
        let transaction = reader.transaction().map_err(whole_file)?;
        run(&transaction)
    }

    /// Runs changes outside the revisions of bases: records, feedback, ratings, calibrations, the choice of a bundle.
    fn append<T>(&self, run: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut writer = self.lock_writer();
        let transaction = begin(&mut writer.connection)?;
        let value = run(&transaction)?;
        transaction.commit().map_err(whole_file)?;
        Ok(value)
    }
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    pruning: Pruning,
}

/// What a write did, before the payload is added.
#[derive(Debug)]
struct Effect {
    revision: Revision,
    article: Option<Article>,
    knowledge_base: Option<KnowledgeBase>,
}

impl Effect {
    fn at(revision: Revision) -> Self {
        Self { revision, article: None, knowledge_base: None }
    }
}

impl Store for SqliteStore {
    fn backend(&self) -> &'static str {
        "sqlite"
    }

    fn epoch(&self) -> &StoreEpoch {
        &self.epoch
    }

    fn write(&self, write: &Write) -> Result<Written> {
        let mut guard = self.lock_writer();
        let Writer { connection, pruning } = &mut *guard;
        let transaction = begin(connection)?;
        if let Some(request) = &write.request
            && let Some(written) = requests::replay(&transaction, request)?
        {
            return Ok(written);
        }
        let Effect { revision, article, knowledge_base } = apply(&transaction, &write.op, write.now)?;
        let written = Written { revision, article, knowledge_base, payload: write.payload.clone(), is_replay: false };
        if let Some(request) = &write.request {
            requests::keep(&transaction, request, &written, write.now)?;
        }
        let due = pruning.due(write.now);
        if let Some(before) = due {
            requests::prune(&transaction, before)?;
        }
        transaction.commit().map_err(whole_file)?;
        if due.is_some() {
            pruning.done(write.now);
        }
        Ok(written)
    }

    fn replay(&self, request: &RequestKey) -> Result<Option<Written>> {
        self.read(|transaction| requests::replay(transaction, request))
    }

    fn knowledge_base(&self, id: &KnowledgeBaseId) -> Result<KnowledgeBase> {
        self.read(|transaction| bases::get(transaction, id))
    }

    fn knowledge_bases(&self) -> Result<Vec<KnowledgeBase>> {
        self.read(|transaction| bases::list(transaction))
    }

    fn article(&self, knowledge_base: &KnowledgeBaseId, id: &ArticleId) -> Result<Article> {
        self.read(|transaction| articles::get(transaction, knowledge_base, id))
    }

    fn articles(
        &self,
        knowledge_base: &KnowledgeBaseId,
        filter: &ArticleFilter,
        after: Option<&ArticleId>,
        limit: usize,
    ) -> Result<ArticlePage> {
        self.read(|transaction| {
            bases::require(transaction, knowledge_base)?;
            articles::Listing::new(knowledge_base, filter).page(transaction, after, limit)
        })
    }

    fn snapshot(&self, knowledge_base: &KnowledgeBaseId) -> Result<(Vec<Article>, Revision)> {
        self.read(|transaction| {
            bases::require(transaction, knowledge_base)?;
            let revision = feed::revision(transaction, knowledge_base)?;
            Ok((articles::all(transaction, knowledge_base)?, revision))
        })
    }

    fn articles_by_no(&self, knowledge_base: &KnowledgeBaseId, nos: &[ArticleNo]) -> Result<Vec<Article>> {
        self.read(|transaction| articles::by_no(transaction, knowledge_base, nos))
    }

    fn lexicon(&self, knowledge_base: &KnowledgeBaseId) -> Result<LexiconRecord> {
        self.read(|transaction| lexicons::get(transaction, knowledge_base))
    }

    fn rulebook(&self, knowledge_base: &KnowledgeBaseId) -> Result<RulebookRecord> {
        self.read(|transaction| rulebooks::get(transaction, knowledge_base))
    }

    fn feed(&self, knowledge_base: &KnowledgeBaseId, after: Revision, limit: usize) -> Result<Vec<FeedEntry>> {
        self.read(|transaction| feed::after(transaction, knowledge_base, after, limit))
    }

    fn counters(&self) -> Result<Vec<(KnowledgeBaseId, Revision)>> {
        self.read(|transaction| feed::counters(transaction))
    }

    fn bundle_choice(&self) -> Result<BundleChoice> {
        self.read(|transaction| bundles::get(transaction))
    }

    fn choose_bundle(&self, history: &[BundleId], expected: Revision) -> Result<Revision> {
        self.append(|transaction| bundles::choose(transaction, history, expected))
    }

    fn calibration_versions(&self, generation: &str) -> Result<Vec<(KnowledgeBaseId, u64)>> {
        self.read(|transaction| calibrations::versions(transaction, generation))
    }

    fn calibration(&self, knowledge_base: &KnowledgeBaseId, generation: &str) -> Result<Option<(Calibration, u64)>> {
        self.read(|transaction| calibrations::get(transaction, knowledge_base, generation))
    }

    fn keep_calibration(
        &self,
        knowledge_base: &KnowledgeBaseId,
        calibration: &Calibration,
        expected: u64,
    ) -> Result<Option<u64>> {
        self.append(|transaction| calibrations::put(transaction, knowledge_base, calibration, expected))
    }

    fn add_answer_records(&self, records: &[AnswerRecord]) -> Result<()> {
        self.append(|transaction| records.iter().try_for_each(|record| records::add_answer(transaction, record)))
    }

    fn answer_record(&self, id: &str) -> Result<Option<AnswerRecord>> {
        self.read(|transaction| records::answer(transaction, id))
    }

    fn add_feedback(&self, feedback: &Feedback) -> Result<()> {
        self.append(|transaction| records::add_feedback(transaction, feedback))
    }

    fn feedback_of(&self, answer_record: &str) -> Result<Vec<Feedback>> {
        self.read(|transaction| records::feedback_of(transaction, answer_record))
    }

    fn add_satisfaction(&self, satisfaction: &Satisfaction) -> Result<()> {
        self.append(|transaction| records::add_satisfaction(transaction, satisfaction))
    }

    fn satisfaction_of(&self, answer_record: &str) -> Result<Vec<Satisfaction>> {
        self.read(|transaction| records::satisfaction_of(transaction, answer_record))
    }
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    // IMMEDIATE: a transaction that reads first and then wants to write could fail against another process without
    // waiting.
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(whole_file)
}

fn apply(transaction: &Transaction<'_>, op: &WriteOp, now: Timestamp) -> Result<Effect> {
    match op {
        WriteOp::CreateKnowledgeBase(base) => bases::create(transaction, base, now),
        WriteOp::UpdateKnowledgeBase { knowledge_base, expected } => {
            bases::update(transaction, knowledge_base, expected.as_ref(), now)
        }
        WriteOp::DeleteKnowledgeBase { id, expected, force } => {
            bases::delete(transaction, id, expected.as_ref(), *force)
        }
        WriteOp::ChangeArticles { knowledge_base, changes } => {
            bases::require(transaction, knowledge_base)?;
            articles::Changer::new(transaction, knowledge_base, now).run(changes)
        }
        WriteOp::SaveLexiconDraft { knowledge_base, draft, expected } => {
            bases::require(transaction, knowledge_base)?;
            lexicons::save_draft(transaction, knowledge_base, draft, *expected)
        }
        WriteOp::PublishLexicon { knowledge_base, expected } => {
            bases::require(transaction, knowledge_base)?;
            lexicons::publish(transaction, knowledge_base, *expected)
        }
        WriteOp::SaveRulesDraft { knowledge_base, draft, expected } => {
            bases::require(transaction, knowledge_base)?;
            rulebooks::save_draft(transaction, knowledge_base, draft, *expected)
        }
        WriteOp::PublishRules { knowledge_base, expected } => {
            bases::require(transaction, knowledge_base)?;
            rulebooks::publish(transaction, knowledge_base, *expected)
        }
    }
}
