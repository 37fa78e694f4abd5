//! The composition root: store, indexer, live snapshot, knowledge, records.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use thiserror::Error;

use super::{
    Config, SystemClock,
    assets::{AssetError, models_folder, second_stage, shared_with},
};
use crate::{
    assist::{Live, Parts, SecondStage, Shared},
    domain::{Calibration, Clock, KnowledgeBaseId},
    index,
    insight::{
        Encoding, FeedbackDesk, Recorder, Rounds,
        bundles::{self, BundleDesk, BundleError},
        calibration::CalibrationDesk,
    },
    knowledge::{
        self, Indexer, IndexerHandle, IndexerSettings, Knowledge, KnowledgeError, Publish, Published, Sources,
    },
    model::bert::VectorFile,
    store::{MemoryStore, SqliteStore, Store, StoreError},
};

const DATABASE_FILE: &str = "yingda.db";
const INDEX_DIR: &str = "index";
const KEY_FILE: &str = "pseudonym.key";
const VECTORS_FILE: &str = "encoder.vectors";

/// The application cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Assets(#[from] AssetError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("data folder {path} cannot be used")]
    Folder { path: String, source: std::io::Error },
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    #[error("the knowledge bases cannot be loaded")]
    Knowledge(#[from] KnowledgeError),
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Where truth and index lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In the data folder, the index too; one process at a time.
    Folder,
    /// The store in the data folder, the index in memory: beside a running server.
    FolderWithIndexInMemory,
    /// All in memory.
    Memory,
}

/// The running application without its server.
pub struct App {
    pub live: Arc<Live>,
    pub knowledge: Arc<Knowledge>,
    pub recorder: Arc<Recorder>,
    pub feedback: Arc<FeedbackDesk>,
    pub bundles: Arc<BundleDesk>,
    pub calibration: Arc<CalibrationDesk>,
    pub clock: Arc<dyn Clock>,
    pub store: Arc<dyn Store>,
    indexer: IndexerHandle,
    follower: Rounds,
    calibrator: Mutex<Calibrator>,
    /// Where an encoder is configured.
    encoding: Option<Encoding>,
}

impl App {
    /// Starts over the folder of the configuration. Fails where the folder, the store or the bundle cannot be used.
    pub fn start(config: &Config, kind: &StoreKind) -> Result<Self, StartError> {
        Self::start_with(config, kind, Arc::new(SystemClock), None)
    }

    /// Starts with a clock, and with what bases share where it is given.
    pub fn start_with(
        config: &Config,
        kind: &StoreKind,
        clock: Arc<dyn Clock>,
        shared: Option<Shared>,
    ) -> Result<Self, StartError> {
        let mut seed = entropy();
        let (store, index_dir) = open(config, kind, &mut seed)?;
        let folder = Arc::new(models_folder(config.models_dir.as_deref()));
        let (shared, begun) = match shared {
            Some(shared) => (Shared { store_epoch: store.epoch().clone(), ..shared }, None),
            None => {
                let begun = bundles::begin(&*store, &folder, &config.bundle)?;
                let shared = shared_with(begun.model.clone(), store.epoch().clone())?;
                let second_stage = config.encoder.as_ref().map(second_stage).transpose()?;
                (Shared { second_stage, ..shared }, Some(begun))
            }
        };
        let stage = shared.second_stage.clone();
        let live = Arc::new(Live::new(shared));
        let encoding = stage.map(|stage| encode(config, kind, &live, stage)).transpose()?;
        let sides = (Arc::clone(&store), Arc::clone(&live));
        let bundles = Arc::new(BundleDesk::new(sides, folder, config.bundle.clone(), begun.as_ref()));
        let publisher = Arc::new(LivePublisher { live: Arc::clone(&live), store: Arc::clone(&store) });
        let sources = Sources { store: Arc::clone(&store), publisher, clock: Arc::clone(&clock) };
        let settings = IndexerSettings {
            index_dir,
            poll_interval: config.index_poll,
            index: index::Settings::default(),
            ..IndexerSettings::default()
        };
        let indexer = Indexer::spawn(sources, settings)?;
        let key = pseudonym_key(config, kind, &mut seed)?;
        let follower = bundles.follow_choice(config.index_poll).map_err(StartError::Thread)?;
        let calibration = CalibrationDesk::new(Arc::clone(&store), Arc::clone(&live), Arc::clone(&clock));
        let recorder = Recorder::spawn(Arc::clone(&store), key, seed.fork()).map_err(StartError::Thread)?;
        Ok(Self {
            live,
            knowledge: Arc::new(Knowledge::new(Arc::clone(&store), indexer.clone(), Arc::clone(&clock), seed.fork())),
            recorder: Arc::new(recorder),
            feedback: Arc::new(FeedbackDesk::new(Arc::clone(&store), seed.fork())),
            bundles,
            calibration: Arc::new(calibration),
            clock,
            store,
            indexer,
            follower,
            calibrator: Mutex::new(Calibrator::NotBegun),
            encoding,
        })
    }

