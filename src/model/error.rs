//! What can go wrong with a bundle, its training data or the tensors.

use std::error::Error;
use std::path::PathBuf;

use thiserror::Error;

use super::label_set::LabelError;
use crate::domain::ErrorKind;

/// An error of this room; each names the file or the row.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A file cannot be read or written.
    #[error("file {} cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its name promises.
    #[error("file {} is malformed: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },
    /// The label set of a bundle is none that this program can serve.
    #[error("bundle {} has labels that cannot be served: {source}", path.display())]
    Labels {
        /// The bundle's description.
        path: PathBuf,
        /// What is allowed.
        source: LabelError,
    },
    /// A file is not the one the bundle was saved with.
    #[error("file {} does not match the hash in bundle.json", path.display())]
    HashMismatch {
        /// The file.
        path: PathBuf,
    },
    /// The bundle is of a format this program does not read.
    #[error("bundle {} has format {found}, this program reads {wanted}", path.display())]
    OtherFormat {
        /// The bundle's description.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The format version of this program.
        wanted: u32,
    },
    /// A setting of an encoder's folder is one that this program cannot compute.
    #[error("file {}: {setting}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Which one.
        setting: Box<UnsupportedSetting>,
    },
    /// A text has no vector.
    #[error("the text cannot be encoded: {reason}")]
    Text {
        /// What stands in the way; nothing of the text.
        reason: &'static str,
    },
    /// A row of the training data is wrong.
    #[error("{} line {line}: {reason}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is too little to train on.
    #[error("too little training data: {reason}")]
    TooLittle {
        /// What is missing.
        reason: String,
    },
    /// The tensor engine failed.
    #[error("tensor engine failed")]
    Engine(#[source] Box<dyn Error + Send + Sync>),
}

/// A setting that cannot be computed.
#[derive(Debug, Error)]
#[error("{field} is {found}, allowed is {allowed}")]
pub struct UnsupportedSetting {
    /// Its name.
    pub field: &'static str,
    /// Its value.
    pub found: String,
    /// What can be computed.
    pub allowed: &'static str,
}

impl ModelError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::File { .. } => ErrorKind::Unavailable,
            Self::Malformed { .. }
            | Self::Unsupported { .. }
            | Self::Labels { .. }
            | Self::HashMismatch { .. }
            | Self::OtherFormat { .. } => ErrorKind::FailedPrecondition,
            Self::Row { .. } | Self::TooLittle { .. } => ErrorKind::InvalidArgument,
            Self::Engine(_) | Self::Text { .. } => ErrorKind::Internal,
        }
    }
}

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}
