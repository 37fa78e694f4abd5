//! Everything the model needs at run time, as one hashed folder.
//!
//! `bundle.json` describes the bundle (format, labels, calibration, hashes), `weights.safetensors` holds the tensors. The
//! only file of the room that reads or writes bundles. Invariants: what is loaded is what was saved, byte for byte, for
//! the label set of this program; another format version is refused. To change what is stored: raise [`FORMAT`] and keep
//! a fixture of the old one.

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
use super::heads::{Heads, NUM_OUTPUTS};
use super::tensors::{self, Tensors};
use crate::domain::{DOMAINS, InquiryType, Sentiment, Urgency};

/// The version of the stored format.
pub const FORMAT: u32 = 1;
const DESCRIPTION_FILE: &str = "bundle.json";
const WEIGHTS_FILE: &str = "weights.safetensors";

/// A model ready to answer; immutable.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub(in crate::model) description: Description,
    pub(in crate::model) encoder: Encoder,
    pub(in crate::model) heads: Heads,
}

/// The labels a bundle knows, in the order of its outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSet {
    /// What the customer wants.
    pub types: Vec<String>,
    /// How soon a person must act.
    pub urgencies: Vec<String>,
    /// Which part of the business.
    pub domains: Vec<String>,
    /// The tone.
    pub sentiments: Vec<String>,
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

impl LabelSet {
    /// Returns the label set of this program.
    pub fn shipped() -> Self {
        Self {
            types: InquiryType::ALL.iter().map(|label| label.as_str().to_owned()).collect(),
            urgencies: Urgency::ALL.iter().map(|label| label.as_str().to_owned()).collect(),
            domains: DOMAINS.iter().map(|label| (*label).to_owned()).collect(),
            sentiments: Sentiment::ALL.iter().map(|label| label.as_str().to_owned()).collect(),
        }
    }
}

impl Bundle {
    /// Loads a folder; fails where a file is missing, altered, of another format or label set.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let description = load_description(&dir.join(DESCRIPTION_FILE))?;
        let path = dir.join(WEIGHTS_FILE);
        let bytes = read(&path)?;
        if description.files.get(WEIGHTS_FILE) != Some(&sha256(&bytes)) {
            return Err(ModelError::HashMismatch { path });
        }
        let mut tensors = Tensors::parse(&path, &bytes)?;
        let encoder = tensors::take_encoder(&mut tensors)?;
        let heads = tensors::take_heads(&mut tensors, encoder.width())?;
        Ok(Self { description, encoder, heads })
    }

    /// Writes the folder, which is made where it is missing; fails where it cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), ModelError> {
        fs::create_dir_all(dir).map_err(|source| ModelError::File { path: dir.to_owned(), source })?;
        let weights = tensors::serialize(&self.encoder, &self.heads);
        let mut description = self.description.clone();
        description.files = BTreeMap::from([(WEIGHTS_FILE.to_owned(), sha256(&weights))]);
        write(&dir.join(WEIGHTS_FILE), &weights)?;
        let mut text = serde_json::to_string_pretty(&description).expect("a struct of strings and numbers is JSON");
        text.push('\n');
        write(&dir.join(DESCRIPTION_FILE), text.as_bytes())
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
        Classification::new(self.logits(input), &self.description.calibration)
    }

    /// Returns the unit vector of a message or phrasing, or nothing where nothing of it is known.
    pub fn embed(&self, input: Input<'_>) -> Option<Vec<f32>> {
        self.encoder.encode(input)
    }

    pub(in crate::model) fn logits(&self, input: Input<'_>) -> Option<[f32; NUM_OUTPUTS]> {
        let vector = self.encoder.encode(input);
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
        self.entries.keys() == other.entries.keys() && self.table == other.table
    }

    /// Writes the table alone; fails where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        write(path, &tensors::serialize_encoder(self))
    }
}

fn load_description(path: &Path) -> Result<Description, ModelError> {
    let malformed = |reason: String| ModelError::Malformed { path: path.to_owned(), reason };
    let bytes = read(path)?;
    let FormatOnly { format } = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    if format != FORMAT {
        return Err(ModelError::OtherFormat { path: path.to_owned(), found: format, wanted: FORMAT });
    }
    let description: Description = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    if description.labels != LabelSet::shipped() {
        return Err(malformed("the label set is not that of this program".to_owned()));
    }
    let temperatures = description.calibration.temperatures;
    if temperatures.iter().any(|temperature| !(0.01..=100.0).contains(temperature)) {
        return Err(malformed(format!("temperatures {temperatures:?} are out of range")));
    }
    Ok(description)
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
