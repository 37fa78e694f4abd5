//! What can go wrong with knowledge, and the list in which everything wrong with an input is gathered.

use thiserror::Error;

use crate::{
    domain::{ErrorKind, KnowledgeBaseId},
    index::IndexError,
    store::StoreError,
    text::{LexiconError, RuleError},
};

/// What a result of this room is.
pub type Result<T> = std::result::Result<T, KnowledgeError>;

/// One thing wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// The path in the request, such as `article.similar_questions[3]`.
    pub field: String,
    /// What is wrong and what is allowed.
    pub description: String,
}

/// An error of this room.
#[derive(Debug, Error)]
pub enum KnowledgeError {
    /// The input is wrong whatever the state; all that is wrong is listed.
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldViolation>),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The words of the lexicon do not go together.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
    /// Rules of the draft do not do what their examples say, or name what is not there; all of it is listed.
    #[error("rules cannot be published: {}", summary(.0))]
    RulesFlawed(Vec<FieldViolation>),
    /// The rules cannot be compiled together.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// One reindex of a base at a time.
    #[error("a reindex of knowledge base {knowledge_base} into generation {generation} is running")]
    ReindexRunning { knowledge_base: KnowledgeBaseId, generation: String },
    /// A file beyond the limits of an import.
    #[error("file has {found} {unit}, at most {allowed} are taken")]
    TooLarge { unit: &'static str, found: usize, allowed: usize },
    /// A folder, file or thread of the indexer cannot be had.
    #[error("{what} cannot be used")]
    System { what: String, source: std::io::Error },
    /// The indexer is gone: the program is stopping.
    #[error("indexer has stopped")]
    Stopped,
    /// A defect of the indexer: one base's work was given up and will be begun anew.
    #[error("indexing was broken off by a defect")]
    Defect,
    /// Data of this program's own making, or shipped with it, that it cannot read.
    #[error("{what} cannot be read")]
    Malformed { what: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
}

impl KnowledgeError {
    /// Makes the error of a single wrong field.
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldViolation { field: field.into(), description: description.into() }])
    }

    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::InvalidArgument,
            Self::Store(error) => error.kind(),
            Self::Index(error) => error.kind(),
            Self::Lexicon(error) => error.kind(),
            Self::RulesFlawed(_) | Self::ReindexRunning { .. } => ErrorKind::FailedPrecondition,
            Self::Rules(error) => error.kind(),
            Self::TooLarge { .. } => ErrorKind::ResourceExhausted,
            Self::System { .. } | Self::Stopped => ErrorKind::Unavailable,
            Self::Defect | Self::Malformed { .. } => ErrorKind::Internal,
        }
    }

    /// Returns the stable code of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_FIELDS",
            Self::Store(error) => store_reason(error),
            Self::Index(_) => "INDEX_FAILED",
            Self::Lexicon(_) => "LEXICON_INVALID",
            Self::RulesFlawed(_) => "RULES_FLAWED",
            Self::Rules(_) => "RULES_TOO_LARGE",
            Self::ReindexRunning { .. } => "REINDEX_RUNNING",
            Self::TooLarge { .. } => "FILE_TOO_LARGE",
            Self::System { .. } => "INDEXER_UNUSABLE",
            Self::Stopped => "INDEXER_STOPPED",
            Self::Defect => "INDEXER_DEFECT",
            Self::Malformed { .. } => "DATA_MALFORMED",
        }
    }

    /// Lists what is wrong with the input; nothing for errors of another kind.
    pub fn violations(&self) -> &[FieldViolation] {
        match self {
            Self::Invalid(violations) | Self::RulesFlawed(violations) => violations,
            _ => &[],
        }
    }
}

