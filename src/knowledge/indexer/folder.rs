//! Generations on disk: `<index_dir>/<base>/<generation>/`, and the file `<index_dir>/<base>/current` that names the
//! one that serves.
//!
//! The file is replaced by renaming, so that at any moment it names a whole generation; folders it does not name are
//! leftovers. One process at a time holds the index folder, by a lock on `<index_dir>/.lock`. Without an index folder
//! nothing is on disk and every question is answered with "nothing there".

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{
    domain::KnowledgeBaseId,
    index::{ArticleIndex, Settings},
    knowledge::error::{KnowledgeError, Result},
};

const CURRENT: &str = "current";
const CURRENT_NEXT: &str = "current.next";
/// No id of a base begins with a full stop.
const LOCK: &str = ".lock";
const IN_USE: &str = "in use by another process; stop that server, or ask it to reindex";

/// The index folder of a process.
pub(super) struct Folder {
    root: Option<PathBuf>,
    /// Held open, for the lock lasts as long.
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Makes the folder where it is missing and locks it; fails where another process holds it.
    pub(super) fn open(root: Option<PathBuf>) -> Result<Self> {
        let Some(root) = root else { return Ok(Self { root: None, lock: Mutex::new(None) }) };
        fs::create_dir_all(&root).map_err(|source| unusable(&root, source))?;
        let path = root.join(LOCK);
        let lock = File::create(&path).map_err(|source| unusable(&path, source))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => unusable(&root, io::Error::new(io::ErrorKind::WouldBlock, IN_USE)),
            fs::TryLockError::Error(source) => unusable(&path, source),
        })?;
        Ok(Self { root: Some(root), lock: Mutex::new(Some(lock)) })
    }

    /// Gives the lock back, once no thread writes any more.
    pub(super) fn release(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Returns the generation that served last, where its folder is there.
    pub(super) fn current(&self, id: &KnowledgeBaseId) -> Option<String> {
        let base = self.base(id)?;
        let name = fs::read_to_string(base.join(CURRENT)).ok()?.trim().to_owned();
        (number_of(&name).is_some() && base.join(&name).is_dir()).then_some(name)
    }

    /// Makes the generation the one that serves, from this start and the next.
    pub(super) fn set_current(&self, id: &KnowledgeBaseId, generation: &str) -> Result<()> {
        let Some(base) = self.base(id) else { return Ok(()) };
        replace(&base, generation).map_err(|source| unusable(&base, source))
    }

    /// Opens the index of a generation, or makes an empty one.
    pub(super) fn open_index(
        &self,
        id: &KnowledgeBaseId,
        generation: &str,
        settings: Settings,
    ) -> Result<ArticleIndex> {
        Ok(match self.base(id) {
            Some(base) => ArticleIndex::open(&base.join(generation), settings)?,
            None => ArticleIndex::in_memory(settings)?,
        })
    }

    /// Returns the highest number of a generation that is there; 0 where there is none.
    pub(super) fn last_number(&self, id: &KnowledgeBaseId) -> u64 {
        self.generations(id).iter().filter_map(|name| number_of(name)).max().unwrap_or(0)
    }

    /// Removes every generation but those named. What cannot be removed now is a leftover for the next start.
    pub(super) fn keep_only(&self, id: &KnowledgeBaseId, kept: &[&str]) {
        let Some(base) = self.base(id) else { return };
        for name in self.generations(id).iter().filter(|name| !kept.contains(&name.as_str())) {
            log_failure(&base.join(name), fs::remove_dir_all(base.join(name)));
        }
    }

    /// Removes a generation that serves no more, or never came to serve.
    pub(super) fn drop_generation(&self, id: &KnowledgeBaseId, generation: &str) {
        let Some(path) = self.base(id).map(|base| base.join(generation)).filter(|path| path.exists()) else { return };
        log_failure(&path, fs::remove_dir_all(&path));
    }

    /// Removes all generations of a base that is gone.
    pub(super) fn remove(&self, id: &KnowledgeBaseId) {
        let Some(base) = self.base(id).filter(|base| base.exists()) else { return };
        log_failure(&base, fs::remove_dir_all(&base));
    }

    fn base(&self, id: &KnowledgeBaseId) -> Option<PathBuf> {
        self.root.as_ref().map(|root| root.join(id.as_str()))
    }

    fn generations(&self, id: &KnowledgeBaseId) -> Vec<String> {
        let entries = self.base(id).and_then(|base| fs::read_dir(base).ok());
        let names = entries.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| number_of(name).is_some()).collect()
    }
}

/// Names the generation of a number.
pub(super) fn generation_name(number: u64) -> String {
    format!("g{number}")
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix('g').and_then(|number| number.parse().ok())
}

fn replace(base: &Path, generation: &str) -> io::Result<()> {
    fs::create_dir_all(base)?;
    let next = base.join(CURRENT_NEXT);
    let mut file = File::create(&next)?;
    file.write_all(generation.as_bytes())?;
    file.sync_all()?;
    fs::rename(next, base.join(CURRENT))?;
    // The rename itself lasts only once the folder is written.
    File::open(base)?.sync_all()
}

fn log_failure(path: &Path, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(path = %path.display(), %error, "index folder was not removed");
    }
}

fn unusable(path: &Path, source: io::Error) -> KnowledgeError {
    KnowledgeError::System { what: format!("index folder {}", path.display()), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_come_and_go() {
        let dir = tempfile::tempdir().expect("a folder");
        let id = KnowledgeBaseId::try_new("shop").expect("an id");
        let folder = Folder::open(Some(dir.path().join("index"))).expect("a folder");
        assert_eq!((folder.current(&id), folder.last_number(&id)), (None, 0));
        for generation in ["g1", "g2", "g10"] {
            folder.open_index(&id, generation, Settings::default()).expect(generation);
        }
        folder.set_current(&id, "g2").expect("current");
        folder.set_current(&id, "g10").expect("current");
        assert_eq!((folder.current(&id).as_deref(), folder.last_number(&id)), (Some("g10"), 10));
        folder.keep_only(&id, &["g2"]);
        assert_eq!((folder.current(&id), folder.generations(&id)), (None, vec!["g2".to_owned()]));
        folder.remove(&id);
        assert_eq!(folder.last_number(&id), 0);
        assert_eq!(Folder::open(None).expect("no folder").current(&id), None);
    }

    #[test]
    fn one_process_holds_the_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let held = Folder::open(Some(dir.path().to_owned())).expect("free");
        assert!(matches!(Folder::open(Some(dir.path().to_owned())), Err(KnowledgeError::System { .. })));
        drop(held);
        assert!(Folder::open(Some(dir.path().to_owned())).is_ok());
    }
}
