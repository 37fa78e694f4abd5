//! Vectors of texts by what was encoded, kept in memory and in a file that only grows.
//!
//! The file begins with the encoder's hash; one of another encoder or of another form is begun anew. Each entry carries a
//! sum over itself, so that what a crash cut short, or something else damaged, is cut off with all that follows: whatever
//! is missing is encoded again. Must not know what the texts are. Invariant: a vector that is found is the one that was
//! kept for the very text.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use super::{RoundedVector, TextEncoder};
use crate::model::ModelError;

const MAGIC: &[u8; 8] = b"YDVECT01";
const KEY_BYTES: usize = 16;
const SUM_BYTES: usize = 4;
/// A file with more entries that nobody uses than those in use and these is written anew.
const MAX_UNUSED: usize = 1_000;

type Key = [u8; KEY_BYTES];

/// The vectors of one encoder.
#[derive(Debug)]
pub struct VectorFile {
    width: usize,
    hash: String,
    known: HashMap<Key, Arc<RoundedVector>>,
    /// None keeps vectors in memory only.
    file: Option<(PathBuf, File)>,
}

impl VectorFile {
    /// Keeps vectors in memory only.
    pub fn in_memory(encoder: &TextEncoder) -> Self {
        Self { width: encoder.width(), hash: encoder.hash().to_owned(), known: HashMap::new(), file: None }
    }

    /// Opens a file, or begins one where there is none that can be used; fails where it cannot be read or written.
    pub fn open(path: &Path, encoder: &TextEncoder) -> Result<Self, ModelError> {
        let opened = Self::in_memory(encoder).with_file(path);
        opened.map_err(|source| ModelError::File { path: path.to_owned(), source })
    }

    fn with_file(mut self, path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut file, &mut bytes)?;
        let num_good = self.read(&bytes);
        if num_good < bytes.len() {
            let lost_bytes = bytes.len() - num_good;
            tracing::warn!(path = %path.display(), lost_bytes, "file of vectors was of another encoder or damaged");
        }
        file.set_len(num_good as u64)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        if num_good == 0 {
            file.write_all(&self.header())?;
        }
        self.file = Some((path.to_owned(), file));
        Ok(self)
    }

    /// Reads what a file holds and writes nothing to it, as beside a process that does.
    pub fn read_only(path: &Path, encoder: &TextEncoder) -> Self {
        let mut vectors = Self::in_memory(encoder);
        // Whatever cannot be read is encoded again.
        vectors.read(&fs::read(path).unwrap_or_default());
        vectors
    }

    /// Looks the vector of a text up.
    pub fn lookup(&self, text: &str) -> Option<Arc<RoundedVector>> {
        self.known.get(&key_of(text)).map(Arc::clone)
    }

    /// Keeps vectors of texts, each of the encoder's width; fails where the file cannot be written, and then they are
    /// kept in memory.
    pub fn keep(&mut self, vectors: impl IntoIterator<Item = (String, RoundedVector)>) -> Result<(), ModelError> {
        let mut entries = Vec::new();
        for (text, vector) in vectors {
            assert_eq!(vector.values.len(), self.width, "a vector of this encoder");
            let key = key_of(&text);
            add_entry(&mut entries, &key, &vector);
            self.known.insert(key, Arc::new(vector));
        }
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let written = file.write_all(&entries).and_then(|()| file.sync_data());
        written.map_err(|source| ModelError::File { path: path.clone(), source })
    }

    /// Forgets vectors of texts other than these where they have become many; fails where the file cannot be written
    /// anew.
    pub fn retain<'t>(&mut self, used: impl Iterator<Item = &'t str>) -> Result<(), ModelError> {
        let used: HashSet<Key> = used.map(key_of).collect();
        if self.known.len() <= 2 * used.len() + MAX_UNUSED {
            return Ok(());
        }
        self.known.retain(|key, _| used.contains(key));
        let Some((path, _)) = &self.file else { return Ok(()) };
        let path = path.clone();
        let file = self.rewrite(&path).map_err(|source| ModelError::File { path: path.clone(), source })?;
        self.file = Some((path, file));
        Ok(())
    }

    /// Writes all that is known beside the file and puts it in its place.
    fn rewrite(&self, path: &Path) -> io::Result<File> {
        let beside = path.with_extension("next");
        let mut writer = BufWriter::new(File::create(&beside)?);
        writer.write_all(&self.header())?;
        let mut entry = Vec::new();
        for (key, vector) in &self.known {
            entry.clear();
            add_entry(&mut entry, key, vector);
            writer.write_all(&entry)?;
        }
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        Ok(file)
    }

    /// Takes the entries of a file and returns how many of its bytes are good.
    fn read(&mut self, bytes: &[u8]) -> usize {
        let header = self.header();
        let Some(mut rest) = bytes.strip_prefix(header.as_slice()) else { return 0 };
        let num_content = KEY_BYTES + 4 + self.width;
        while let Some((content, after)) = rest.split_at_checked(num_content) {
            let Some((sum, after)) = after.split_at_checked(SUM_BYTES) else { break };
            if sum != sum_of(content) {
                break;
            }
            let (key, vector) = content.split_at(KEY_BYTES);
            let (scale, values) = vector.split_at(4);
            let key = Key::try_from(key).expect("as long as a key");
            let scale = f32::from_le_bytes(scale.try_into().expect("four bytes"));
            let values = values.iter().map(|value| value.cast_signed()).collect();
            self.known.insert(key, Arc::new(RoundedVector { scale, values }));
            rest = after;
        }
        bytes.len() - rest.len()
    }

    fn header(&self) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&(self.width as u32).to_le_bytes());
        header.extend_from_slice(&Sha256::digest(self.hash.as_bytes()));
        header
    }
}

