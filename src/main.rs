//! The `yingda` program: parse, run, exit code.

use std::process::ExitCode;

/// Answers are made of many short-lived strings and lists; the system's allocator takes a fifth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(yingda::cli::run())
}