    /// Installs the demo knowledge bases that are missing.
    pub fn install_demo(&self) -> Result<Vec<KnowledgeBaseId>, StartError> {
        Ok(knowledge::demo::install(&self.knowledge)?)
    }

    /// Blocks until every base of the store serves at its present revision, lexicon included.
    pub fn wait_ready(&self) -> Result<bool, StartError> {
        if !self.indexer.wait_ready() {
            return Ok(false);
        }
        for (id, revision) in self.store.counters()? {
            let is_there = self.store.knowledge_base(&id).is_ok();
            while is_there && self.live.load().bases.get(&id).is_none_or(|base| base.snapshot.revision < revision) {
                self.indexer.nudge(&id);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        Ok(true)
    }

    /// Blocks until every base that serves has the vectors of the second stage, where an encoder is configured.
    pub fn wait_encoded(&self) {
        if let Some(encoding) = &self.encoding {
            encoding.wait();
        }
    }

    /// Begins to calibrate the bases and to follow what other replicas calibrate; after [`App::stop`] it does nothing.
    /// Fails where the thread cannot be started.
    pub fn begin_calibrating(&self, poll_interval: Duration) -> Result<(), StartError> {
        let mut calibrator = self.calibrator.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*calibrator, Calibrator::NotBegun) {
            let rounds = self.calibration.follow_bases(poll_interval).map_err(StartError::Thread)?;
            *calibrator = Calibrator::Running(rounds);
        }
        Ok(())
    }

    fn stop_calibrating(&self) {
        self.calibration.stop();
        let mut calibrator = self.calibrator.lock().unwrap_or_else(PoisonError::into_inner);
        if let Calibrator::Running(rounds) = std::mem::replace(&mut *calibrator, Calibrator::Stopped) {
            rounds.stop();
        }
    }

    /// Stops the indexer, whoever switches bundles and whoever calibrates, and writes the records that wait.
    pub fn stop(&self) {
        self.stop_calibrating();
        self.follower.stop();
        if let Some(encoding) = &self.encoding {
            encoding.stop();
        }
        self.indexer.stop();
        self.recorder.stop();
    }
}

/// Opens the choice of a bundle in the data folder, beside a server that may run there: what is chosen it follows. Fails
/// where the store cannot be opened, and where neither the bundle that is wanted nor the configured one can be had.
pub fn open_bundles(config: &Config) -> Result<BundleDesk, StartError> {
    let (store, _) = open(config, &StoreKind::FolderWithIndexInMemory, &mut entropy())?;
    let folder = Arc::new(models_folder(config.models_dir.as_deref()));
    let begun = bundles::begin(&*store, &folder, &config.bundle)?;
    let live = Arc::new(Live::new(shared_with(begun.model.clone(), store.epoch().clone())?));
    Ok(BundleDesk::new((store, live), folder, config.bundle.clone(), Some(&begun)))
}

/// Asks the machine for chance; everything random follows from it.
#[expect(clippy::disallowed_methods, reason = "the one place")]
fn entropy() -> fastrand::Rng {
    fastrand::Rng::new()
}

/// Who calibrates the bases.
enum Calibrator {
    NotBegun,
    Running(Rounds),
    Stopped,
}

/// Brings what the indexer publishes into the live snapshot, from the first time on with what was kept of its calibration.
struct LivePublisher {
    live: Arc<Live>,
    store: Arc<dyn Store>,
}

impl LivePublisher {
    fn kept_calibration(&self, id: &KnowledgeBaseId) -> Option<Arc<Calibration>> {
        let snap = self.live.load();
        if snap.bases.contains_key(id) {
            return None;
        }
        match self.store.calibration(id, &snap.shared.generation()) {
            Ok(kept) => kept.map(|(calibration, _)| Arc::new(calibration)),
            Err(error) => {
                tracing::warn!(knowledge_base = %id, %error, "calibration cannot be read; the shipped one serves");
                None
            }
        }
    }
}

impl Publish for LivePublisher {
    fn publish(&self, base: Published) {
        let Published { knowledge_base, snapshot, overlay, lexicon_version, terms, rulebook } = base;
        let id = knowledge_base.id.clone();
        let calibration = self.kept_calibration(&id);
        let parts = Parts { record: knowledge_base, snapshot, overlay, lexicon_version, terms, rulebook, calibration };
        if let Err(error) = self.live.publish(parts) {
            tracing::error!(knowledge_base = %id, %error, "policy cannot be put to work; the old one serves");
        }
    }

