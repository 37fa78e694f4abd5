//! Errors as `google.rpc.Status`: the only place where a kind of error becomes a code.
//!
//! A [`Failure`] has two messages: the outside one is safe for every caller, the inside one is its source, which only
//! the log sees (written by `layers`, with the request id). A defect or a broken disk tells the caller nothing but that.
//! Must not know what was asked. To add an error: give it a reason in its room, or a [`Failure`] here.

use std::{collections::HashMap, error::Error, sync::Arc, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::limits::Violation;
use crate::{
    assist::AssistError,
    domain::ErrorKind,
    insight::{InsightError, bundles::BundleError, calibration::CalibrationError},
    knowledge::KnowledgeError,
    store::StoreError,
};

/// Who gives the reasons in `ErrorInfo`.
const DOMAIN: &str = "yingda.v1";
/// Details travel as a header, and some clients take no more than 8 KiB of those.
const MAX_VIOLATIONS: usize = 20;
const MAX_DESCRIPTION_CHARS: usize = 160;
const MAX_MESSAGE_CHARS: usize = 400;
/// What the codec says of bytes that it cannot read.
const UNDECODABLE: &str = "failed to decode Protobuf message: ";

/// Why a call fails, before it is a status.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: ErrorKind,
    reason: &'static str,
    message: String,
    violations: Vec<Violation>,
    metadata: HashMap<String, String>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Failure {
    /// Makes a failure with a stable reason and a message that every caller may read.
    pub(crate) fn new(kind: ErrorKind, reason: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            reason,
            message: message.into(),
            violations: Vec::new(),
            metadata: HashMap::new(),
            retry_after: None,
            source: None,
        }))
    }

    /// Makes the failure of a request with wrong fields.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        let message = match violations.as_slice() {
            [] => "request is invalid".to_owned(),
            [only] => format!("{}: {}", only.field, only.description),
            [first, rest @ ..] => format!("{}: {} (and {} more)", first.field, first.description, rest.len()),
        };
        let mut failure = Self::new(ErrorKind::InvalidArgument, "INVALID_FIELDS", message);
        failure.0.violations = violations;
        failure
    }

    /// Makes the failure of a request with one wrong field.
    pub(crate) fn invalid_field(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::invalid(vec![Violation { field: field.into(), description: description.into() }])
    }

    /// Makes the failure of a call that a defect broke off.
    pub(crate) fn defect() -> Self {
        Self::new(ErrorKind::Internal, "DEFECT", "internal error")
    }

    /// Adds a figure or a name for machines.
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Says when to try again.
    pub(crate) fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Keeps the cause, for the log.
    fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }
}

/// The code table.
fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::FailedPrecondition => Code::FailedPrecondition,
        ErrorKind::Aborted => Code::Aborted,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorKind::Internal => Code::Internal,
    }
}

/// Returns the refusal of bytes that are no message of the method; `None` for a status of any other cause. The codec
/// calls it internal, yet it is the caller's mistake, and the field is told.
pub(crate) fn undecodable(status: &Status) -> Option<Failure> {
    let told = status.message().strip_prefix(UNDECODABLE).filter(|_| status.code() == Code::Internal)?;
    // Each level is told as `Message.field`, the outermost first; what is wrong comes last.
    let is_level = |part: &&str| part.contains('.') && !part.contains(' ');
    let levels = told.split(": ").take_while(is_level);
    let path: Vec<&str> = levels.filter_map(|level| level.rsplit('.').next()).collect();
    let description = told.split(": ").skip_while(is_level).collect::<Vec<_>>().join(": ");
    let message = format!("request is malformed: {told}");
    let mut failure = Failure::new(ErrorKind::InvalidArgument, "MALFORMED_MESSAGE", message);
    if !path.is_empty() {
        failure.0.violations.push(Violation { field: path.join("."), description });
    }
    Some(failure)
}

