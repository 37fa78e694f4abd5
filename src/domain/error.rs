//! The closed set of error kinds.

/// What went wrong, in the words every boundary can translate; rooms keep their own enums and map to this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The input is wrong whatever the state; the message names the field.
    InvalidArgument,
    NotFound,
    AlreadyExists,
    /// The state does not allow it, and a retry would not help.
    FailedPrecondition,
    /// Somebody else changed it first (etag), read again and retry.
    Aborted,
    /// A limit is reached: size, queue, permits.
    ResourceExhausted,
    /// Not now; a retry may succeed.
    Unavailable,
    DeadlineExceeded,
    /// A defect or a broken disk; the inside message is only logged.
    Internal,
}
