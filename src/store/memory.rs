//! The store of tests and of evaluation: all in memory, gone with the process.
//!
//! One lock around plain maps. It must not know of rows or SQL, so that it stays a second opinion on what the contract
//! means. Invariants: a base's feed holds its revisions from 1 on without a gap, so that its length is its counter; a
//! write stages what it does and touches the maps only when nothing can fail any more.

mod drafts;
mod staged;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::staged::{Place, Staged};
use super::error::Subject;
use super::rows::{Pruning, fold_lines, question_lines};
use super::{
    ArticleChange, ArticleFilter, ArticlePage, BundleChoice, ChangedSubject, FeedEntry, LexiconRecord, RequestKey,
    Result, RulebookRecord, Store, StoreError, Write, WriteOp, Written,
};
use crate::domain::{
    AnswerRecord, Article, ArticleId, ArticleNo, BundleId, Calibration, Etag, Feedback, KnowledgeBase, KnowledgeBaseId,
    Revision, Satisfaction, StoreEpoch, Timestamp,
};

/// A store that forgets.
#[derive(Debug)]
pub struct MemoryStore {
    epoch: StoreEpoch,
    state: Mutex<State>,
}

impl MemoryStore {
    /// Makes an empty store of the given epoch.
    pub fn new(epoch: &str) -> Self {
        Self { epoch: StoreEpoch(epoch.to_owned()), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave half a write behind (see the invariants), so the state is good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    bases: BTreeMap<KnowledgeBaseId, Base>,
    /// Of every base that ever was.
    feeds: BTreeMap<KnowledgeBaseId, Vec<FeedEntry>>,
    last_no: u64,
    requests: BTreeMap<(String, String), Request>,
    pruning: Pruning,
    bundle_choice: BundleChoice,
    /// By base and generation, with its version.
    calibrations: BTreeMap<(KnowledgeBaseId, String), (Calibration, u64)>,
    answer_records: BTreeMap<String, AnswerRecord>,
    feedback: BTreeMap<String, Feedback>,
    satisfaction: BTreeMap<String, Satisfaction>,
}

#[derive(Debug)]
struct Base {
    /// Its `revision` is set when it is read.
    record: KnowledgeBase,
    articles: BTreeMap<ArticleId, Article>,
    lexicon: LexiconRecord,
    rulebook: RulebookRecord,
}

#[derive(Debug)]
struct Request {
    fingerprint: String,
    written: Written,
    create_time: Timestamp,
}

/// What a write did, before the payload is added.
#[derive(Default)]
struct Effect {
    article: Option<Article>,
    knowledge_base: Option<KnowledgeBase>,
}

impl Store for MemoryStore {
    fn backend(&self) -> &'static str {
        "memory"
    }

    fn epoch(&self) -> &StoreEpoch {
        &self.epoch
    }

    fn write(&self, write: &Write) -> Result<Written> {
        let mut state = self.lock();
        if let Some(request) = &write.request
            && let Some(written) = state.replay(request)?
        {
            return Ok(written);
        }
        let Effect { article, knowledge_base } = state.apply(&write.op, write.now)?;
        let revision = state.revision(target(&write.op));
        let written = Written { revision, article, knowledge_base, payload: write.payload.clone(), is_replay: false };
        state.keep_request(write, &written);
        Ok(written)
    }

    fn replay(&self, request: &RequestKey) -> Result<Option<Written>> {
        self.lock().replay(request)
    }

    fn knowledge_base(&self, id: &KnowledgeBaseId) -> Result<KnowledgeBase> {
        let state = self.lock();
        Ok(state.record(state.base(id)?))
    }

    fn knowledge_bases(&self) -> Result<Vec<KnowledgeBase>> {
        let state = self.lock();
        Ok(state.bases.values().map(|base| state.record(base)).collect())
    }

    fn article(&self, knowledge_base: &KnowledgeBaseId, id: &ArticleId) -> Result<Article> {
        let state = self.lock();
        let found = state.bases.get(knowledge_base).and_then(|base| base.articles.get(id));
        found.cloned().ok_or_else(|| Subject::Article(knowledge_base, id).not_found())
    }

    fn articles(
        &self,
        knowledge_base: &KnowledgeBaseId,
        filter: &ArticleFilter,
        after: Option<&ArticleId>,
        limit: usize,
    ) -> Result<ArticlePage> {
        let state = self.lock();
        let text = filter.text.as_deref().map(fold_lines);
        let all = state.base(knowledge_base)?.articles.values();
        let found: Vec<&Article> = all.filter(|article| matches(article, filter, text.as_deref())).collect();
        let start = after.map_or(0, |after| found.partition_point(|article| article.id <= *after));
        let rest = &found[start..];
        let articles = rest.iter().take(limit).map(|article| (*article).clone()).collect();
        Ok(ArticlePage { articles, has_more: rest.len() > limit, total: found.len() as u64 })
    }

    fn snapshot(&self, knowledge_base: &KnowledgeBaseId) -> Result<(Vec<Article>, Revision)> {
        let state = self.lock();
        let articles = state.base(knowledge_base)?.articles.values().cloned().collect();
        Ok((articles, state.revision(knowledge_base)))
    }

    fn articles_by_no(&self, knowledge_base: &KnowledgeBaseId, nos: &[ArticleNo]) -> Result<Vec<Article>> {
        let state = self.lock();
        let wanted: BTreeSet<ArticleNo> = nos.iter().copied().collect();
        let base = state.bases.get(knowledge_base);
        let all = base.into_iter().flat_map(|base| base.articles.values());
        let mut found: Vec<Article> = all.filter(|article| wanted.contains(&article.no)).cloned().collect();
        found.sort_by_key(|article| article.no);
        Ok(found)
    }

    fn lexicon(&self, knowledge_base: &KnowledgeBaseId) -> Result<LexiconRecord> {
        Ok(self.lock().bases.get(knowledge_base).map(|base| base.lexicon.clone()).unwrap_or_default())
    }

    fn rulebook(&self, knowledge_base: &KnowledgeBaseId) -> Result<RulebookRecord> {
        Ok(self.lock().bases.get(knowledge_base).map(|base| base.rulebook.clone()).unwrap_or_default())
    }

    fn feed(&self, knowledge_base: &KnowledgeBaseId, after: Revision, limit: usize) -> Result<Vec<FeedEntry>> {
        let state = self.lock();
        let entries = state.feeds.get(knowledge_base).map(Vec::as_slice).unwrap_or_default();
        Ok(entries.iter().skip(usize::try_from(after.0).unwrap_or(usize::MAX)).take(limit).cloned().collect())
    }

    fn counters(&self) -> Result<Vec<(KnowledgeBaseId, Revision)>> {
        let state = self.lock();
        Ok(state.feeds.keys().map(|id| (id.clone(), state.revision(id))).collect())
    }

    fn bundle_choice(&self) -> Result<BundleChoice> {
        Ok(self.lock().bundle_choice.clone())
    }

    fn choose_bundle(&self, history: &[BundleId], expected: Revision) -> Result<Revision> {
        let choice = &mut self.lock().bundle_choice;
        if choice.revision != expected {
            return Err(StoreError::BundleChoiceChanged);
        }
        *choice = BundleChoice { history: history.to_vec(), revision: Revision(expected.0 + 1) };
        Ok(choice.revision)
    }

    fn calibration_versions(&self, generation: &str) -> Result<Vec<(KnowledgeBaseId, u64)>> {
        let state = self.lock();
        let kept = state.calibrations.iter().filter(|((_, found), _)| found == generation);
        Ok(kept.map(|((base, _), (_, version))| (base.clone(), *version)).collect())
    }

    fn calibration(&self, knowledge_base: &KnowledgeBaseId, generation: &str) -> Result<Option<(Calibration, u64)>> {
        Ok(self.lock().calibrations.get(&(knowledge_base.clone(), generation.to_owned())).cloned())
    }

    fn keep_calibration(
        &self,
        knowledge_base: &KnowledgeBaseId,
        calibration: &Calibration,
        expected: u64,
    ) -> Result<Option<u64>> {
        let mut state = self.lock();
        state.base(knowledge_base)?;
        let key = (knowledge_base.clone(), calibration.generation.clone());
        if state.calibrations.get(&key).map_or(0, |(_, version)| *version) != expected {
            return Ok(None);
        }
        state.calibrations.insert(key, (calibration.clone(), expected + 1));
        Ok(Some(expected + 1))
    }

    fn add_answer_records(&self, records: &[AnswerRecord]) -> Result<()> {
        let mut state = self.lock();
        for record in records {
            state.answer_records.entry(record.id.clone()).or_insert_with(|| record.clone());
        }
        Ok(())
    }

    fn answer_record(&self, id: &str) -> Result<Option<AnswerRecord>> {
        Ok(self.lock().answer_records.get(id).cloned())
    }

    fn add_feedback(&self, feedback: &Feedback) -> Result<()> {
        self.lock().feedback.entry(feedback.id.clone()).or_insert_with(|| feedback.clone());
        Ok(())
    }

    fn feedback_of(&self, answer_record: &str) -> Result<Vec<Feedback>> {
        let state = self.lock();
        let all = state.feedback.values().filter(|feedback| feedback.answer_record == answer_record);
        let mut found: Vec<Feedback> = all.cloned().collect();
        found.sort_by_key(|feedback| feedback.create_time);
        Ok(found)
    }

    fn add_satisfaction(&self, satisfaction: &Satisfaction) -> Result<()> {
        self.lock().satisfaction.entry(satisfaction.id.clone()).or_insert_with(|| satisfaction.clone());
        Ok(())
    }

    fn satisfaction_of(&self, answer_record: &str) -> Result<Vec<Satisfaction>> {
        let state = self.lock();
        let all = state.satisfaction.values().filter(|satisfaction| satisfaction.answer_record == answer_record);
        let mut found: Vec<Satisfaction> = all.cloned().collect();
        found.sort_by_key(|satisfaction| satisfaction.create_time);
        Ok(found)
    }
}

impl State {
    fn base(&self, id: &KnowledgeBaseId) -> Result<&Base> {
        self.bases.get(id).ok_or_else(|| Subject::Base(id).not_found())
    }

