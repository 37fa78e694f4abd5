//! What can go wrong with a store.

use thiserror::Error;

use super::Result;
use crate::domain::{ArticleId, ErrorKind, Etag, KnowledgeBaseId, Revision};

/// The cause beneath an error, whichever backend it comes from.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error of this room.
#[derive(Debug, Error)]
pub enum StoreError {
    /// What was named does not exist.
    #[error("{what} {id} does not exist")]
    NotFound { what: &'static str, id: String },
    /// What was to be created is there already.
    #[error("{what} {id} exists already")]
    AlreadyExists { what: &'static str, id: String },
    /// Somebody else changed it since it was read.
    #[error("{what} {id} was changed, its etag is now {}", current.0)]
    EtagMismatch { what: &'static str, id: String, current: Etag },
    /// The request id was used for another request.
    #[error("request id {request_id} was used for another request")]
    FingerprintMismatch { request_id: String },
    /// A knowledge base with articles is deleted only by force.
    #[error("knowledge base {id} holds articles")]
    NotEmpty { id: String },
    /// The store was written by a newer program.
    #[error("store has schema version {found}, this program knows up to {known}")]
    UnknownSchema { found: i64, known: i64 },
    /// Somebody else changed the draft, of the lexicon or of the rules, since it was read.
    #[error("{what} draft of knowledge base {knowledge_base} was changed")]
    DraftChanged { what: &'static str, knowledge_base: String },
    /// Somebody else chose a bundle since the choice was read.
    #[error("another bundle was chosen meanwhile")]
    BundleChoiceChanged,
    /// What is stored cannot be understood.
    #[error("table {table} is corrupt at {row}")]
    Corrupt { table: &'static str, row: String, source: Cause },
    /// Busy, locked, a full or failing disk: a retry may succeed.
    #[error("store is unavailable")]
    Unavailable { source: Cause },
}

impl StoreError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::AlreadyExists { .. } => ErrorKind::AlreadyExists,
            Self::EtagMismatch { .. } | Self::DraftChanged { .. } | Self::BundleChoiceChanged => ErrorKind::Aborted,
            Self::FingerprintMismatch { .. } => ErrorKind::InvalidArgument,
            Self::NotEmpty { .. } | Self::UnknownSchema { .. } => ErrorKind::FailedPrecondition,
            Self::Corrupt { .. } => ErrorKind::Internal,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
        }
    }
}

/// A thing that can be missing or changed by somebody else; both backends speak of it in the same words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Base(&'a KnowledgeBaseId),
    Article(&'a KnowledgeBaseId, &'a ArticleId),
}

impl Subject<'_> {
    /// Makes the error of what does not exist.
    pub(super) fn not_found(self) -> StoreError {
        StoreError::NotFound { what: self.what(), id: self.id() }
    }

    /// Makes the error of what exists already.
    pub(super) fn already_exists(self) -> StoreError {
        StoreError::AlreadyExists { what: self.what(), id: self.id() }
    }

    /// Fails with `EtagMismatch` where an etag is expected that is not the one of `current`.
    pub(super) fn check_etag(self, expected: Option<&Etag>, current: Revision) -> Result<()> {
        let current = Etag::of(current);
        match expected {
            Some(expected) if *expected != current => {
                Err(StoreError::EtagMismatch { what: self.what(), id: self.id(), current })
            }
            _ => Ok(()),
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Base(_) => "knowledge base",
            Self::Article(..) => "article",
        }
    }

    fn id(self) -> String {
        match self {
            Self::Base(base) => base.to_string(),
            Self::Article(base, id) => format!("{base}/{id}"),
        }
    }
}
