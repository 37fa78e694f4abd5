//! The models folder: `{name}/{version}/` with the files of a bundle and its `ranker.json`.
//!
//! Must not know which bundle is wanted. Invariant: what is loaded was verified whole: format, labels, every hash, the
//! ranker, and that the bundle calls itself what its folder does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::error::{BundleError, chain};
use crate::{
    assist::{Model, Ranker},
    domain::BundleId,
    model::{Bundle, LabelSet},
};

/// The ranker's file within a bundle's folder.
const RANKER_FILE: &str = "ranker.json";

/// The folders in which bundles are looked for; where two hold the same, the first is taken.
#[derive(Debug)]
pub struct BundleFolder {
    roots: Vec<PathBuf>,
    /// What was found out of each bundle, and of which files: reading them takes a while.
    known: Mutex<BTreeMap<BundleId, (Stamp, Facts)>>,
    /// Held while a bundle is loaded: many calls at once must not fill the memory with as many bundles.
    loading: Mutex<()>,
}

/// Names, lengths and times of a bundle's files.
type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// What a bundle on disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub size_bytes: u64,
    /// What the bundle says of itself, or why it cannot be used.
    pub contents: Result<Contents, Fault>,
}

/// What a usable bundle says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    pub labels: LabelSet,
    pub data_fingerprint: String,
    pub hash: String,
    pub provenance: String,
}

/// Why a bundle cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A stable code.
    pub reason: &'static str,
    pub message: String,
}

impl BundleFolder {
    /// Looks for bundles below these folders; one that does not exist holds none.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots, known: Mutex::default(), loading: Mutex::default() }
    }

    /// Finds the folder of a bundle.
    pub fn find(&self, id: &BundleId) -> Result<PathBuf, BundleError> {
        let found = self.roots.iter().map(|root| root.join(id.name()).join(id.version())).find(|dir| dir.is_dir());
        found.ok_or_else(|| {
            let looked_in: Vec<String> = self.roots.iter().map(|root| root.display().to_string()).collect();
            BundleError::NotFound { bundle: id.clone(), looked_in: looked_in.join(", ") }
        })
    }

    /// Loads a bundle with its ranker, one at a time; fails where anything of it is not as it should be.
    pub fn load(&self, id: &BundleId) -> Result<Model, BundleError> {
        let dir = self.find(id)?;
        // It guards no value that a panic could break.
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let bundle = Bundle::load(&dir).map_err(|source| BundleError::Unusable { bundle: id.clone(), source })?;
        let found = format!("{}/{}", bundle.name(), bundle.version());
        if found != id.to_string() {
            return Err(BundleError::OtherName { bundle: id.clone(), found });
        }
        let path = dir.join(RANKER_FILE);
        let json = fs::read_to_string(&path);
        let json = json.map_err(|source| BundleError::ReadRanker { path: path.clone(), source })?;
        let ranker = Ranker::parse(&json).map_err(|source| BundleError::Ranker { path, source })?;
        Ok(Model { bundle: Arc::new(bundle), ranker: Arc::new(ranker) })
    }

    /// Lists every bundle by name and version. Folders that no bundle can have as its name are passed over.
    pub fn ids(&self) -> BTreeSet<BundleId> {
        let mut found = BTreeSet::new();
        for name_dir in self.roots.iter().flat_map(|root| folders(root)) {
            for version_dir in folders(&name_dir) {
                let part = |path: &Path| path.file_name().and_then(|part| part.to_str()).map(str::to_owned);
                if let (Some(name), Some(version)) = (part(&name_dir), part(&version_dir)) {
                    found.extend(BundleId::try_new(name, version));
                }
            }
        }
        found
    }

    /// Tells what a bundle is; read anew only where a file has changed.
    pub fn facts(&self, id: &BundleId) -> Facts {
        let stamp = self.find(id).map(|dir| stamp_of(&dir)).unwrap_or_default();
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, facts)) = known().get(id).filter(|(of, _)| *of == stamp) {
            return facts.clone();
        }
        let contents = self.load(id).map(|Model { bundle, .. }| Contents {
            labels: bundle.labels().clone(),
            data_fingerprint: bundle.data_fingerprint().to_owned(),
            hash: bundle.hash().to_owned(),
            provenance: bundle.provenance().to_owned(),
        });
        let facts = Facts {
            size_bytes: stamp.iter().map(|(_, len, _)| len).sum(),
            contents: contents.map_err(|error| Fault { reason: error.reason(), message: chain(&error) }),
        };
        known().insert(id.clone(), (stamp, facts.clone()));
        facts
    }
}

/// The folders in a folder, in order; none where it cannot be read.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(io::Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    paths.sort();
    paths
}

fn stamp_of(dir: &Path) -> Stamp {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(io::Result::ok);
    let of_entry = |entry: fs::DirEntry| {
        let facts = fs::metadata(entry.path()).ok().filter(fs::Metadata::is_file)?;
        Some((entry.path(), facts.len(), facts.modified().ok()))
    };
    let mut stamp: Stamp = entries.filter_map(of_entry).collect();
    stamp.sort();
    stamp
}