    fn base_mut(&mut self, id: &KnowledgeBaseId) -> Result<&mut Base> {
        self.bases.get_mut(id).ok_or_else(|| Subject::Base(id).not_found())
    }

    fn revision(&self, id: &KnowledgeBaseId) -> Revision {
        Revision(self.feeds.get(id).map_or(0, |feed| feed.len() as u64))
    }

    fn record(&self, base: &Base) -> KnowledgeBase {
        KnowledgeBase { revision: self.revision(&base.record.id), ..base.record.clone() }
    }

    fn append(&mut self, id: &KnowledgeBaseId, subject: ChangedSubject) -> Revision {
        let feed = self.feeds.entry(id.clone()).or_default();
        let revision = Revision(feed.len() as u64 + 1);
        feed.push(FeedEntry { revision, subject });
        revision
    }

    fn replay(&self, key: &RequestKey) -> Result<Option<Written>> {
        let Some(request) = self.requests.get(&(key.credential.clone(), key.request_id.clone())) else {
            return Ok(None);
        };
        if request.fingerprint != key.fingerprint {
            return Err(StoreError::FingerprintMismatch { request_id: key.request_id.clone() });
        }
        Ok(Some(Written { is_replay: true, ..request.written.clone() }))
    }

    fn keep_request(&mut self, write: &Write, written: &Written) {
        if let Some(key) = &write.request {
            let request =
                Request { fingerprint: key.fingerprint.clone(), written: written.clone(), create_time: write.now };
            self.requests.insert((key.credential.clone(), key.request_id.clone()), request);
        }
        if let Some(before) = self.pruning.due(write.now) {
            self.requests.retain(|_, request| request.create_time >= before);
            self.pruning.done(write.now);
        }
    }