fn key_of(text: &str) -> Key {
    *Sha256::digest(text.as_bytes()).first_chunk().expect("a hash is longer than a key")
}

fn add_entry(entries: &mut Vec<u8>, key: &Key, vector: &RoundedVector) {
    let begin = entries.len();
    entries.extend_from_slice(key);
    entries.extend_from_slice(&vector.scale.to_le_bytes());
    entries.extend(vector.values.iter().map(|value| value.cast_unsigned()));
    let sum = sum_of(&entries[begin..]);
    entries.extend_from_slice(&sum);
}

fn sum_of(content: &[u8]) -> [u8; SUM_BYTES] {
    *Sha256::digest(content).first_chunk().expect("a hash is longer than its sum")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 8;

    fn open(path: &Path, hash: &str) -> VectorFile {
        let empty = VectorFile { width: WIDTH, hash: hash.to_owned(), known: HashMap::new(), file: None };
        empty.with_file(path).expect("opened")
    }

    fn vector(seed: u64) -> RoundedVector {
        let mut rng = fastrand::Rng::with_seed(seed);
        RoundedVector::of(&(0..WIDTH).map(|_| rng.f32() - 0.5).collect::<Vec<f32>>())
    }

    fn fill(vectors: &mut VectorFile, numbers: std::ops::Range<u64>) {
        vectors.keep(numbers.map(|number| (number.to_string(), vector(number)))).expect("kept");
    }

    #[test]
    fn what_was_kept_is_found_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("vectors");
        fill(&mut open(&path, "a"), 0..5);
        fill(&mut open(&path, "a"), 5..9);
        let vectors = open(&path, "a");
        (0..9).for_each(|number| assert_eq!(vectors.lookup(&number.to_string()).as_deref(), Some(&vector(number))));
        assert!(vectors.lookup("9").is_none());
    }

    #[test]
    fn what_is_damaged_or_foreign_is_begun_anew() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("vectors");
        fill(&mut open(&path, "a"), 0..3);
        let whole = fs::read(&path).expect("a file");
        fs::write(&path, &whole[..whole.len() - 1]).expect("written");
        assert_eq!(open(&path, "a").known.len(), 2);
        let mut damaged = whole.clone();
        let place = whole.len() - 40;
        damaged[place] ^= 1;
        fs::write(&path, &damaged).expect("written");
        let mut cut = open(&path, "a");
        assert_eq!(cut.known.len(), 1);
        fill(&mut cut, 1..3);
        assert_eq!(open(&path, "a").known.len(), 3);
        assert_eq!(open(&path, "b").known.len(), 0);
        fs::write(&path, "something else").expect("written");
        assert_eq!(open(&path, "a").known.len(), 0);
    }

    #[test]
    fn what_nobody_uses_is_forgotten_where_it_is_much() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("vectors");
        let mut vectors = open(&path, "a");
        fill(&mut vectors, 0..10);
        vectors.retain(["3"].into_iter()).expect("kept");
        assert_eq!(vectors.known.len(), 10);
        fill(&mut vectors, 10..2_000);
        vectors.retain(["3", "7"].into_iter()).expect("kept");
        fill(&mut vectors, 5_000..5_001);
        let again = open(&path, "a");
        assert_eq!(again.known.len(), 3);
        assert!(again.lookup("7").is_some() && again.lookup("5000").is_some());
    }
}
