//! One base in one generation: its documents, its table, its words, its rules, its record, all of one revision.
//!
//! A view is opened, or built from a snapshot of the store, and then stepped along the feed. A step that fails leaves it
//! as it was. The order of reads matters: first how far the store has come, then what is there; so what is read may be
//! newer than the revision it goes under, never older, and the entries that follow only say it again.

use std::{collections::BTreeSet, sync::Arc};

use super::{IndexStatus, Published, Settings, Sources, board::Board, folder::Folder, plan::Plan};
use crate::{
    domain::{ArticleNo, KnowledgeBase, KnowledgeBaseId, Lexicon, Revision, Rulebook, Timestamp},
    index::{Applied, ArticleIndex, Batch, IndexedArticle, Searcher, Snapshot, Table},
    knowledge::error::{KnowledgeError, Result},
    store::{FeedEntry, StoreError},
    text::Overlay,
};

/// Between two reports of progress, and two looks whether to stop.
const REPORT_EVERY: usize = 64;
/// A view that saw nothing new for so many rounds gives its writer's memory back.
const REST_AFTER_ROUNDS: u32 = 20;

/// What the threads of the indexer share.
pub(super) struct Context {
    pub sources: Sources,
    pub settings: Settings,
    pub folder: Folder,
    pub board: Board,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Moved,
    /// The base does not exist any more.
    Gone,
    /// The feed does not go on where the view stands: it has to be built anew.
    Lost,
}

/// One base, followed.
pub(super) struct View {
    pub generation: String,
    pub revision: Revision,
    record: Arc<KnowledgeBase>,
    words: Words,
    rules: Arc<Rulebook>,
    table: Table,
    index: ArticleIndex,
    searcher: Searcher,
    last_commit: Option<Timestamp>,
    idle_rounds: u32,
}

#[derive(Clone)]
struct Words {
    overlay: Arc<Overlay>,
    lexicon: Arc<Lexicon>,
}

/// A base as it is in the store.
struct Loaded {
    articles: Vec<Arc<IndexedArticle>>,
    revision: Revision,
    record: KnowledgeBase,
    words: Words,
    rules: Arc<Rulebook>,
}

impl View {
    /// Opens a generation and brings it up to the store; `None` where it cannot be trusted. Fails where the store does.
    pub(super) fn reopen(context: &Context, id: &KnowledgeBaseId, generation: &str) -> Result<Option<Self>> {
        let doubt = |why: &str| {
            tracing::warn!(knowledge_base = %id, generation, why, "index generation is not used");
            Ok(None)
        };
        let mut index = match context.folder.open_index(id, generation, context.settings.index) {
            Err(KnowledgeError::Index(error)) => return doubt(&error.to_string()),
            opened => opened?,
        };
        let Some(applied) = index.applied().cloned() else { return doubt("nothing was ever committed") };
        if applied.epoch != *context.sources.store.epoch() {
            return doubt("it is of another store");
        }
        let loaded = load(context, id, &|_, _| ())?;
        let Some(entries) = entries_between(context, id, applied.revision, loaded.revision)? else {
            return doubt("the feed does not lead from it to the store");
        };
        let plan = Plan::of(applied.revision, &entries);
        let upserts: Vec<Arc<IndexedArticle>> =
            loaded.articles.iter().filter(|article| plan.upserts.contains(&article.article.no)).cloned().collect();
        let deletes: Vec<ArticleNo> = plan.deletes.iter().copied().collect();
        let searcher = if plan.touches_articles() {
            let batch = Batch { clear: plan.is_cleared, upserts: &upserts, deletes: &deletes };
            index.apply(batch, applied_at(context, loaded.revision))
        } else {
            index.searcher()
        };
        let searcher = match searcher {
            Err(error) => return doubt(&error.to_string()),
            Ok(searcher) => searcher,
        };
        let mut view = Self::assembled(loaded, index, searcher, generation);
        view.last_commit = plan.touches_articles().then(|| context.sources.clock.now());
        if view.searcher.num_docs() != view.table.num_phrasings() as u64 {
            return doubt("it does not hold the documents of the store");
        }
        Ok(Some(view))
    }

