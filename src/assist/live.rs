//! The snapshot that serves: everything one request needs, of one moment.
//!
//! A request takes the snapshot once and never looks at anything newer. Publishing swaps it whole and wakes who waits
//! for a revision. Invariant: within a snapshot everything is of one bundle.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aho_corasick::AhoCorasick;
use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::sync::watch;

use super::{
    rank::{Ranker, Weights},
    rules::Rules,
    schedule::{Schedule, ScheduleError},
    second_stage::{Encoded, SecondStage},
    small_talk::SmallTalk,
    vectors::{self, Vectors},
};
use crate::{
    domain::{Calibration, ErrorKind, KnowledgeBase, KnowledgeBaseId, Policy, Revision, Rulebook, StoreEpoch},
    index::{self, Snapshot},
    model::Bundle,
    text::{self, AskedText, Entities, Overlay, Redactor},
};

/// Raised with every change of how a base is calibrated.
const CALIBRATION_VERSION: u32 = 3;

/// A policy that cannot be put to work.
#[derive(Debug, Error)]
pub enum PolicyError {
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error("sensitive_words cannot be compiled")]
    SensitiveWords(#[from] aho_corasick::BuildError),
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
#[derive(Clone)]
pub struct Base {
    pub record: Arc<KnowledgeBase>,
    pub policy: Arc<ReadyPolicy>,
    pub snapshot: Snapshot,
    pub overlay: Arc<Overlay>,
    pub lexicon_version: u64,
    pub entities: Arc<Entities>,
    /// As published, and compiled; none where nothing was published.
    pub rules: Option<Arc<Rules>>,
    rulebook: Arc<Rulebook>,
    /// Where the bundle has an encoder.
    pub vectors: Option<Arc<Vectors>>,
    /// The ranker's, for a base like this, set right by its calibration.
    pub weights: Weights,
    /// The ranker's, for a base like this, as shipped.
    pub shipped: Weights,
    /// None where the shipped one serves.
    pub calibration: Option<Arc<Calibration>>,
    /// Once every phrasing is encoded, where a second stage is configured.
    pub encoded: Option<Arc<Encoded>>,
}

/// What a base is put together from.
pub struct Parts {
    pub record: Arc<KnowledgeBase>,
    pub snapshot: Snapshot,
    pub overlay: Arc<Overlay>,
    pub lexicon_version: u64,
    pub terms: Vec<String>,
    pub rulebook: Arc<Rulebook>,
    /// As it was kept; none takes that of the base before.
    pub calibration: Option<Arc<Calibration>>,
}

impl Base {
    /// Puts a base together; fails where its policy cannot be put to work. Vectors of articles and compiled rules that the
    /// base before it had are taken over, so it must be of the same bundle. A calibration of another generation is left out.
    pub fn try_new(parts: Parts, shared: &Shared, before: Option<&Base>) -> Result<Self, PolicyError> {
        let Parts { record, snapshot, overlay, lexicon_version, terms, rulebook, calibration } = parts;
        let policy = Arc::new(ReadyPolicy::try_new(record.policy.clone())?);
        let known = before.and_then(|base| base.vectors.as_deref());
        let vectors = Vectors::build(&shared.bundle, &snapshot.table, known).map(Arc::new);
        let entities = Arc::new(Entities::new(&terms));
        let rules = rules_of(&record.id, &rulebook, before);
        let shipped = weights_for(&snapshot, &shared.ranker);
        let encoded = before.and_then(|base| base.encoded.as_ref());
        let encoded = encoded.and_then(|encoded| encoded.carried(&snapshot.table)).map(Arc::new);
        let calibration = calibration.or_else(|| before.and_then(|base| base.calibration.clone()));
        let base = Self {
            policy,
            record,
            snapshot,
            overlay,
            lexicon_version,
            entities,
            rules,
            rulebook,
            vectors,
            weights: shipped,
            shipped,
            calibration: None,
            encoded,
        };
        Ok(base.calibrated(calibration, &shared.generation()))
    }

    /// Returns the base with a calibration, where it is of the generation, else with the shipped one.
    fn calibrated(self, calibration: Option<Arc<Calibration>>, generation: &str) -> Self {
        let calibration = calibration.filter(|calibration| calibration.generation == generation);
        let weights = calibration.as_ref().map_or(self.shipped, |calibration| self.shipped.calibrated(calibration));
        Self { weights, calibration, ..self }
    }

    /// Returns the base for another model; vectors of articles that `known` has are taken over.
    fn with_model(&self, model: &Model, known: Option<&Vectors>) -> Self {
        let vectors = Vectors::build(&model.bundle, &self.snapshot.table, known).map(Arc::new);
        let shipped = weights_for(&self.snapshot, &model.ranker);
        let base = Self { vectors, shipped, ..self.clone() };
        base.calibrated(self.calibration.clone(), &generation(&model.bundle, &model.ranker))
    }
}

/// Compiles the rules of a base. What was published once may be more than this program compiles; then those before go on,
/// or none, for a base must not be lost to a rule.
fn rules_of(id: &KnowledgeBaseId, book: &Arc<Rulebook>, before: Option<&Base>) -> Option<Arc<Rules>> {
    let of_before = || before.and_then(|base| base.rules.clone());
    if before.is_some_and(|base| Arc::ptr_eq(&base.rulebook, book)) {
        return of_before();
    }
    if book.version == 0 {
        return None;
    }
    match Rules::of_base(id, book) {
        Ok(rules) => Some(Arc::new(rules)),
        Err(error) => {
            tracing::error!(knowledge_base = %id, %error, "rules cannot be compiled; those before serve, or none");
            of_before()
        }
    }
}

fn weights_for(snapshot: &Snapshot, ranker: &Ranker) -> Weights {
    let table = &snapshot.table;
    ranker.for_base(table.num_phrasings() as f32 / table.num_articles().max(1) as f32)
}

/// A bundle with the ranker that was trained on its vectors.
#[derive(Clone)]
pub struct Model {
    pub bundle: Arc<Bundle>,
    pub ranker: Arc<Ranker>,
}

/// A model with what each base needs of it, to be [switched](Live::switch) to.
pub struct ReadyModel {
    model: Model,
    bases: BTreeMap<KnowledgeBaseId, Base>,
}

/// What all knowledge bases share.
#[derive(Clone)]
pub struct Shared {
    pub bundle: Arc<Bundle>,
    pub rules: Arc<Rules>,
    pub ranker: Arc<Ranker>,
    pub small_talk: Arc<SmallTalk>,
    pub redactor: Arc<Redactor>,
    /// Without products, for messages asked of no knowledge base.
    pub entities: Arc<Entities>,
    /// Stands in where no knowledge base is named.
    pub default_policy: Arc<ReadyPolicy>,
    /// Where an encoder is configured.
    pub second_stage: Option<Arc<SecondStage>>,
    pub store_epoch: StoreEpoch,
}

/// Names what computes confidences: calibrations of another do not fit.
fn generation(bundle: &Bundle, ranker: &Ranker) -> String {
    let (schema, analysis) = (index::SCHEMA_VERSION, text::ANALYSIS_VERSION);
    format!("s{schema}-t{analysis}-c{CALIBRATION_VERSION}-{:.16}-{:016x}", bundle.hash(), ranker.fingerprint())
}

impl Shared {
    /// Names what computes confidences: schema, analysis, bundle, ranker.
    pub fn generation(&self) -> String {
        generation(&self.bundle, &self.ranker)
    }

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
    /// Held by whoever builds on the snapshot what is to take its place.
    building: Mutex<()>,
}

impl Live {
    /// Begins without knowledge bases.
    pub fn new(shared: Shared) -> Self {
        let snap = Snap { shared: Arc::new(shared), bases: Arc::default() };
        Self { current: ArcSwap::from_pointee(snap), swaps: watch::Sender::new(0), building: Mutex::new(()) }
    }

    /// Takes the snapshot of this moment.
    pub fn load(&self) -> Arc<Snap> {
        self.current.load_full()
    }

    /// Puts a base together and in place of the one of the same id; fails where its policy cannot be put to work, and
    /// then the old one serves.
    pub fn publish(&self, parts: Parts) -> Result<(), PolicyError> {
        let _building = self.building();
        let snap = self.load();
        let before = snap.bases.get(&parts.record.id).map(|base| &**base);
        let base = Base::try_new(parts, &snap.shared, before)?;
        let mut bases = BTreeMap::clone(&snap.bases);
        bases.insert(base.record.id.clone(), Arc::new(base));
        self.swap(Snap { shared: Arc::clone(&snap.shared), bases: Arc::new(bases) });
        Ok(())
    }

    /// Calibrates a base, or gives it the shipped calibration back; tells whether it is there and of the same generation.
    pub fn calibrate(&self, id: &KnowledgeBaseId, calibration: Option<Arc<Calibration>>) -> bool {
        let _building = self.building();
        let snap = self.load();
        let generation = snap.shared.generation();
        let Some(base) = snap.bases.get(id) else { return false };
        if calibration.as_ref().is_some_and(|calibration| calibration.generation != generation) {
            return false;
        }
        let base = Base::clone(base).calibrated(calibration, &generation);
        let mut bases = BTreeMap::clone(&snap.bases);
        bases.insert(id.clone(), Arc::new(base));
        self.swap(Snap { shared: Arc::clone(&snap.shared), bases: Arc::new(bases) });
        true
    }

    /// Takes a base away.
    pub fn remove(&self, id: &KnowledgeBaseId) {
        let _building = self.building();
        let snap = self.load();
        let mut bases = BTreeMap::clone(&snap.bases);
        bases.remove(id);
        self.swap(Snap { shared: Arc::clone(&snap.shared), bases: Arc::new(bases) });
    }

    /// Builds what every base needs of a model, beside what serves; `progress` is told the articles done and in all.
    /// Vectors are computed only where the model has others.
    pub fn prepare(&self, model: Model, progress: &dyn Fn(u64, u64)) -> ReadyModel {
        let snap = self.load();
        let is_same = snap.shared.bundle.encoder().is_same(model.bundle.encoder());
        let num_articles = |base: &Base| base.snapshot.table.num_articles() as u64;
        let total = snap.bases.values().map(|base| num_articles(base)).sum();
        let (mut bases, mut done) = (BTreeMap::new(), 0);
        progress(0, total);
        for (id, base) in snap.bases.iter() {
            let known = base.vectors.as_deref().filter(|_| is_same);
            bases.insert(id.clone(), base.with_model(&model, known));
            done += num_articles(base);
            progress(done, total);
        }
        ReadyModel { model, bases }
    }

    /// Puts a model in place, for all bases at once. Bases are taken as they serve now; what has changed of them since
    /// the model was prepared is built first.
    pub fn switch(&self, ready: &ReadyModel) {
        let _building = self.building();
        let snap = self.load();
        let of_base = |(id, base): (&KnowledgeBaseId, &Arc<Base>)| {
            let known = ready.bases.get(id).and_then(|base| base.vectors.as_deref());
            (id.clone(), Arc::new(base.with_model(&ready.model, known)))
        };
        let bases = snap.bases.iter().map(of_base).collect();
        let Model { bundle, ranker } = ready.model.clone();
        let shared = Shared { bundle, ranker, ..Shared::clone(&snap.shared) };
        self.swap(Snap { shared: Arc::new(shared), bases: Arc::new(bases) });
    }

    /// Gives a base the vectors that were made for it; tells whether they are those of the base that serves.
    pub fn attach(&self, id: &KnowledgeBaseId, encoded: &Encoded) -> bool {
        let _building = self.building();
        let snap = self.load();
        let Some(base) = snap.bases.get(id) else { return false };
        let Some(encoded) = encoded.carried(&base.snapshot.table) else { return false };
        let base = Base { encoded: Some(Arc::new(encoded)), ..Base::clone(base) };
        let mut bases = BTreeMap::clone(&snap.bases);
        bases.insert(id.clone(), Arc::new(base));
        self.swap(Snap { shared: Arc::clone(&snap.shared), bases: Arc::new(bases) });
        true
    }

    /// Nothing else is built meanwhile, so the snapshot that is read now is the one that is replaced.
    fn building(&self) -> MutexGuard<'_, ()> {
        self.building.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called with `building` held.
    fn swap(&self, snap: Snap) {
        self.current.store(Arc::new(snap));
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
