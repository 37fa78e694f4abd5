//! What is printed: results to standard output, progress and failures to standard error.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};

/// Prints a result.
pub(super) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever closed the pipe has read enough.
    let _ = writeln!(out, "{text}");
}

/// Prints an error with what lies under it.
pub(super) fn failure(error: &anyhow::Error) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "error: {error:#}");
}

/// Shows a bar for work of known length, where somebody watches.
pub(super) fn bar(len: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(len as u64).with_message(what);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
