//! What every store must do: one suite, run against each backend.
//!
//! A case is a function over `&dyn Store` that begins with an empty store. To add a case: write it in the file of its
//! subject and name it in `suite!`. To add a backend: write how to open it and add one line at the end of this file.
//! What only one backend promises (reopening, damage, other processes) is tested in its own folder.

mod articles;
mod bases;
mod bundles;
mod calibrations;
mod feeds;
mod lexicons;
mod listing;
mod random;
mod records;
mod requests;
mod rulebooks;
pub(super) mod sample;
mod threads;

use std::path::Path;

use super::{
    ArticleChange, FeedEntry, LexiconRecord, MemoryStore, RequestKey, Result, RulebookRecord, SqliteStore, Store,
    Write, WriteOp, Written,
};
use crate::domain::{Article, KnowledgeBase, KnowledgeBaseId, Revision, Timestamp};

/// The moment of writes that do not care.
pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Does a write without a request id.
pub(super) fn write(store: &dyn Store, op: WriteOp) -> Result<Written> {
    write_at(store, NOW, op)
}

fn write_at(store: &dyn Store, now: Timestamp, op: WriteOp) -> Result<Written> {
    store.write(&Write { now, request: None, op, payload: String::new() })
}

/// Creates an empty knowledge base.
pub(super) fn create_base(store: &dyn Store, id: &str) -> KnowledgeBaseId {
    write(store, WriteOp::CreateKnowledgeBase(Box::new(sample::base(id)))).expect("the base is new");
    sample::base_id(id)
}

/// Changes articles of a base.
pub(super) fn change(store: &dyn Store, base: &KnowledgeBaseId, changes: Vec<ArticleChange>) -> Result<Written> {
    write(store, WriteOp::ChangeArticles { knowledge_base: base.clone(), changes })
}

fn key(credential: &str, request_id: &str, fingerprint: &str) -> RequestKey {
    let [credential, request_id, fingerprint] = [credential, request_id, fingerprint].map(str::to_owned);
    RequestKey { credential, request_id, fingerprint }
}

/// All that a store says of its bases.
#[derive(Debug, PartialEq)]
pub(super) struct Everything {
    counters: Vec<(KnowledgeBaseId, Revision)>,
    bases: Vec<KnowledgeBase>,
    snapshots: Vec<(Vec<Article>, Revision)>,
    lexicons: Vec<LexiconRecord>,
    rulebooks: Vec<RulebookRecord>,
    feeds: Vec<Vec<FeedEntry>>,
}

/// Reads all that a store says of its bases.
pub(super) fn everything(store: &dyn Store) -> Everything {
    let counters = store.counters().unwrap();
    let bases = store.knowledge_bases().unwrap();
    Everything {
        snapshots: bases.iter().map(|base| store.snapshot(&base.id).unwrap()).collect(),
        lexicons: bases.iter().map(|base| store.lexicon(&base.id).unwrap()).collect(),
        rulebooks: bases.iter().map(|base| store.rulebook(&base.id).unwrap()).collect(),
        feeds: counters.iter().map(|(base, _)| store.feed(base, Revision(0), usize::MAX).unwrap()).collect(),
        counters,
        bases,
    }
}

fn in_memory(case: fn(&dyn Store)) {
    case(&MemoryStore::new("epoch"));
}

fn in_sqlite(case: fn(&dyn Store)) {
    let folder = tempfile::tempdir().unwrap();
    case(&open_sqlite(folder.path()));
}

/// Opens the SQLite store of a test's folder.
pub(super) fn open_sqlite(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("store.db"), "epoch").unwrap()
}

macro_rules! cases {
    ($open:ident; $($group:ident: $($case:ident),+;)+) => {
        $(mod $group {
            $(#[test]
            fn $case() {
                crate::store::contract::$open(crate::store::contract::$group::$case);
            })+
        })+
    };
}

macro_rules! suite {
    ($backend:ident, $open:ident) => {
        mod $backend {
            cases! {
                $open;
                bases: is_created, is_not_created_twice, is_updated, is_guarded_by_its_etag, is_deleted_when_empty,
                    takes_all_along_when_forced, counts_on_when_made_anew, is_missing;
                articles: is_created, changes_fail_as_promised, keeps_number_and_create_time, sees_earlier_changes,
                    does_all_or_nothing, does_nothing_with_no_changes, never_gives_a_number_twice, is_fetched_by_number,
                    holds_odd_texts, lives_in_its_base;
                listing: filters, pages;
                lexicons: is_empty_at_first, is_drafted_and_published, goes_with_its_base, needs_its_base;
                rulebooks: is_empty_at_first, is_drafted_and_published, goes_with_its_base, needs_its_base,
                    is_apart_from_the_lexicon;
                requests: is_replayed, is_refused_with_another_fingerprint, is_apart_by_credential,
                    is_free_after_a_failure, is_forgotten_after_a_week, is_replayed_for_every_write;
                bundles: is_empty_at_first, is_chosen, is_guarded_by_its_revision, is_no_change_of_a_base,
                    counts_every_choice;
                calibrations: is_missing_at_first, is_kept_for_each_generation, is_guarded_by_its_version,
                    goes_with_its_base, needs_its_base, is_no_change_of_a_base;
                records: keeps_the_first_answer_record, keeps_the_first_feedback, keeps_the_first_rating;
                feeds: counts_each_base_apart, names_what_changed, is_read_in_pages, tells_a_follower_all;
                threads: count_without_gaps, do_a_request_once, read_one_moment;
            }
        }
    };
}

suite!(memory, in_memory);
suite!(sqlite, in_sqlite);