fn store_reason(error: &StoreError) -> &'static str {
    match error {
        StoreError::NotFound { what: "article", .. } => "ARTICLE_NOT_FOUND",
        StoreError::NotFound { what: "term", .. } => "TERM_NOT_FOUND",
        StoreError::NotFound { what: "synonym set", .. } => "SYNONYM_SET_NOT_FOUND",
        StoreError::NotFound { what: "rule", .. } => "RULE_NOT_FOUND",
        StoreError::NotFound { .. } => "KNOWLEDGE_BASE_NOT_FOUND",
        StoreError::AlreadyExists { what: "article", .. } => "ARTICLE_EXISTS",
        StoreError::AlreadyExists { what: "term", .. } => "TERM_EXISTS",
        StoreError::AlreadyExists { what: "synonym set", .. } => "SYNONYM_SET_EXISTS",
        StoreError::AlreadyExists { what: "rule", .. } => "RULE_EXISTS",
        StoreError::AlreadyExists { .. } => "KNOWLEDGE_BASE_EXISTS",
        StoreError::EtagMismatch { .. } => "ETAG_MISMATCH",
        StoreError::FingerprintMismatch { .. } => "REQUEST_ID_REUSED",
        StoreError::NotEmpty { .. } => "KNOWLEDGE_BASE_NOT_EMPTY",
        StoreError::UnknownSchema { .. } => "STORE_SCHEMA_UNKNOWN",
        StoreError::DraftChanged { what: "rules", .. } => "RULES_DRAFT_CHANGED",
        StoreError::DraftChanged { .. } => "LEXICON_DRAFT_CHANGED",
        StoreError::BundleChoiceChanged => "BUNDLE_CHANGED",
        StoreError::Corrupt { .. } => "STORE_CORRUPT",
        StoreError::Unavailable { .. } => "STORE_UNAVAILABLE",
    }
}

fn summary(violations: &[FieldViolation]) -> String {
    match violations {
        [] => "input is invalid".to_owned(),
        [only] => format!("{}: {}", only.field, only.description),
        [first, rest @ ..] => format!("{}: {} (and {} more)", first.field, first.description, rest.len()),
    }
}

/// Gathers everything wrong with an input, each thing under its path.
#[derive(Debug)]
pub(super) struct Violations {
    prefix: String,
    found: Vec<FieldViolation>,
}

impl Violations {
    /// Begins with nothing wrong; every field is written after `prefix` and a full stop, or alone where that is empty.
    pub(super) fn under(prefix: &str) -> Self {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
        Self { prefix, found: Vec::new() }
    }

    /// Notes one thing.
    pub(super) fn add(&mut self, field: impl AsRef<str>, description: impl Into<String>) {
        let field = format!("{}{}", self.prefix, field.as_ref());
        self.found.push(FieldViolation { field, description: description.into() });
    }

    /// Notes one thing where `is_good` does not hold.
    pub(super) fn check(&mut self, is_good: bool, field: impl AsRef<str>, description: &str) {
        if !is_good {
            self.add(field, description);
        }
    }

    /// Returns what was found.
    pub(super) fn into_list(self) -> Vec<FieldViolation> {
        self.found
    }

    /// Fails with everything that was found, if anything was.
    pub(super) fn finish(self) -> Result<()> {
        if self.found.is_empty() { Ok(()) } else { Err(KnowledgeError::Invalid(self.found)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_kind_and_reason() {
        let check = |error: KnowledgeError, kind: ErrorKind, reason: &str| {
            assert_eq!((error.kind(), error.reason()), (kind, reason), "{error}");
        };
        let missing = |what| StoreError::NotFound { what, id: "x".to_owned() }.into();
        check(missing("article"), ErrorKind::NotFound, "ARTICLE_NOT_FOUND");
        check(missing("knowledge base"), ErrorKind::NotFound, "KNOWLEDGE_BASE_NOT_FOUND");
        check(missing("term"), ErrorKind::NotFound, "TERM_NOT_FOUND");
        check(
            StoreError::DraftChanged { what: "lexicon", knowledge_base: "x".to_owned() }.into(),
            ErrorKind::Aborted,
            "LEXICON_DRAFT_CHANGED",
        );
        check(
            StoreError::DraftChanged { what: "rules", knowledge_base: "x".to_owned() }.into(),
            ErrorKind::Aborted,
            "RULES_DRAFT_CHANGED",
        );
        check(missing("rule"), ErrorKind::NotFound, "RULE_NOT_FOUND");
        check(KnowledgeError::RulesFlawed(Vec::new()), ErrorKind::FailedPrecondition, "RULES_FLAWED");
        check(KnowledgeError::invalid("a", "b"), ErrorKind::InvalidArgument, "INVALID_FIELDS");
        check(KnowledgeError::Stopped, ErrorKind::Unavailable, "INDEXER_STOPPED");
    }

    #[test]
    fn violations_are_gathered_under_their_path() {
        let mut violations = Violations::under("article");
        violations.add("standard_question", "is empty");
        violations.check(true, "domain", "is too long");
        violations.check(false, "tags[2]", "is too long");
        let error = violations.finish().expect_err("two were found");
        assert_eq!(error.to_string(), "article.standard_question: is empty (and 1 more)");
        assert_eq!(error.violations()[1].field, "article.tags[2]");
        assert!(Violations::under("x").finish().is_ok());
    }
}
