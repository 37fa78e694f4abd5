//! The indexer: keeps the index of every knowledge base at the revision of the store.
//!
//! One thread follows the change feeds of all bases and publishes what it made of them ([`Published`]); a reindex builds
//! a new generation in a thread of its own and hands it over. The index is a view that can be thrown away: where it
//! cannot be trusted (another store, another format, damage) it is built anew beside, and what was published serves on.
//!
//! - `plan`: what a stretch of the feed amounts to; pure.
//! - `folder`: generations on disk.
//! - `view`: one base in one generation: open, build, step.
//! - `board`: what the threads tell one another.
//! - `follow`: the thread; `rebuild`: the reindex; `handle`: the way in.
//!
//! Must not know who is asked or what is answered. Invariants: the published revision of a base never falls; what is
//! published at a revision holds all changes up to it; one base's trouble does not stop another.

mod board;
mod folder;
mod follow;
mod handle;
mod plan;
mod rebuild;
mod view;

#[cfg(test)]
mod tests;

pub use handle::{Indexer, IndexerHandle};

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    domain::{Clock, KnowledgeBase, KnowledgeBaseId, Revision, Rulebook, Timestamp},
    index::{self, Snapshot},
    store::Store,
    text::Overlay,
};

/// How the indexer works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the indexes lie; none keeps them in memory.
    pub index_dir: Option<PathBuf>,
    /// How often the store is asked for changes that nobody here made.
    pub poll_interval: Duration,
    /// The most changes that go into one commit.
    pub max_batch_changes: usize,
    pub index: index::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            index_dir: None,
            poll_interval: Duration::from_millis(500),
            max_batch_changes: 5_000,
            index: index::Settings::default(),
        }
    }
}

/// What the indexer works with.
#[derive(Clone)]
pub struct Sources {
    pub store: Arc<dyn Store>,
    pub publisher: Arc<dyn Publish>,
    pub clock: Arc<dyn Clock>,
}

/// One knowledge base, ready to serve.
#[derive(Clone)]
pub struct Published {
    pub knowledge_base: Arc<KnowledgeBase>,
    pub snapshot: Snapshot,
    pub overlay: Arc<Overlay>,
    pub lexicon_version: u64,
    /// The terms of the lexicon.
    pub terms: Vec<String>,
    /// The rules that serve; the same one as before where they did not change.
    pub rulebook: Arc<Rulebook>,
}

/// Takes what is ready to serve. Called from the indexer's threads, one call at a time; should return soon.
pub trait Publish: Send + Sync {
    /// Puts a base in place of the one of the same id.
    fn publish(&self, base: Published);

    /// Takes a base away that was deleted.
    fn remove(&self, id: &KnowledgeBaseId);
}

/// Hears how far a reindex has come: articles done, articles in all.
pub type Progress = dyn Fn(u64, u64) + Send + Sync;

/// How far the index of a base has come.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IndexStatus {
    /// Empty before the first is published.
    pub generation: String,
    /// What is published holds all changes up to this one.
    pub applied_revision: Revision,
    pub store_revision: Revision,
    pub num_articles: u64,
    pub num_phrasings: u64,
    pub last_commit_time: Option<Timestamp>,
    /// What keeps the base from being followed, until it is followed again.
    pub last_error: Option<String>,
    /// The reindex under way.
    pub reindex: Option<ReindexProgress>,
}

/// How far a reindex has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReindexProgress {
    /// The one that is being built.
    pub generation: String,
    pub done: u64,
    pub total: u64,
    pub start_time: Timestamp,
}

/// A reindex that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reindexed {
    pub generation: String,
    pub revision: Revision,
}
