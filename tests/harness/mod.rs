//! What tests stand on: servers in this process and in a child, clients, small knowledge bases, checks of refusals.

pub mod child;
pub mod encoder;
pub mod refusal;
pub mod sample;
pub mod server;
pub mod wire;

use std::path::{Path, PathBuf};

use yingda::domain::Timestamp;

/// 2026-11-22 10:00 in Shanghai, a Sunday on which every demo base works: the moment of the golden questions.
pub const MOMENT: Timestamp = Timestamp(1_795_312_800_000);

/// Returns a path below the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Reads a moment such as `2026-09-30T17:50:00` in Shanghai.
pub fn shanghai(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = format!("{text}+08:00").parse().expect("a moment");
    Timestamp(moment.as_millisecond())
}

/// Writes a moment as it travels.
pub fn on_wire(Timestamp(millis): Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).expect("less than a second");
    prost_types::Timestamp { seconds: millis.div_euclid(1_000), nanos }
}

/// Reads a file of one JSON object a line.
pub fn json_lines(path: &str) -> Vec<serde_json::Value> {
    let path = repository(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}