    fn apply(&mut self, op: &WriteOp, now: Timestamp) -> Result<Effect> {
        match op {
            WriteOp::CreateKnowledgeBase(given) => self.create_base(given, now),
            WriteOp::UpdateKnowledgeBase { knowledge_base, expected } => {
                self.update_base(knowledge_base, expected.as_ref(), now)
            }
            WriteOp::DeleteKnowledgeBase { id, expected, force } => self.delete_base(id, expected.as_ref(), *force),
            WriteOp::ChangeArticles { knowledge_base, changes } => self.change_articles(knowledge_base, changes, now),
            WriteOp::SaveLexiconDraft { knowledge_base, draft, expected } => {
                self.save_lexicon(knowledge_base, draft, *expected)
            }
            WriteOp::PublishLexicon { knowledge_base, expected } => self.publish_lexicon(knowledge_base, *expected),
            WriteOp::SaveRulesDraft { knowledge_base, draft, expected } => {
                self.save_rules(knowledge_base, draft, *expected)
            }
            WriteOp::PublishRules { knowledge_base, expected } => self.publish_rules(knowledge_base, *expected),
        }
    }

    fn create_base(&mut self, given: &KnowledgeBase, now: Timestamp) -> Result<Effect> {
        if self.bases.contains_key(&given.id) {
            return Err(Subject::Base(&given.id).already_exists());
        }
        let revision = self.append(&given.id, ChangedSubject::KnowledgeBase);
        let record =
            KnowledgeBase { revision, record_revision: revision, create_time: now, update_time: now, ..given.clone() };
        let base = Base {
            record: record.clone(),
            articles: BTreeMap::new(),
            lexicon: LexiconRecord::default(),
            rulebook: RulebookRecord::default(),
        };
        self.bases.insert(given.id.clone(), base);
        Ok(Effect { knowledge_base: Some(record), ..Effect::default() })
    }