    /// Builds a generation from a snapshot of the store.
    pub(super) fn build(
        context: &Context,
        id: &KnowledgeBaseId,
        generation: &str,
        report: &dyn Fn(u64, u64),
    ) -> Result<Self> {
        let loaded = load(context, id, report)?;
        let mut index = context.folder.open_index(id, generation, context.settings.index)?;
        let batch = Batch { clear: true, upserts: &loaded.articles, deletes: &[] };
        let searcher = index.apply(batch, applied_at(context, loaded.revision))?;
        let mut view = Self::assembled(loaded, index, searcher, generation);
        view.last_commit = Some(context.sources.clock.now());
        Ok(view)
    }

    fn assembled(loaded: Loaded, index: ArticleIndex, searcher: Searcher, generation: &str) -> Self {
        Self {
            generation: generation.to_owned(),
            revision: loaded.revision,
            record: Arc::new(loaded.record),
            words: loaded.words,
            rules: loaded.rules,
            table: Table::build(loaded.articles),
            index,
            searcher,
            last_commit: None,
            idle_rounds: 0,
        }
    }

    /// Follows the next stretch of the feed; to be called where the store is known to have come further.
    pub(super) fn step(&mut self, context: &Context, id: &KnowledgeBaseId) -> Result<Step> {
        let store = &context.sources.store;
        let entries = store.feed(id, self.revision, context.settings.max_batch_changes)?;
        if !is_gapless(self.revision, &entries) || entries.is_empty() {
            return Ok(Step::Lost);
        }
        let plan = Plan::of(self.revision, &entries);
        let record = match plan.is_record_changed.then(|| store.knowledge_base(id)) {
            None => Arc::clone(&self.record),
            Some(Err(StoreError::NotFound { .. })) => return Ok(Step::Gone),
            Some(found) => Arc::new(found?),
        };
        let words = if plan.is_lexicon_changed { words_of(context, id)? } else { self.words.clone() };
        let rules = if plan.is_rules_changed { rules_of(context, id, &self.rules)? } else { Arc::clone(&self.rules) };
        let nos: Vec<ArticleNo> = plan.upserts.iter().copied().collect();
        let articles = if nos.is_empty() { Vec::new() } else { store.articles_by_no(id, &nos)? };
        let upserts: Vec<Arc<IndexedArticle>> = articles
            .into_iter()
            .map(|article| Arc::new(IndexedArticle::build(Arc::new(article), &words.overlay)))
            .collect();
        // What was deleted after this stretch is not found any more.
        let found: BTreeSet<ArticleNo> = upserts.iter().map(|article| article.article.no).collect();
        let deletes: Vec<ArticleNo> = plan.deletes.union(&(&plan.upserts - &found)).copied().collect();
        let before = match (plan.is_cleared, plan.is_lexicon_changed) {
            (true, _) => Table::default(),
            (false, true) => self.table.relaid(&words.overlay),
            (false, false) => self.table.clone(),
        };
        if plan.touches_articles() {
            let batch = Batch { clear: plan.is_cleared, upserts: &upserts, deletes: &deletes };
            self.searcher = self.index.apply(batch, applied_at(context, plan.up_to))?;
            self.last_commit = Some(context.sources.clock.now());
        }
        self.table = before.with_changes(&upserts, &deletes);
        (self.record, self.words, self.rules) = (record, words, rules);
        (self.revision, self.idle_rounds) = (plan.up_to, 0);
        Ok(Step::Moved)
    }

    /// Notes a round without anything new; after some the writer's memory is given back.
    pub(super) fn idle(&mut self) -> Result<()> {
        self.idle_rounds = self.idle_rounds.saturating_add(1);
        if self.idle_rounds == REST_AFTER_ROUNDS { self.rest() } else { Ok(()) }
    }

