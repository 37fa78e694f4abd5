//! Everything the model needs at run time, as one hashed folder.
//!
//! `bundle.json` describes the bundle (format, labels, calibration, hashes), `weights.safetensors` holds the tensors; what
//! another room puts beside them is [sealed](Bundle::seal) by its hash too. The only file of the room that reads or writes
//! bundles. Invariants: what is loaded is what was saved, byte for byte; types, urgencies and sentiments are those of this
//! program; another format version is refused. To change what is stored: raise [`FORMAT`] and keep a fixture of the old
//! one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::calibration::Calibration;
use super::classification::Classification;
use super::encoder::Encoder;
use super::error::ModelError;
use super::features::Input;
use super::heads::{Heads, Layout, Logits};
use super::label_set::{Domains, LabelSet};
use super::tensors::{self, Tensors};

/// The version of the stored format.
pub const FORMAT: u32 = 2;
const DESCRIPTION_FILE: &str = "bundle.json";
const WEIGHTS_FILE: &str = "weights.safetensors";

/// A model ready to answer; immutable.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub(in crate::model) description: Description,
    pub(in crate::model) encoder: Encoder,
    pub(in crate::model) heads: Heads,
    /// Of `bundle.json`, and through the hashes in it of everything else; empty where it was not loaded.
    pub(in crate::model) hash: String,
}

/// What `bundle.json` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::model) struct Description {
    pub format: u32,
    pub name: String,
    pub version: String,
    /// Hash of the rows that the heads were trained on, and how.
    pub data_fingerprint: String,
    pub provenance: String,
    pub labels: LabelSet,
    pub calibration: Calibration,
    /// SHA-256 of each other file.
    pub files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

#[derive(Deserialize)]
struct LabelsOnly {
    labels: LabelLists,
}

/// The label set before it is checked.
#[derive(Deserialize)]
struct LabelLists {
    types: Vec<String>,
    urgencies: Vec<String>,
    domains: Vec<String>,
    sentiments: Vec<String>,
}

impl Bundle {
    /// Loads a folder; fails where a file is missing, altered, of another format or label set.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let (description, hash) = load_description(&dir.join(DESCRIPTION_FILE))?;
        for name in description.files.keys().filter(|name| *name != WEIGHTS_FILE) {
            check_hash(dir, name, &description)?;
        }
        let path = dir.join(WEIGHTS_FILE);
        let bytes = check_hash(dir, WEIGHTS_FILE, &description)?;
        let layout = Layout::new(description.labels.domains.as_slice().len());
        let mut tensors = Tensors::parse(&path, &bytes)?;
        let encoder = tensors::take_encoder(&mut tensors)?;
        let heads = tensors::take_heads(&mut tensors, encoder.width(), layout.num_outputs())?;
        Ok(Self { description, encoder, heads, hash })
    }

    /// Writes the folder, which is made where it is missing; fails where it cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), ModelError> {
        fs::create_dir_all(dir).map_err(|source| ModelError::File { path: dir.to_owned(), source })?;
        let weights = tensors::serialize(&self.encoder, &self.heads);
        let mut description = self.description.clone();
        description.files = BTreeMap::from([(WEIGHTS_FILE.to_owned(), sha256(&weights))]);
        write(&dir.join(WEIGHTS_FILE), &weights)?;
        write_description(dir, &description)
    }

    /// Puts the hash of a file that lies in a saved bundle's folder into its description, so that the bundle is refused
    /// where the file is altered. Fails where either is missing.
    pub fn seal(dir: &Path, name: &str) -> Result<(), ModelError> {
        let (mut description, _) = load_description(&dir.join(DESCRIPTION_FILE))?;
        description.files.insert(name.to_owned(), sha256(&read(&dir.join(name))?));
        write_description(dir, &description)
    }

    /// Returns the bundle's name.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Returns the bundle's version.
    pub fn version(&self) -> &str {
        &self.description.version
    }

    /// Returns the labels in the order of the outputs.
    pub fn labels(&self) -> &LabelSet {
        &self.description.labels
    }

    /// Returns the domains in the order of the outputs.
    pub fn domains(&self) -> &Domains {
        &self.description.labels.domains
    }

    /// Returns what it was made from, in words.
    pub fn provenance(&self) -> &str {
        &self.description.provenance
    }

    /// Returns the hash of the bundle as it was loaded; empty for one that was made in memory.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns the hash of the rows that its heads were trained on.
    pub fn data_fingerprint(&self) -> &str {
        &self.description.data_fingerprint
    }

    /// Returns the same bundle with vectors of another table; panics where it is of another width.
    pub fn with_encoder(&self, encoder: Encoder) -> Self {
        assert_eq!(encoder.width(), self.encoder.width(), "the heads read vectors of one width");
        Self { encoder, ..self.clone() }
    }

    /// Returns the part that makes vectors.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Classifies a message.
    pub fn classify(&self, input: Input<'_>) -> Classification {
        Classification::new(self.logits(input), &self.description.calibration, self.domains())
    }

    /// Returns the unit vector of a message or phrasing, or nothing where nothing of it is known.
    pub fn embed(&self, input: Input<'_>) -> Option<Vec<f32>> {
        self.encoder.encode(input)
    }

    pub(in crate::model) fn logits(&self, input: Input<'_>) -> Option<Logits> {
        let vector = self.encoder.mean(input, |_| true);
        self.heads.forward(input, vector.as_deref())
    }
}