/// Returns an error with its causes, for the log or for a caller who may know them.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Transparent errors repeat what they hold.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// What every caller may read of an error.
fn outside(kind: ErrorKind, error: &dyn Error) -> String {
    match kind {
        ErrorKind::Internal => "internal error".to_owned(),
        ErrorKind::Unavailable => "temporarily unavailable, try again".to_owned(),
        ErrorKind::InvalidArgument
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::FailedPrecondition
        | ErrorKind::Aborted
        | ErrorKind::ResourceExhausted
        | ErrorKind::DeadlineExceeded => chain(error),
    }
}

impl From<KnowledgeError> for Failure {
    fn from(error: KnowledgeError) -> Self {
        let kind = error.kind();
        let mut failure = Self::new(kind, error.reason(), outside(kind, &error));
        failure.0.violations = match &error {
            KnowledgeError::Store(store) => store_violations(store),
            other => {
                let of = |one: &crate::knowledge::FieldViolation| Violation {
                    field: one.field.clone(),
                    description: one.description.clone(),
                };
                other.violations().iter().map(of).collect()
            }
        };
        if let KnowledgeError::ReindexRunning { knowledge_base, generation } = &error {
            failure = failure.with("knowledge_base", knowledge_base.as_str()).with("generation", generation.as_str());
        }
        failure.caused_by(error)
    }
}

impl From<InsightError> for Failure {
    fn from(error: InsightError) -> Self {
        let kind = error.kind();
        let mut failure = Self::new(kind, error.reason(), outside(kind, &error));
        failure.0.violations = match &error {
            InsightError::Store(store) => store_violations(store),
            InsightError::Invalid { field, allowed } => {
                vec![Violation { field: (*field).to_owned(), description: (*allowed).to_owned() }]
            }
        };
        failure.caused_by(error)
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        let kind = error.kind();
        Self::new(kind, error.reason(), outside(kind, &error)).caused_by(error)
    }
}

impl From<CalibrationError> for Failure {
    fn from(error: CalibrationError) -> Self {
        let kind = error.kind();
        Self::new(kind, error.reason(), outside(kind, &error)).caused_by(error)
    }
}

impl From<AssistError> for Failure {
    fn from(error: AssistError) -> Self {
        let kind = error.kind();
        let reason = match &error {
            AssistError::UnknownKnowledgeBase(_) => "KNOWLEDGE_BASE_NOT_FOUND",
        };
        Self::new(kind, reason, outside(kind, &error)).caused_by(error)
    }
}

/// The field that a refusal of the store is about, where it is about one.
fn store_violations(error: &StoreError) -> Vec<Violation> {
    match error {
        StoreError::FingerprintMismatch { .. } => {
            vec![Violation { field: "request_id".to_owned(), description: "was used for another request".to_owned() }]
        }
        _ => Vec::new(),
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let Parts { kind, reason, message, violations, metadata, retry_after, source } = *failure.0;
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
        if !violations.is_empty() {
            let shown = violations.iter().take(MAX_VIOLATIONS);
            let shown =
                shown.map(|one| FieldViolation::new(one.field.clone(), cut(&one.description, MAX_DESCRIPTION_CHARS)));
            details.set_bad_request(shown.collect::<Vec<_>>());
        }
        if retry_after.is_some() {
            details.set_retry_info(retry_after);
        }
        let mut status = Status::with_error_details(code(kind), cut(&message, MAX_MESSAGE_CHARS), details);
        if let Some(source) = source {
            status.set_source(source);
        }
        status
    }
}

macro_rules! status_from {
    ($($error:ty),+) => {
        $(impl From<$error> for Status {
            fn from(error: $error) -> Self {
                Failure::from(error).into()
            }
        })+
    };
}

