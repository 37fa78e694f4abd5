//! The snapshot that serves: everything one request needs, of one moment.
//!
//! A request takes the snapshot once and never looks at anything newer. Publishing swaps it whole and wakes who waits
//! for a revision.

use std::{collections::BTreeMap, sync::Arc};

use aho_corasick::AhoCorasick;
use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::sync::watch;

use super::{
    rank::{Ranker, Weights},
    rules::Rules,
    schedule::{Schedule, ScheduleError},
    small_talk::SmallTalk,
    vectors::{self, Vectors},
};
use crate::{
    domain::{ErrorKind, KnowledgeBase, KnowledgeBaseId, Policy, Revision, Rulebook, StoreEpoch},
    index::Snapshot,
    model::Bundle,
    text::{AskedText, Entities, Overlay, Redactor, RuleError},
};

/// A policy, or rules, that cannot be put to work.
#[derive(Debug, Error)]
pub enum PolicyError {
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error("sensitive_words cannot be compiled")]
    SensitiveWords(#[from] aho_corasick::BuildError),
    #[error("the rules cannot be compiled")]
    Rules(#[from] RuleError),
}

impl PolicyError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidArgument
    }
}

/// A policy made ready: what would be parsed for every message is parsed once.
pub struct ReadyPolicy {
    pub policy: Policy,
    pub schedule: Schedule,
    pub sensitive_words: Option<AhoCorasick>,
}

impl ReadyPolicy {
    /// Checks and compiles a policy.
    pub fn try_new(policy: Policy) -> Result<Self, PolicyError> {
        let schedule = Schedule::try_new(&policy.time_zone, &policy.working_hours, &policy.calendar)?;
        let words: Vec<String> =
            policy.sensitive_words.iter().map(|word| crate::text::normalize(word).as_str().to_owned()).collect();
        let words: Vec<&String> = words.iter().filter(|word| !word.is_empty()).collect();
        let sensitive_words = if words.is_empty() { None } else { Some(AhoCorasick::new(words)?) };
        Ok(Self { policy, schedule, sensitive_words })
    }
}

/// One knowledge base as it serves.
pub struct Base {
    pub record: Arc<KnowledgeBase>,
    pub policy: ReadyPolicy,
    pub snapshot: Snapshot,
    pub overlay: Arc<Overlay>,
    pub lexicon_version: u64,
    pub entities: Entities,
    /// As published, and compiled; none where nothing was published.
    pub rules: Option<Arc<Rules>>,
    rulebook: Arc<Rulebook>,
    /// Where the bundle has an encoder.
    pub vectors: Option<Vectors>,
    /// The ranker's, for a base like this.
    pub weights: Weights,
}

/// What a base is put together from.
pub struct Parts {
    pub record: Arc<KnowledgeBase>,
    pub snapshot: Snapshot,
    pub overlay: Arc<Overlay>,
    pub lexicon_version: u64,
    pub terms: Vec<String>,
    pub rulebook: Arc<Rulebook>,
}

impl Base {
    /// Puts a base together; fails where its policy or its rules cannot be put to work. Vectors of articles and compiled
    /// rules that the base before it had are taken over.
    pub fn try_new(parts: Parts, shared: &Shared, before: Option<&Base>) -> Result<Self, PolicyError> {
        let Parts { record, snapshot, overlay, lexicon_version, terms, rulebook } = parts;
        let policy = ReadyPolicy::try_new(record.policy.clone())?;
        let known = before.and_then(|base| base.vectors.as_ref());
        let vectors = Vectors::build(&shared.bundle, &snapshot.table, known);
        let entities = Entities::new(&terms);
        let rules = match before.filter(|base| Arc::ptr_eq(&base.rulebook, &rulebook)) {
            Some(before) => before.rules.clone(),
            None if rulebook.version == 0 => None,
            None => Some(Arc::new(Rules::of_base(&record.id, &rulebook)?)),
        };
        let table = &snapshot.table;
        let mean_wordings = table.num_phrasings() as f32 / table.num_articles().max(1) as f32;
        let weights = shared.ranker.for_base(mean_wordings);
        Ok(Self { policy, record, snapshot, overlay, lexicon_version, entities, rules, rulebook, vectors, weights })
    }
}

/// What all knowledge bases share.
pub struct Shared {
    pub bundle: Bundle,
    pub rules: Rules,
    pub ranker: Ranker,
    pub small_talk: SmallTalk,
    pub redactor: Redactor,
    /// Without products, for messages asked of no knowledge base.
    pub entities: Entities,
    /// Stands in where no knowledge base is named.
    pub default_policy: ReadyPolicy,
    pub store_epoch: StoreEpoch,
}

impl Shared {
    /// Returns the unit vector of what a text asks, in eight bits.
    pub(super) fn vector_of(&self, text: &AskedText<'_>) -> Vec<i8> {
        vectors::vector_of(&self.bundle, text)
    }
}

/// Everything a request needs.
#[derive(Clone)]
pub struct Snap {
    pub shared: Arc<Shared>,
    pub bases: Arc<BTreeMap<KnowledgeBaseId, Arc<Base>>>,
}

/// Holds the serving snapshot.
pub struct Live {
    current: ArcSwap<Snap>,
    /// Counts swaps, so that waiters look again.
    swaps: watch::Sender<u64>,
}

impl Live {
    /// Begins without knowledge bases.
    pub fn new(shared: Shared) -> Self {
        let snap = Snap { shared: Arc::new(shared), bases: Arc::default() };
        Self { current: ArcSwap::from_pointee(snap), swaps: watch::Sender::new(0) }
    }

    /// Takes the snapshot of this moment.
    pub fn load(&self) -> Arc<Snap> {
        self.current.load_full()
    }

    /// Puts a base in place of the one of the same id.
    pub fn publish(&self, base: Base) {
        let base = Arc::new(base);
        self.swap(|bases| {
            bases.insert(base.record.id.clone(), Arc::clone(&base));
        });
    }

    /// Takes a base away.
    pub fn remove(&self, id: &KnowledgeBaseId) {
        self.swap(|bases| {
            bases.remove(id);
        });
    }

    fn swap(&self, change: impl Fn(&mut BTreeMap<KnowledgeBaseId, Arc<Base>>)) {
        self.current.rcu(|old| {
            let mut bases = BTreeMap::clone(&old.bases);
            change(&mut bases);
            Snap { shared: Arc::clone(&old.shared), bases: Arc::new(bases) }
        });
        self.swaps.send_modify(|count| *count += 1);
    }

    /// Waits until the base has seen the revision; a base that is not there may be on its way. The caller brings the
    /// deadline.
    pub async fn wait_for(&self, id: &KnowledgeBaseId, revision: Revision) {
        let mut swaps = self.swaps.subscribe();
        loop {
            let snap = self.load();
            match snap.bases.get(id) {
                Some(base) if base.snapshot.revision < revision => {}
                Some(_) => return,
                None => {}
            }
            if swaps.changed().await.is_err() {
                return;
            }
        }
    }
}