    /// Gives the writer's memory back until the next change.
    pub(super) fn rest(&mut self) -> Result<()> {
        Ok(self.index.rest()?)
    }

    /// Returns the view as it may serve.
    pub(super) fn published(&self) -> Published {
        Published {
            knowledge_base: Arc::clone(&self.record),
            snapshot: Snapshot {
                searcher: self.searcher.clone(),
                table: self.table.clone(),
                revision: self.revision,
                generation: self.generation.clone(),
            },
            overlay: Arc::clone(&self.words.overlay),
            lexicon_version: self.words.lexicon.version,
            terms: self.words.lexicon.terms.clone(),
            rulebook: Arc::clone(&self.rules),
        }
    }

    /// Tells how far the view has come.
    pub(super) fn status(&self) -> IndexStatus {
        IndexStatus {
            generation: self.generation.clone(),
            applied_revision: self.revision,
            store_revision: self.revision,
            num_articles: self.table.num_articles() as u64,
            num_phrasings: self.table.num_phrasings() as u64,
            last_commit_time: self.last_commit,
            last_error: None,
            reindex: None,
        }
    }
}

fn load(context: &Context, id: &KnowledgeBaseId, report: &dyn Fn(u64, u64)) -> Result<Loaded> {
    let (articles, revision) = context.sources.store.snapshot(id)?;
    let record = context.sources.store.knowledge_base(id)?;
    let (words, rules) = (words_of(context, id)?, rules_of(context, id, &Arc::default())?);
    let total = articles.len() as u64;
    let mut indexed = Vec::with_capacity(articles.len());
    for article in articles {
        if indexed.len() % REPORT_EVERY == 0 {
            if context.board.is_stopped() {
                return Err(KnowledgeError::Stopped);
            }
            report(indexed.len() as u64, total);
        }
        indexed.push(Arc::new(IndexedArticle::build(Arc::new(article), &words.overlay)));
    }
    report(total, total);
    Ok(Loaded { articles: indexed, revision, record, words, rules })
}

fn words_of(context: &Context, id: &KnowledgeBaseId) -> Result<Words> {
    let lexicon = context.sources.store.lexicon(id)?.published;
    let overlay = Arc::new(Overlay::build(&lexicon.terms, &lexicon.synonym_sets)?);
    Ok(Words { overlay, lexicon: Arc::new(lexicon) })
}

/// Gets the rules that were published, or those before where the row cannot be understood: a base serves without its
/// latest rules rather than not at all.
fn rules_of(context: &Context, id: &KnowledgeBaseId, before: &Arc<Rulebook>) -> Result<Arc<Rulebook>> {
    match context.sources.store.rulebook(id) {
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(knowledge_base = %id, %error, version = before.version, "rules are corrupt; those before serve");
            Ok(Arc::clone(before))
        }
        found => Ok(Arc::new(found?.published)),
    }
}

/// Reads the feed from one revision to another; `None` where it does not lead there.
fn entries_between(
    context: &Context,
    id: &KnowledgeBaseId,
    from: Revision,
    to: Revision,
) -> Result<Option<Vec<FeedEntry>>> {
    let mut entries: Vec<FeedEntry> = Vec::new();
    let mut at = from;
    while at < to {
        let next = context.sources.store.feed(id, at, context.settings.max_batch_changes)?;
        let Some(last) = next.last() else { return Ok(None) };
        at = last.revision;
        entries.extend(next);
    }
    entries.retain(|entry| entry.revision <= to);
    Ok((from <= to && is_gapless(from, &entries)).then_some(entries))
}

fn is_gapless(after: Revision, entries: &[FeedEntry]) -> bool {
    entries.iter().zip(after.0 + 1..).all(|(entry, revision)| entry.revision.0 == revision)
}

fn applied_at(context: &Context, revision: Revision) -> Applied {
    Applied { epoch: context.sources.store.epoch().clone(), revision }
}
