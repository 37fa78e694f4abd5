//! Calibrates what serves, keeps the result in the store, and brings it into the live snapshot.
//!
//! Replicas take what is kept instead of computing it: whoever comes first keeps it, and the others see its version.
//! Invariants: one calibration at a time in a process; answers flow meanwhile; what is kept by somebody is never
//! overwritten unseen.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use thiserror::Error;

use super::{MIN_ARTICLES, calibrate};
use crate::{
    assist::{Base, Live, Snap},
    domain::{Calibration, CalibrationPolicy, Clock, ErrorKind, KnowledgeBaseId, Revision},
    index::IndexError,
    insight::rounds::Rounds,
    store::{Store, StoreError},
};

/// A base is calibrated again after edits of more than one in so many articles.
const EDITS_TO_RECALIBRATE: u64 = 10;

/// A calibration that did not come about.
#[derive(Debug, Error)]
pub enum CalibrationError {
    /// The base does not exist, or is not loaded yet.
    #[error("knowledge base {0} does not exist or is not loaded yet")]
    UnknownKnowledgeBase(KnowledgeBaseId),
    /// It would say too little of itself.
    #[error("knowledge base {0} has fewer than {MIN_ARTICLES} articles to ask; the shipped calibration serves")]
    TooFewArticles(KnowledgeBaseId),
    /// The process ends.
    #[error("the calibration was broken off, for the server stops")]
    Stopped,
    #[error("the index cannot be read")]
    Index(#[from] IndexError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CalibrationError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownKnowledgeBase(_) => ErrorKind::NotFound,
            Self::TooFewArticles(_) => ErrorKind::FailedPrecondition,
            Self::Stopped => ErrorKind::Unavailable,
            Self::Index(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    /// Returns the stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownKnowledgeBase(_) => "KNOWLEDGE_BASE_NOT_FOUND",
            Self::TooFewArticles(_) => "TOO_FEW_ARTICLES",
            Self::Stopped => "STOPPING",
            Self::Index(_) => "INDEX",
            Self::Store(_) => "STORE",
        }
    }
}

/// What a calibration is to bring; what is left out, the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Wanted {
    pub precision: Option<f32>,
    pub unanswerable_share: Option<f32>,
}

impl Wanted {
    /// Completes it by a policy.
    pub fn or(self, policy: CalibrationPolicy) -> CalibrationPolicy {
        CalibrationPolicy {
            wanted_precision: self.precision.unwrap_or(policy.wanted_precision),
            unanswerable_share: self.unanswerable_share.unwrap_or(policy.unanswerable_share),
        }
    }
}

/// What was seen of one base.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    generation: String,
    /// Of the calibration that was kept; 0 for none.
    version: u64,
    /// Where the base stood in the round before: while it changes, it is left alone.
    revision: Option<Revision>,
    /// What was tried and came to nothing.
    tried: Option<(Revision, CalibrationPolicy)>,
}

/// Calibrates bases.
pub struct CalibrationDesk {
    store: Arc<dyn Store>,
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    seen: Mutex<BTreeMap<KnowledgeBaseId, Seen>>,
    calibrating: Mutex<()>,
    is_stopped: AtomicBool,
    is_failing: AtomicBool,
}

