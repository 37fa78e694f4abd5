//! Why a bundle cannot be had.

use std::path::PathBuf;

use thiserror::Error;

use crate::{
    assist::RankerError,
    domain::{BundleId, ErrorKind},
    model::ModelError,
    store::StoreError,
};

/// An error of bundles; each names the one it is about.
#[derive(Debug, Error)]
pub enum BundleError {
    /// No folder of that name.
    #[error("no model bundle {bundle} in any of: {looked_in}; set models_dir")]
    NotFound { bundle: BundleId, looked_in: String },
    /// The folder does not hold a bundle that this program can serve.
    #[error("model bundle {bundle} cannot be used")]
    Unusable { bundle: BundleId, source: ModelError },
    /// The bundle says that it is another than its folder says.
    #[error("model bundle {bundle} calls itself {found}")]
    OtherName { bundle: BundleId, found: String },
    /// A file that belongs to the bundle is missing.
    #[error("ranker {} cannot be read", path.display())]
    ReadRanker { path: PathBuf, source: std::io::Error },
    /// The ranker is none that this program can serve.
    #[error("ranker {} cannot be used", path.display())]
    Ranker { path: PathBuf, source: RankerError },
    /// Nothing was ever loaded before the bundle that is wanted.
    #[error("there is no bundle to go back to from {wanted}")]
    NothingEarlier { wanted: BundleId },
    /// Another bundle is wanted than the caller believes.
    #[error("bundle {wanted} is wanted, not {believed}")]
    Changed { wanted: BundleId, believed: BundleId },
    /// The choice cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BundleError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Unusable { source, .. } => match source {
                // A folder that lacks a file stays so until somebody mends it.
                ModelError::File { .. } => ErrorKind::FailedPrecondition,
                other => other.kind(),
            },
            Self::OtherName { .. } | Self::ReadRanker { .. } | Self::Ranker { .. } | Self::NothingEarlier { .. } => {
                ErrorKind::FailedPrecondition
            }
            Self::Changed { .. } => ErrorKind::Aborted,
            Self::Store(error) => error.kind(),
        }
    }

    /// Returns the stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "BUNDLE_NOT_FOUND",
            Self::Unusable { source, .. } => match source {
                ModelError::File { .. } => "BUNDLE_UNREADABLE",
                ModelError::HashMismatch { .. } => "BUNDLE_HASH_MISMATCH",
                ModelError::Labels { .. } => "BUNDLE_LABELS_UNSUPPORTED",
                ModelError::OtherFormat { .. } => "BUNDLE_FORMAT_UNSUPPORTED",
                _ => "BUNDLE_MALFORMED",
            },
            Self::OtherName { .. } => "BUNDLE_NAME_MISMATCH",
            Self::ReadRanker { .. } | Self::Ranker { .. } => "BUNDLE_RANKER_UNUSABLE",
            Self::NothingEarlier { .. } => "NO_EARLIER_BUNDLE",
            Self::Changed { .. } | Self::Store(StoreError::BundleChoiceChanged) => "BUNDLE_CHANGED",
            Self::Store(StoreError::Unavailable { .. }) => "STORE_UNAVAILABLE",
            Self::Store(_) => "STORE",
        }
    }
}

/// Writes an error with all its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let next = source.to_string();
        // Transparent errors repeat what they hold.
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = source.source();
    }
    text
}
