//! The command line as its users run it.

mod ask;
mod encoder;
mod eval;
mod files;
mod models;
mod privacy;
mod redact;
mod serve;
mod usage;

use crate::harness::child::Ran;

/// Checks that a command failed, with a message that says what to do.
#[track_caller]
fn check_failed(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert!(ran.out.is_empty(), "failures go to standard error: {ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "{word:?} is not in {:?}", ran.err);
    }
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

/// Returns a path as an argument.
fn argument(path: &std::path::Path) -> &str {
    path.to_str().expect("UTF-8")
}
