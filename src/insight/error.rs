//! What can go wrong in this room.

use thiserror::Error;

use crate::{domain::ErrorKind, store::StoreError};

/// An error of this room.
#[derive(Debug, Error)]
pub enum InsightError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The input is wrong: which field, and what is allowed.
    #[error("{field}: {allowed}")]
    Invalid { field: &'static str, allowed: &'static str },
}

impl InsightError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Invalid { .. } => ErrorKind::InvalidArgument,
        }
    }

    /// Returns the stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Store(_) => "STORE",
            Self::Invalid { .. } => "INVALID_FIELD",
        }
    }
}