    fn remove(&self, id: &KnowledgeBaseId) {
        self.live.remove(id);
    }
}

/// Begins to encode the phrasings of what serves.
fn encode(
    config: &Config,
    kind: &StoreKind,
    live: &Arc<Live>,
    stage: Arc<SecondStage>,
) -> Result<Encoding, StartError> {
    let path = config.data_dir.join(VECTORS_FILE);
    let vectors = match kind {
        StoreKind::Folder => VectorFile::open(&path, stage.encoder()).map_err(AssetError::Encoder)?,
        StoreKind::FolderWithIndexInMemory => VectorFile::read_only(&path, stage.encoder()),
        StoreKind::Memory => VectorFile::in_memory(stage.encoder()),
    };
    Encoding::spawn(Arc::clone(live), stage, vectors).map_err(StartError::Thread)
}

type Opened = (Arc<dyn Store>, Option<PathBuf>);

fn open(config: &Config, kind: &StoreKind, seed: &mut fastrand::Rng) -> Result<Opened, StartError> {
    let epoch = format!("{:016x}", seed.u64(..));
    if *kind == StoreKind::Memory {
        return Ok((Arc::new(MemoryStore::new(&epoch)), None));
    }
    let dir = &config.data_dir;
    let folder = |source| StartError::Folder { path: dir.display().to_string(), source };
    fs::create_dir_all(dir).map_err(folder)?;
    let store = SqliteStore::open(&dir.join(DATABASE_FILE), &epoch)?;
    // The indexer locks its folder: one process writes an index.
    let index_dir = (*kind == StoreKind::Folder).then(|| dir.join(INDEX_DIR));
    Ok((Arc::new(store), index_dir))
}

/// The configured key, else the data folder's own, made at the first start.
fn pseudonym_key(config: &Config, kind: &StoreKind, seed: &mut fastrand::Rng) -> Result<String, StartError> {
    if let Some(key) = &config.pseudonym_key {
        return Ok(key.clone());
    }
    let fresh = format!("{:032x}{:032x}", seed.u128(..), seed.u128(..));
    if *kind == StoreKind::Memory {
        return Ok(fresh);
    }
    let path = config.data_dir.join(KEY_FILE);
    let folder = |source| StartError::Folder { path: path.display().to_string(), source };
    match fs::read_to_string(&path) {
        Ok(key) if !key.trim().is_empty() => Ok(key.trim().to_owned()),
        Ok(_) => write_key(&path, fresh).map_err(folder),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => write_key(&path, fresh).map_err(folder),
        Err(error) => Err(folder(error)),
    }
}

fn write_key(path: &Path, key: String) -> std::io::Result<String> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(path)?, key.as_bytes())?;
    Ok(key)
}
