//! What can go wrong with an index.

use thiserror::Error;

use crate::domain::ErrorKind;

/// An error of this room.
#[derive(Debug, Error)]
pub enum IndexError {
    /// The engine failed: a full disk, a damaged file.
    #[error("index engine failed")]
    Engine(#[from] tantivy::TantivyError),
    /// The folder cannot be made or read.
    #[error("index folder {path} cannot be used")]
    Folder { path: String, source: std::io::Error },
    /// The folder holds an index of another schema or analysis; it is to be built anew.
    #[error("index was built as {found}, this program builds {wanted}")]
    OtherFormat { found: String, wanted: String },
}

impl IndexError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Engine(_) | Self::Folder { .. } => ErrorKind::Unavailable,
            Self::OtherFormat { .. } => ErrorKind::FailedPrecondition,
        }
    }
}

impl From<tantivy::directory::error::OpenDirectoryError> for IndexError {
    fn from(error: tantivy::directory::error::OpenDirectoryError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<std::io::Error> for IndexError {
    fn from(error: std::io::Error) -> Self {
        Self::Engine(error.into())
    }
}