status_from!(KnowledgeError, InsightError, BundleError, CalibrationError, AssistError);

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::KnowledgeBaseId;

    #[test]
    fn each_kind_has_its_code() {
        for (kind, want) in [
            (ErrorKind::InvalidArgument, Code::InvalidArgument),
            (ErrorKind::NotFound, Code::NotFound),
            (ErrorKind::AlreadyExists, Code::AlreadyExists),
            (ErrorKind::FailedPrecondition, Code::FailedPrecondition),
            (ErrorKind::Aborted, Code::Aborted),
            (ErrorKind::ResourceExhausted, Code::ResourceExhausted),
            (ErrorKind::Unavailable, Code::Unavailable),
            (ErrorKind::DeadlineExceeded, Code::DeadlineExceeded),
            (ErrorKind::Internal, Code::Internal),
        ] {
            let status = Status::from(Failure::new(kind, "SOME_REASON", "some message"));
            assert_eq!(status.code(), want);
            let details = status.get_error_details();
            let info = details.error_info().expect("every status says its reason");
            assert_eq!((info.reason.as_str(), info.domain.as_str()), ("SOME_REASON", "yingda.v1"));
        }
    }

    #[test]
    fn rooms_keep_their_reasons_and_fields() {
        let check = |status: Status, code: Code, reason: &str, fields: &[&str]| {
            assert_eq!(status.code(), code, "{reason}");
            let details = status.get_error_details();
            assert_eq!(details.error_info().expect("a reason").reason, reason);
            let found: Vec<String> = details
                .bad_request()
                .map(|request| request.field_violations.iter().map(|one| one.field.clone()).collect())
                .unwrap_or_default();
            assert_eq!(found, fields, "{reason}");
        };
        let base = KnowledgeBaseId::try_new("retail").expect("an id");
        check(AssistError::UnknownKnowledgeBase(base).into(), Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND", &[]);
        check(
            KnowledgeError::invalid("article.tags", "too many").into(),
            Code::InvalidArgument,
            "INVALID_FIELDS",
            &["article.tags"],
        );
        let mismatch = || StoreError::FingerprintMismatch { request_id: "a".to_owned() };
        let wrong: Failure = KnowledgeError::Store(mismatch()).into();
        check(wrong.into(), Code::InvalidArgument, "REQUEST_ID_REUSED", &["request_id"]);
        let invalid = InsightError::Invalid { field: "score", allowed: "1 to 5" };
        check(invalid.into(), Code::InvalidArgument, "INVALID_FIELD", &["score"]);
    }

    #[test]
    fn inside_messages_stay_inside() {
        let secret = std::io::Error::other("disk /dev/secret is full");
        let status = Status::from(KnowledgeError::Store(StoreError::Unavailable { source: Box::new(secret) }));
        assert_eq!(status.code(), Code::Unavailable);
        assert!(!status.message().contains("secret"), "{}", status.message());
        let inside = chain(status.source().expect("the cause is kept for the log"));
        assert!(inside.contains("secret"), "{inside}");
    }

    #[test]
    fn bytes_that_are_no_message_are_the_callers_mistake() {
        let check = |message: &str, fields: &[&str]| {
            let status = Status::from(undecodable(&Status::internal(message)).expect(message));
            assert_eq!(status.code(), Code::InvalidArgument, "{message}");
            let details = status.get_error_details();
            let found: Vec<&str> = details
                .bad_request()
                .map(|request| request.field_violations.iter().map(|one| one.field.as_str()).collect())
                .unwrap_or_default();
            assert_eq!(found, fields, "{message}");
        };
        let broken = "invalid string value: data is not UTF-8 encoded";
        check(&format!("{UNDECODABLE}AnswerRequest.text: {broken}"), &["text"]);
        check(&format!("{UNDECODABLE}AnswerRequest.history: Turn.text: {broken}"), &["history.text"]);
        check(&format!("{UNDECODABLE}invalid varint"), &[]);
        assert!(undecodable(&Status::internal("internal error")).is_none());
        assert!(undecodable(&Status::unavailable(format!("{UNDECODABLE}invalid varint"))).is_none());
    }

    #[test]
    fn details_stay_small() {
        let violations = (0..500).map(|n| Violation { field: format!("f[{n}]"), description: "很长".repeat(500) });
        let status = Status::from(Failure::invalid(violations.collect()));
        let details = status.get_error_details();
        assert_eq!(details.bad_request().expect("fields").field_violations.len(), MAX_VIOLATIONS);
        assert!(status.message().ends_with('…') && status.message().chars().count() <= MAX_MESSAGE_CHARS + 1);
    }
}
