//! What editors do: knowledge bases, articles, lexicons, rules, files; and the indexer that brings it to those who ask.
//!
//! - [`Knowledge`]: every call of an editor, checked, idempotent, made in one write of the store.
//! - [`mod@file`]: articles as JSON lines and CSV. [`profile`], [`demo`]: whole bases from files.
//! - [`Indexer`]: follows the change feed and publishes what serves.
//!
//! All calls block. Must not know who answers, the model, the wire, the configuration or the time of day (a `Clock` is
//! passed in). Invariants: nothing is written that the wire contract does not allow; a write that names a request id is
//! done once. To add a call: a method of [`Knowledge`] in the file of its noun, its checks in `validate`.

mod articles;
pub mod demo;
mod error;
mod fields;
pub mod file;
mod filter;
mod import;
mod indexer;
mod lexicon;
mod page;
mod policy;
pub mod profile;
mod rules;
mod service;
mod validate;

#[cfg(test)]
mod tests;

pub use articles::ArticleUpdate;
pub use error::{FieldViolation, KnowledgeError, Result};
pub use file::{FileFormat, MAX_FILE_BYTES, MAX_FILE_ROWS};
pub use import::{ImportMode, ImportOptions, ImportReport, ImportRow};
pub use indexer::{
    IndexStatus, Indexer, IndexerHandle, Progress, Publish, Published, ReindexProgress, Reindexed,
    Settings as IndexerSettings, Sources,
};
pub use lexicon::{PublishedLexicon, SynonymSetUpdate, synonym_set_etag};
pub use page::{Page, PageRequest};
pub use policy::default_policy;
pub use rules::{PublishedRules, RuleFlaw, RuleFlawKind, RuleUpdate, RulesTrial, rule_etag};
pub use service::{Deletion, Knowledge, KnowledgeBaseUpdate, Request, Saved};
