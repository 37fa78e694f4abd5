//! What a refusal must say: code, stable reason, fields.

use std::fmt::Debug;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

/// What a refused call is to say.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    pub code: Code,
    pub reason: &'a str,
    /// The fields of `BadRequest`, in any order.
    pub fields: &'a [&'a str],
}

impl<'a> Refusal<'a> {
    /// A refusal for fields that are wrong.
    pub fn fields(fields: &'a [&'a str]) -> Self {
        Self { code: Code::InvalidArgument, reason: "INVALID_FIELDS", fields }
    }

    /// A refusal for another reason, about no field.
    pub fn of(code: Code, reason: &'a str) -> Self {
        Self { code, reason, fields: &[] }
    }
}

/// Checks that a call was refused, and how.
#[track_caller]
pub fn check<T: Debug>(result: Result<Response<T>, Status>, want: Refusal<'_>) {
    let status = match result {
        Ok(reply) => panic!("expected {want:?}, got {reply:?}"),
        Err(status) => status,
    };
    check_status(&status, want);
}

/// Checks a status.
#[track_caller]
pub fn check_status(status: &Status, want: Refusal<'_>) {
    let details = status.get_error_details();
    let info = details.error_info();
    assert_eq!(status.code(), want.code, "{status:?}");
    assert_eq!(
        info.map(|info| (info.reason.as_str(), info.domain.as_str())),
        Some((want.reason, "yingda.v1")),
        "{status:?}"
    );
    let mut fields: Vec<String> = details
        .bad_request()
        .map(|request| request.field_violations.iter().map(|one| one.field.clone()).collect())
        .unwrap_or_default();
    fields.sort();
    let mut wanted: Vec<&str> = want.fields.to_vec();
    wanted.sort_unstable();
    assert_eq!(fields, wanted, "{status:?}");
    assert!(!status.message().is_empty(), "a refusal says why");
}