impl Encoder {
    /// Loads a table that lies alone, as fitted to a teacher; fails where the file is missing or malformed.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        tensors::take_encoder(&mut Tensors::parse(path, &read(path)?)?)
    }

    /// Tells whether both give the same vectors.
    pub fn is_same(&self, other: &Self) -> bool {
        self.entries.keys() == other.entries.keys() && self.table == other.table && self.attention == other.attention
    }

    /// Writes the table alone; fails where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        write(path, &tensors::serialize_encoder(self))
    }
}

/// Reads a description, and the hash of its file.
fn load_description(path: &Path) -> Result<(Description, String), ModelError> {
    let malformed = |reason: String| ModelError::Malformed { path: path.to_owned(), reason };
    let bytes = read(path)?;
    let FormatOnly { format } = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    if format != FORMAT {
        return Err(ModelError::OtherFormat { path: path.to_owned(), found: format, wanted: FORMAT });
    }
    let LabelsOnly { labels } = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    let LabelLists { types, urgencies, domains, sentiments } = labels;
    let checked = Domains::try_new(domains)
        .and_then(|domains| LabelSet { types, urgencies, domains, sentiments }.check())
        .map_err(|source| ModelError::Labels { path: path.to_owned(), source });
    checked?;
    let description: Description = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    let temperatures = description.calibration.temperatures;
    if temperatures.iter().any(|temperature| !(0.01..=100.0).contains(temperature)) {
        return Err(malformed(format!("temperatures {temperatures:?} are out of range")));
    }
    if let Some(name) = description.files.keys().find(|name| name.contains(['/', '\\']) || name.starts_with('.')) {
        return Err(malformed(format!("{name:?} is no file of the folder")));
    }
    Ok((description, sha256(&bytes)))
}

fn write_description(dir: &Path, description: &Description) -> Result<(), ModelError> {
    let mut text = serde_json::to_string_pretty(description).expect("a struct of strings and numbers is JSON");
    text.push('\n');
    write(&dir.join(DESCRIPTION_FILE), text.as_bytes())
}

/// Reads a file of the folder; fails where it is not the one that the description was written with.
fn check_hash(dir: &Path, name: &str, description: &Description) -> Result<Vec<u8>, ModelError> {
    let path = dir.join(name);
    let bytes = read(&path)?;
    if description.files.get(name) != Some(&sha256(&bytes)) {
        return Err(ModelError::HashMismatch { path });
    }
    Ok(bytes)
}

/// Returns the SHA-256 of some bytes in hexadecimal.
pub(in crate::model) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(path).map_err(|source| ModelError::File { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    fs::write(path, bytes).map_err(|source| ModelError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