    fn update_base(&mut self, given: &KnowledgeBase, expected: Option<&Etag>, now: Timestamp) -> Result<Effect> {
        let present = &self.base(&given.id)?.record;
        Subject::Base(&given.id).check_etag(expected, present.record_revision)?;
        let create_time = present.create_time;
        let revision = self.append(&given.id, ChangedSubject::KnowledgeBase);
        let record =
            KnowledgeBase { revision, record_revision: revision, create_time, update_time: now, ..given.clone() };
        self.base_mut(&given.id)?.record = record.clone();
        Ok(Effect { knowledge_base: Some(record), ..Effect::default() })
    }

    fn delete_base(&mut self, id: &KnowledgeBaseId, expected: Option<&Etag>, force: bool) -> Result<Effect> {
        let base = self.base(id)?;
        Subject::Base(id).check_etag(expected, base.record.record_revision)?;
        if !force && !base.articles.is_empty() {
            return Err(StoreError::NotEmpty { id: id.to_string() });
        }
        self.bases.remove(id);
        self.calibrations.retain(|(base, _), _| base != id);
        self.append(id, ChangedSubject::KnowledgeBaseDeleted);
        Ok(Effect::default())
    }

    fn change_articles(&mut self, id: &KnowledgeBaseId, changes: &[ArticleChange], now: Timestamp) -> Result<Effect> {
        let revision = self.revision(id);
        let mut staged = Staged::new(&self.base(id)?.articles, revision, self.last_no);
        let place = Place { knowledge_base: id, now };
        for change in changes {
            staged.apply(place, change)?;
        }
        let Staged { changed, feed, first, last_no, .. } = staged;
        self.last_no = last_no;
        let base = self.base_mut(id)?;
        for (article_id, article) in changed {
            match article {
                Some(article) => base.articles.insert(article_id, article),
                None => base.articles.remove(&article_id),
            };
        }
        self.feeds.entry(id.clone()).or_default().extend(feed);
        Ok(Effect { article: first, ..Effect::default() })
    }
}

fn target(op: &WriteOp) -> &KnowledgeBaseId {
    match op {
        WriteOp::CreateKnowledgeBase(base) | WriteOp::UpdateKnowledgeBase { knowledge_base: base, .. } => &base.id,
        WriteOp::DeleteKnowledgeBase { id, .. } => id,
        WriteOp::ChangeArticles { knowledge_base, .. }
        | WriteOp::SaveLexiconDraft { knowledge_base, .. }
        | WriteOp::PublishLexicon { knowledge_base, .. }
        | WriteOp::SaveRulesDraft { knowledge_base, .. }
        | WriteOp::PublishRules { knowledge_base, .. } => knowledge_base,
    }
}

/// Tells whether the article meets all conditions; `text` is that of the filter, folded.
fn matches(article: &Article, filter: &ArticleFilter, text: Option<&str>) -> bool {
    filter.state.is_none_or(|state| article.state == state)
        && filter.domain.as_deref().is_none_or(|domain| article.domain.as_str() == domain)
        && filter.tag.as_ref().is_none_or(|tag| article.tags.contains(tag))
        && filter.id_prefix.as_deref().is_none_or(|prefix| article.id.as_str().starts_with(prefix))
        && text.is_none_or(|text| question_lines(article).contains(text))
}