impl CalibrationDesk {
    /// Makes the desk of a process that serves so.
    pub fn new(store: Arc<dyn Store>, live: Arc<Live>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            live,
            clock,
            seen: Mutex::default(),
            calibrating: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            is_failing: AtomicBool::new(false),
        }
    }

    /// Calibrates a base and makes that serve, unless it is only to be tried. Fails where the base is not loaded, has too
    /// few articles, or the result cannot be kept.
    pub fn calibrate(
        &self,
        id: &KnowledgeBaseId,
        wanted: Wanted,
        only_try: bool,
    ) -> Result<Arc<Calibration>, CalibrationError> {
        let _calibrating = self.calibrating();
        let snap = self.live.load();
        let base = snap.bases.get(id).ok_or_else(|| CalibrationError::UnknownKnowledgeBase(id.clone()))?;
        let wanted = wanted.or(base.record.policy.calibration);
        let calibration = self.compute(&snap, base, wanted)?;
        let calibration = calibration.ok_or_else(|| CalibrationError::TooFewArticles(id.clone()))?;
        if only_try {
            return Ok(calibration);
        }
        loop {
            let kept = self.store.calibration(id, &calibration.generation)?;
            // Where another replica came first, this is the later word.
            if self.keep(id, &calibration, kept.map_or(0, |(_, version)| version))? {
                return Ok(calibration);
            }
        }
    }

    /// Calibrates every base that has enough articles, as a server does some time after it began.
    pub fn calibrate_all(&self) -> Result<(), CalibrationError> {
        for id in self.live.load().bases.keys() {
            match self.calibrate(id, Wanted::default(), false) {
                Ok(_) | Err(CalibrationError::TooFewArticles(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Starts a thread that takes what is kept, and calibrates what is not or has changed since.
    pub fn follow_bases(self: &Arc<Self>, poll_interval: Duration) -> io::Result<Rounds> {
        let desk = Arc::clone(self);
        Rounds::spawn("calibration", poll_interval, move || desk.round())
    }

    /// Breaks off what is under way, and begins nothing more.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn round(&self) {
        let done = self.follow();
        let was_failing = self.is_failing.swap(done.is_err(), Ordering::Relaxed);
        match done {
            Err(error) if !was_failing => tracing::warn!(%error, "knowledge bases are not calibrated"),
            Ok(()) if was_failing => tracing::info!("knowledge bases are calibrated again"),
            Ok(()) | Err(_) => {}
        }
    }

    fn follow(&self) -> Result<(), CalibrationError> {
        let _calibrating = self.calibrating();
        let snap = self.live.load();
        let generation = snap.shared.generation();
        let versions: BTreeMap<_, _> = self.store.calibration_versions(&generation)?.into_iter().collect();
        self.seen().retain(|id, _| snap.bases.contains_key(id));
        let mut followed = Ok(());
        for id in snap.bases.keys() {
            if self.is_stopped() {
                return Ok(());
            }
            let taken = self.take(id, &generation, versions.get(id).copied().unwrap_or(0));
            // The trouble of one base does not keep the others waiting.
            followed = followed.and(taken.and_then(|()| self.renew(id)));
        }
        followed
    }

    /// Brings what is kept into the live snapshot, where it is not there yet.
    fn take(&self, id: &KnowledgeBaseId, generation: &str, version: u64) -> Result<(), CalibrationError> {
        let seen = self.seen_of(id);
        if seen.generation == generation && seen.version == version {
            return Ok(());
        }
        let (kept, version) = self.store.calibration(id, generation)?.unzip();
        let snap = self.live.load();
        let serves = snap.bases.get(id).and_then(|base| base.calibration.as_deref());
        if serves != kept.as_ref() {
            self.live.calibrate(id, kept.map(Arc::new));
        }
        let version = version.unwrap_or(0);
        self.note(id, Seen { generation: generation.to_owned(), version, ..seen });
        Ok(())
    }

    /// Calibrates a base whose calibration is missing or out of date, once it has come to rest.
    fn renew(&self, id: &KnowledgeBaseId) -> Result<(), CalibrationError> {
        let snap = self.live.load();
        let Some(base) = snap.bases.get(id) else { return Ok(()) };
        let Some(wanted) = due(base) else { return Ok(()) };
        let (seen, revision) = (self.seen_of(id), base.snapshot.revision);
        if seen.revision != Some(revision) {
            self.note(id, Seen { revision: Some(revision), ..seen });
            return Ok(());
        }
        if seen.tried == Some((revision, wanted)) {
            return Ok(());
        }
        match self.compute(&snap, base, wanted) {
            Err(CalibrationError::Stopped) => Ok(()),
            Err(error) => Err(error),
            Ok(None) => {
                // What a base of more articles was calibrated by does not fit any more.
                if base.calibration.is_some() {
                    self.live.calibrate(id, None);
                }
                self.note(id, Seen { tried: Some((revision, wanted)), ..seen });
                Ok(())
            }
            Ok(Some(calibration)) => match self.keep(id, &calibration, seen.version) {
                // Where another replica came first, or the base is gone, the next round sees it.
                Ok(_) | Err(CalibrationError::Store(StoreError::NotFound { .. })) => Ok(()),
                Err(error) => Err(error),
            },
        }
    }

    fn compute(
        &self,
        snap: &Snap,
        base: &Arc<Base>,
        wanted: CalibrationPolicy,
    ) -> Result<Option<Arc<Calibration>>, CalibrationError> {
        let is_stopped = || self.is_stopped();
        let calibration = calibrate(&snap.shared, base, wanted, self.clock.now(), &is_stopped)?;
        if self.is_stopped() {
            return Err(CalibrationError::Stopped);
        }
        Ok(calibration.map(Arc::new))
    }

    /// Keeps a calibration and makes it serve; false, and nothing is done, where another was kept meanwhile.
    fn keep(
        &self,
        id: &KnowledgeBaseId,
        calibration: &Arc<Calibration>,
        expected: u64,
    ) -> Result<bool, CalibrationError> {
        let Some(version) = self.store.keep_calibration(id, calibration, expected)? else { return Ok(false) };
        self.live.calibrate(id, Some(Arc::clone(calibration)));
        let Calibration { generation, revision, scale, shift, answer_threshold, .. } = &**calibration;
        tracing::info!(knowledge_base = %id, revision = revision.0, scale, shift, answer_threshold, "calibrated");
        self.note(id, Seen { generation: generation.clone(), version, ..self.seen_of(id) });
        Ok(true)
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    fn seen_of(&self, id: &KnowledgeBaseId) -> Seen {
        self.seen().get(id).cloned().unwrap_or_default()
    }

    fn note(&self, id: &KnowledgeBaseId, seen: Seen) {
        self.seen().insert(id.clone(), seen);
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<KnowledgeBaseId, Seen>> {
        // Each change under the lock is whole by itself.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calibrating(&self) -> MutexGuard<'_, ()> {
        self.calibrating.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells for what a base is to be calibrated now: where it never was, where its policy wants something else since, or
/// where many of its articles were edited. What was asked for by a call holds until the policy changes.
fn due(base: &Base) -> Option<CalibrationPolicy> {
    let policy = base.record.policy.calibration;
    let Some(calibration) = &base.calibration else { return Some(policy) };
    if calibration.policy != policy {
        return Some(policy);
    }
    let edits = base.snapshot.revision.0.saturating_sub(calibration.revision.0);
    let is_edited = edits * EDITS_TO_RECALIBRATE > base.snapshot.table.num_articles() as u64;
    is_edited.then_some(calibration.wanted)
}
